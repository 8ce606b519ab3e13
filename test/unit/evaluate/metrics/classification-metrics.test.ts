// SPDX-License-Identifier: Apache-2.0
// The expected numbers are scikit-learn's (1.9.1); the command stands above each case.
import { describe, expect, it } from 'vitest';
import { scoreClasses } from '../../../../lib/evaluate/metrics/class-scores';
import { ConfusionMatrix } from '../../../../lib/evaluate/metrics/confusion-matrix';
import { argmax, TopK } from '../../../../lib/evaluate/metrics/top-k';

const TRUTH = [0, 0, 1, 1, 2, 2, 2, 3];
const PREDICTED = [0, 1, 1, 1, 2, 0, 2, 1];

function matrixOf(truth: readonly number[], predicted: readonly number[], classes: number): ConfusionMatrix {
  const matrix = new ConfusionMatrix(classes);
  truth.forEach((label, index) => matrix.add(label, predicted[index]!));
  return matrix;
}

describe('ConfusionMatrix', () => {
  it('has a row for each true class', () => {
    // confusion_matrix(t, p, labels=range(5)), accuracy_score(t, p)
    const matrix = matrixOf(TRUTH, PREDICTED, 5);
    expect(matrix.toRows()).toEqual([
      [1, 1, 0, 0, 0],
      [0, 2, 0, 0, 0],
      [1, 0, 2, 0, 0],
      [0, 1, 0, 0, 0],
      [0, 0, 0, 0, 0],
    ]);
    expect(matrix.accuracy).toBe(0.625);
  });

  it('has an accuracy of 0 while it is empty', () => {
    expect(new ConfusionMatrix(2).accuracy).toBe(0);
  });
});

describe('scoreClasses', () => {
  it('agrees with scikit-learn, a class that never occurs left out of the macro average', () => {
    // precision_recall_fscore_support(t, p, average=None | 'micro' | 'macro' | 'weighted', zero_division=0)
    const { classes, micro, macro, weighted } = scoreClasses(matrixOf(TRUTH, PREDICTED, 5));
    expect(classes.map(({ precision }) => precision)).toEqual([0.5, 0.5, 1, 0, 0]);
    expect(classes.map(({ recall }) => recall)).toEqual([0.5, 1, 2 / 3, 0, 0]);
    expect(classes[1]!.f1).toBeCloseTo(0.6666666666666666, 14);
    expect(classes[2]!.f1).toBeCloseTo(0.8, 14);
    expect(classes.map(({ support }) => support)).toEqual([2, 2, 3, 1, 0]);
    expect(micro).toEqual({ precision: 0.625, recall: 0.625, f1: 0.625 });
    expect(macro.precision).toBeCloseTo(0.5, 14);
    expect(macro.recall).toBeCloseTo(0.5416666666666666, 14);
    expect(macro.f1).toBeCloseTo(0.49166666666666664, 14);
    expect(weighted.precision).toBeCloseTo(0.625, 14);
    expect(weighted.recall).toBeCloseTo(0.625, 14);
    expect(weighted.f1).toBeCloseTo(0.5916666666666667, 14);
  });
});

describe('TopK', () => {
  it('counts samples whose class is among the k best', () => {
    // top_k_accuracy_score([0, 1, 2, 2], scores, k=2)
    const scores = [0.5, 0.2, 0.2, 0.3, 0.4, 0.2, 0.2, 0.4, 0.3, 0.7, 0.2, 0.1];
    const topK = new TopK([1, 2, 3]);
    [0, 1, 2, 2].forEach((truth, row) => topK.add(scores, row * 3, 3, truth));
    expect(topK.toRecord()).toEqual({ '1': 0.5, '2': 0.75, '3': 1 });
  });

  it('takes the lower class of equal scores first, as argmax does', () => {
    const topK = new TopK([1]);
    topK.add([1, 1], 0, 2, 0);
    topK.add([1, 1], 0, 2, 1);
    expect(topK.toRecord()).toEqual({ '1': 0.5 });
    expect(argmax([1, 1], 0, 2)).toBe(0);
  });
});

describe('argmax', () => {
  it('takes NaN for the highest, as NumPy does', () => {
    expect(argmax([5, NaN, 7], 0, 3)).toBe(1);
  });
});
