// SPDX-License-Identifier: Apache-2.0
import type { ScoreStore } from './score-store';
import { softmax } from './softmax';

/** Areas under the receiver operating characteristic. */
export interface RocAuc {
  /** Two classes: the area of class 1. More: the mean over the classes, one against the rest. */
  readonly macro: number;
  /** The mean weighted by the samples of each class; of two classes the same number. */
  readonly weighted: number;
  /** Of each class against the rest; null where a class has no samples, or all. One entry (class 1) for two classes. */
  readonly classes: readonly (number | null)[];
}

/**
 * The chance that a positive sample has a higher score than a negative one, ties counted half: the Mann-Whitney
 * statistic `U / (P N)`, exact. Sorts both arrays in place.
 *
 * @returns null without positive or without negative samples
 * @see Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982)
 */
export function areaUnderRoc(positives: Float32Array, negatives: Float32Array): number | null {
  if (positives.length === 0 || negatives.length === 0) return null;
  positives.sort();
  negatives.sort();
  let wins = 0;
  let below = 0;
  let upTo = 0;
  for (const score of positives) {
    while (below < negatives.length && negatives[below]! < score) below++;
    upTo = Math.max(upTo, below);
    while (upTo < negatives.length && negatives[upTo]! <= score) upTo++;
    wins += below + (upTo - below) / 2;
  }
  return wins / positives.length / negatives.length;
}

/**
 * The areas of all classes. Scores that are no probabilities are made some by softmax first: one class against the rest
 * compares scores of different samples.
 *
 * @param areProbabilities - Whether the scores of each sample add up to 1 already.
 * @returns null where no class has an area
 * @see scikit-learn, `roc_auc_score(..., multi_class='ovr')`
 */
export function rocAucOf(store: ScoreStore, areProbabilities: boolean): RocAuc | null {
  if (store.classes === 1) return ofTwo(areaOf(store, 1, (scores, from) => scores[from]!));
  const row = new Float64Array(store.classes);
  const scoreOf = (label: number) => (scores: Float32Array, from: number) => {
    if (areProbabilities) return scores[from + label]!;
    softmax(scores, from, store.classes, row);
    return row[label]!;
  };
  if (store.classes === 2) return ofTwo(areaOf(store, 1, scoreOf(1)));
  const classes = Array.from({ length: store.classes }, (_, label) => areaOf(store, label, scoreOf(label)));
  return averaged(classes, store);
}

function ofTwo(area: number | null): RocAuc | null {
  return area === null ? null : { macro: area, weighted: area, classes: [area] };
}

function areaOf(
  store: ScoreStore,
  label: number,
  scoreOf: (scores: Float32Array, from: number) => number,
): number | null {
  const count = store.countOf(label);
  const positives = new Float32Array(count);
  const negatives = new Float32Array(store.samples - count);
  let [p, n] = [0, 0];
  store.forEach((scores, from, truth) => {
    const score = scoreOf(scores, from);
    if (truth === label) positives[p++] = score;
    else negatives[n++] = score;
  });
  return areaUnderRoc(positives, negatives);
}

function averaged(classes: readonly (number | null)[], store: ScoreStore): RocAuc | null {
  let [sum, count, weightedSum, weights] = [0, 0, 0, 0];
  classes.forEach((area, label) => {
    if (area === null) return;
    const support = store.countOf(label);
    sum += area;
    count++;
    weightedSum += support * area;
    weights += support;
  });
  return count === 0 ? null : { macro: sum / count, weighted: weightedSum / weights, classes };
}
