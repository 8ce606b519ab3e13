// SPDX-License-Identifier: Apache-2.0
import type { BatchLabels } from '../data/labelled-batch';
import { areBoxes, isTensor, type CheckedBatch } from '../data/check-batch';
import { dataError } from '../data/data-error';
import type { ModelOutputs } from '../evaluated-model';
import { scoreClasses, type ClassScore, type PrecisionRecall } from '../metrics/class-scores';
import { ConfusionMatrix } from '../metrics/confusion-matrix';
import { rocAucOf, type RocAuc } from '../metrics/roc-auc';
import { ScoreStore } from '../metrics/score-store';
import { isDistribution } from '../metrics/softmax';
import { argmax, TopK } from '../metrics/top-k';
import { outputRows, type Scorer } from './scored-batch';

/** How well classes were told. */
export interface ClassificationMeasures {
  /** Share of right answers. */
  readonly accuracy: number;
  /** Mean over the classes that occur (macro); the other averages are in `averages`. */
  readonly precision: number;
  /** Macro average. */
  readonly recall: number;
  /** Macro average. */
  readonly f1: number;
  /** Share of samples whose class is among the k highest scores, by k. Empty for a single column of scores. */
  readonly topK: Readonly<Record<string, number>>;
  /** Precision, recall and F1, averaged over the classes in three ways. */
  readonly averages: Readonly<Record<'micro' | 'macro' | 'weighted', PrecisionRecall>>;
  /** One for each class, by its number. */
  readonly classes: readonly ClassScore[];
  /** `confusion[i][j]`: samples of class i that were said to be of class j. */
  readonly confusion: readonly (readonly number[])[];
  /** Null where it does not exist: one class only, NaN among the scores, or more scores than are kept. */
  readonly rocAuc: RocAuc | null;
  /** Samples with NaN among their scores. */
  readonly nanSamples: number;
  /** A single column of scores: class 1 from this score on. */
  readonly threshold?: number;
}

/** What changes how classes are told. */
export interface ClassificationOptions {
  /** Which k of top-k. Those beyond the number of classes are left out. Default 1 and 5. */
  readonly topK?: readonly number[];
  /**
   * A single column of scores: class 1 from this score on. Default: 0.5 where all scores lie from 0 to 1 (probabilities),
   * else 0 (logits).
   */
  readonly threshold?: number;
}

/** Scores that are kept for the ROC: 256 MiB. */
const MOST_SCORES = 2 ** 26;

/** Scores of classes against labels; one column of scores is class 1 against class 0. */
export class ClassificationScorer implements Scorer<ClassificationMeasures> {
  private columns = 0;
  private confusion!: ConfusionMatrix;
  private topK!: TopK;
  private store!: ScoreStore;
  private areProbabilities = true;
  private nanSamples = 0;

  constructor(
    private readonly output: string,
    private readonly options: ClassificationOptions = {},
  ) {}

  add(batch: CheckedBatch, outputs: ModelOutputs): void {
    const { values, rows, width } = outputRows(batch, outputs, this.output);
    const labels = classLabels(batch);
    if (labels.length !== rows)
      throw dataError(
        `The batch of ${batch.nameOf(0)} has ${labels.length} labels, and output '${this.output}' has ${rows} rows of scores.`,
        { labels: labels.length, rows, first: batch.first },
      );
    if (this.columns === 0) this.start(width);
    const perSample = rows / batch.samples;
    for (let row = 0; row < rows; row++) {
      const truth = this.classOf(labels[row]!, () => batch.nameOf(Math.floor(row / perSample)));
      this.addRow(values, row * width, truth);
    }
  }

  finish(): ClassificationMeasures {
    const threshold = this.columns === 1 ? this.applyThreshold() : undefined;
    const { confusion, store, nanSamples } = this;
    const scores = scoreClasses(confusion);
    const { classes, micro, macro, weighted } = scores;
    const isComplete = store.samples === confusion.samples && nanSamples === 0;
    return {
      accuracy: confusion.accuracy,
      ...macro,
      topK: this.topK.toRecord(),
      averages: { micro, macro, weighted },
      classes,
      confusion: confusion.toRows(),
      rocAuc: isComplete ? rocAucOf(store, this.areProbabilities) : null,
      nanSamples,
      ...(threshold === undefined ? {} : { threshold }),
    };
  }

  private start(width: number): void {
    this.columns = width;
    const ks = this.options.topK ?? [1, 5];
    this.confusion = new ConfusionMatrix(Math.max(2, width));
    this.topK = new TopK(width === 1 ? [] : ks.filter((k) => k <= width));
    this.store = new ScoreStore(width);
  }

  private addRow(values: ArrayLike<number>, from: number, truth: number): void {
    const { columns } = this;
    let hasNaN = false;
    for (let i = 0; i < columns; i++) hasNaN ||= Number.isNaN(values[from + i]!);
    if (hasNaN) this.nanSamples++;
    // A single column has its threshold at the end: its scores are kept whatever there is of them.
    if (columns === 1 || (this.store.samples + 1) * columns <= MOST_SCORES)
      this.store.add(values, from, truth);
    if (columns === 1) return;
    this.confusion.add(truth, argmax(values, from, columns));
    this.topK.add(values, from, columns, truth);
    this.areProbabilities &&= isDistribution(values, from, columns);
  }

  private applyThreshold(): number {
    let areShares = true;
    this.store.forEach((scores, from) => (areShares &&= !(scores[from]! < 0 || scores[from]! > 1)));
    const threshold = this.options.threshold ?? (areShares ? 0.5 : 0);
    this.store.forEach((scores, from, truth) =>
      this.confusion.add(truth, scores[from]! >= threshold ? 1 : 0),
    );
    return threshold;
  }

  private classOf(label: number | bigint, nameOf: () => string): number {
    const value = Number(label);
    const classes = Math.max(2, this.columns);
    if (Number.isInteger(value) && value >= 0 && value < classes) return value;
    const what = Number.isInteger(value)
      ? `is none of the ${classes} classes, 0 to ${classes - 1}`
      : 'is no class';
    throw dataError(
      `${nameOf()}: label ${value} ${what}.`,
      { label: value, classes },
      Number.isInteger(value) ? {} : { hint: "Labels that are no whole numbers are for task 'regression'." },
    );
  }
}

function classLabels(batch: CheckedBatch): ArrayLike<number | bigint> {
  const labels: BatchLabels = batch.labels;
  if (isTensor(labels)) return labels.data;
  if (!areBoxes(labels)) return labels;
  throw dataError(`${batch.nameOf(0)} is labelled with boxes, which are for task 'detection'.`);
}
