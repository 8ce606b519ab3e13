// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { GramElimination } from '../../../../lib/compress/channels/gram-elimination';
import { referenceNumerics } from '../../../../lib/numerics/reference';
import { noise } from '../../../precision-models';

const [SIZE, OUTPUTS, SAMPLES] = [6, 4, 40];
const DAMPING = 0.05;

/** X^T X of samples in which the last input is nearly the sum of the first two. */
function gramOfSamples(): Float64Array {
  const x = noise(SAMPLES * SIZE, 1, 3);
  for (let s = 0; s < SAMPLES; s++)
    x[s * SIZE + 5] = x[s * SIZE]! + x[s * SIZE + 1]! + 0.01 * x[s * SIZE + 5]!;
  const gram = new Float64Array(SIZE * SIZE);
  for (let s = 0; s < SAMPLES; s++)
    for (let i = 0; i < SIZE; i++)
      for (let j = 0; j < SIZE; j++) gram[i * SIZE + j]! += x[s * SIZE + i]! * x[s * SIZE + j]!;
  return gram;
}

/**
 * The least of tr((W - W') H (W - W')^T) over W' without the removed inputs: W_R S W_R^T with the Schur complement S of
 * the kept inputs in H, by Gaussian elimination of these.
 */
function lossOf(removed: readonly number[], gram: Float64Array, weights: Float32Array): number {
  let trace = 0;
  for (let i = 0; i < SIZE; i++) trace += gram[i * SIZE + i]!;
  const h = gram.slice();
  for (let i = 0; i < SIZE; i++) h[i * SIZE + i]! += (DAMPING * trace) / SIZE;
  for (let pivot = 0; pivot < SIZE; pivot++) {
    if (removed.includes(pivot)) continue;
    for (let row = 0; row < SIZE; row++) {
      const factor = h[row * SIZE + pivot]! / h[pivot * SIZE + pivot]!;
      if (row !== pivot) for (let c = 0; c < SIZE; c++) h[row * SIZE + c]! -= factor * h[pivot * SIZE + c]!;
    }
  }
  let loss = 0;
  for (let o = 0; o < OUTPUTS; o++)
    for (const i of removed)
      for (const j of removed) loss += weights[o * SIZE + i]! * h[i * SIZE + j]! * weights[o * SIZE + j]!;
  return loss;
}

test('the cost of blocks, one after the other, adds up to what least squares loses', async () => {
  const [gram, weights] = [gramOfSamples(), noise(OUTPUTS * SIZE, 1, 9)];
  const given = { size: SIZE, damping: DAMPING, numerics: referenceNumerics };
  const elimination = (await GramElimination.create(gram, weights, given))!;
  const first = elimination.cost([5]);
  expect(first).toBeCloseTo(lossOf([5], gram, weights), 8);
  expect(first).toBeLessThan(0.5 * elimination.cost([2]));
  elimination.remove([5]);
  const second = elimination.cost([1, 3]);
  elimination.remove([1, 3]);
  expect(first + second).toBeCloseTo(lossOf([1, 3, 5], gram, weights), 8);
  expect(first + second + elimination.cost([0])).toBeCloseTo(lossOf([0, 1, 3, 5], gram, weights), 8);
});

test('inputs that are always zero, and NaN, have no order', async () => {
  const given = { size: SIZE, damping: DAMPING, numerics: referenceNumerics };
  const weights = noise(OUTPUTS * SIZE, 1, 9);
  expect(await GramElimination.create(new Float64Array(SIZE * SIZE), weights, given)).toBeUndefined();
  expect(
    await GramElimination.create(new Float64Array(SIZE * SIZE).fill(NaN), weights, given),
  ).toBeUndefined();
});
