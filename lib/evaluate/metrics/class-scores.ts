// SPDX-License-Identifier: Apache-2.0
import type { ConfusionMatrix } from './confusion-matrix';

/**
 * Precision `tp / (tp + fp)`, recall `tp / (tp + fn)` and F1 `2 tp / (2 tp + fp + fn)`. A ratio with nothing below the
 * line is 0, as with `zero_division=0` of scikit-learn.
 */
export interface PrecisionRecall {
  /** Of what was said to be of the class, the share that is. */
  readonly precision: number;
  /** Of what is of the class, the share that was found. */
  readonly recall: number;
  /** Harmonic mean of both. */
  readonly f1: number;
}

/** The measures of one class. */
export interface ClassScore extends PrecisionRecall {
  /** The class, from 0. */
  readonly label: number;
  /** Samples of this class. */
  readonly support: number;
}

/** The measures of all classes and their averages. */
export interface ClassScores {
  /** One for each class, by its number. */
  readonly classes: readonly ClassScore[];
  /** Over all decisions together; with one label a sample that is the accuracy. */
  readonly micro: PrecisionRecall;
  /** Mean over the classes that occur, as label or as prediction. */
  readonly macro: PrecisionRecall;
  /** Mean over the classes, weighted by their samples. */
  readonly weighted: PrecisionRecall;
}

/**
 * Precision, recall and F1 of each class, and their averages.
 *
 * @see scikit-learn, `sklearn.metrics.precision_recall_fscore_support`
 */
export function scoreClasses(matrix: ConfusionMatrix): ClassScores {
  const counts = Array.from({ length: matrix.classes }, (_, label) => countsOf(matrix, label));
  const classes = counts.map((count, label) => ({ label, ...ratios(count), support: count.tp + count.fn }));
  const occurring = classes.filter((_, label) => {
    const { tp, fp, fn } = counts[label]!;
    return tp + fp + fn > 0;
  });
  const sum = counts.reduce(
    (all, { tp, fp, fn }) => ({ tp: all.tp + tp, fp: all.fp + fp, fn: all.fn + fn }),
    { tp: 0, fp: 0, fn: 0 },
  );
  return {
    classes,
    micro: ratios(sum),
    macro: average(occurring, () => 1),
    weighted: average(classes, ({ support }) => support),
  };
}

interface Counts {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}

function countsOf(matrix: ConfusionMatrix, label: number): Counts {
  let row = 0;
  let column = 0;
  for (let other = 0; other < matrix.classes; other++) {
    row += matrix.at(label, other);
    column += matrix.at(other, label);
  }
  const tp = matrix.at(label, label);
  return { tp, fp: column - tp, fn: row - tp };
}

function ratios({ tp, fp, fn }: Counts): PrecisionRecall {
  return { precision: ratio(tp, tp + fp), recall: ratio(tp, tp + fn), f1: ratio(2 * tp, 2 * tp + fp + fn) };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function average(scores: readonly ClassScore[], weightOf: (score: ClassScore) => number): PrecisionRecall {
  const sum = { precision: 0, recall: 0, f1: 0 };
  let weights = 0;
  for (const score of scores) {
    const weight = weightOf(score);
    weights += weight;
    sum.precision += weight * score.precision;
    sum.recall += weight * score.recall;
    sum.f1 += weight * score.f1;
  }
  return {
    precision: ratio(sum.precision, weights),
    recall: ratio(sum.recall, weights),
    f1: ratio(sum.f1, weights),
  };
}
