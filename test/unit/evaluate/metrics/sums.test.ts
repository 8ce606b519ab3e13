// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { ReferenceSums } from '../../../../lib/evaluate/metrics/reference-sums';
import { RegressionSums } from '../../../../lib/evaluate/metrics/regression';
import { isDistribution } from '../../../../lib/evaluate/metrics/softmax';

describe('RegressionSums', () => {
  it('agrees with scikit-learn', () => {
    // mean_absolute_error, root_mean_squared_error, r2_score, max_error of [3,-0.5,2,7], [2.5,0.0,2,8]
    const sums = new RegressionSums();
    [3, -0.5, 2, 7].forEach((truth, index) => sums.add(truth, [2.5, 0, 2, 8][index]!));
    expect(sums.measures.mae).toBe(0.5);
    expect(sums.measures.rmse).toBeCloseTo(0.6123724356957945, 14);
    expect(sums.measures.r2).toBeCloseTo(0.9486081370449679, 14);
    expect(sums.measures.largestError).toBe(1);
  });

  it('does not lose the variance of targets that are far from zero', () => {
    const sums = new RegressionSums();
    [1e9, 1e9 + 1, 1e9 + 2].forEach((truth) => sums.add(truth, truth + 1));
    expect(sums.measures.r2).toBeCloseTo(1 - 3 / 2, 6);
  });

  it.each([
    [5, 1],
    [6, 0],
  ])('of constant targets is right or wrong (%f)', (predicted, r2) => {
    const sums = new RegressionSums();
    sums.add(5, predicted);
    sums.add(5, predicted);
    expect(sums.measures.r2).toBe(r2);
  });
});

describe('ReferenceSums', () => {
  const rows = [
    [2, 1, 0],
    [0, 1, 0.5],
    [1, 1, 2],
    [0, 3, 1],
    [1, 0, 2],
    [1, 2, 0],
    [3, 0, 1],
  ];

  it('has the divergence of softmaxed scores', () => {
    // rel_entr(softmax(s), softmax(s + [.1, -.2, .3])).sum(1).mean()
    const sums = new ReferenceSums(3);
    for (const row of rows) sums.add(row, [row[0]! + 0.1, row[1]! - 0.2, row[2]! + 0.3], 0);
    expect(sums.measures.kl).toBeCloseTo(0.01441568673642661, 12);
    expect(sums.measures.largestDifference).toBeCloseTo(0.3, 12);
    expect(sums.measures.top1Agreement).toBe(1);
  });

  it('takes probabilities as they are', () => {
    const sums = new ReferenceSums(2);
    sums.add([0.5, 0.5], [0.25, 0.75], 0);
    expect(sums.measures.kl).toBeCloseTo(0.5 * Math.log(2) + 0.5 * Math.log(2 / 3), 12);
  });

  it('says of equal outputs that they are', () => {
    const sums = new ReferenceSums(3);
    sums.add([1, 2, 3], [1, 2, 3], 0);
    expect(sums.measures).toMatchObject({ sqnrDb: null, kl: 0, top1Agreement: 1, largestDifference: 0 });
    expect(sums.measures.cosine).toBeCloseTo(1, 14);
  });

  it('counts samples alike for the mean cosine, whatever their length', () => {
    const sums = new ReferenceSums(2);
    sums.add([1000, 0], [1000, 0], 0);
    sums.add([0, 1], [0, -1], 0);
    expect(sums.measures.cosine).toBe(0);
    expect(sums.measures.overallCosine).toBeGreaterThan(0.99);
    expect(sums.measures.top1Agreement).toBe(0.5);
  });

  it('has neither classes nor a divergence for one number a sample', () => {
    const sums = new ReferenceSums(1);
    sums.add([2], [1], 0);
    expect(sums.measures).toMatchObject({ kl: null, top1Agreement: null });
  });
});

describe('isDistribution', () => {
  it.each([
    [[0.5, 0.5], true],
    [[1.5, -0.5], false],
    [[0.5, 0.2], false],
    [[NaN, 1], false],
  ])('of %j is %s', (values, expected) => expect(isDistribution(values, 0, values.length)).toBe(expected));
});
