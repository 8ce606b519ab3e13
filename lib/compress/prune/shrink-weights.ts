// SPDX-License-Identifier: Apache-2.0
// Weights that a penalty on their sizes leaves: min 1/2 ||X W - Y||^2 + l1 sum |w| + l2/2 sum w^2, by proximal steps with
// momentum. Source: Beck, Teboulle 2009, "A Fast Iterative Shrinkage-Thresholding Algorithm", section 4

import type { Numerics } from '../../numerics/numerics';
import type { NormalEquations } from '../reconstruct/least-squares';

/** Strengths as parts: l1 of what makes all weights zero, l2 of the mean diagonal. */
export interface ShrinkageStrength {
  readonly l1: number;
  readonly l2: number;
}

const MOST_STEPS = 100;
/** Change of the weights, by their size, that ends the steps. */
const TOLERANCE = 1e-5;
const POWER_STEPS = 20;

/** @returns `[outputs][size]`, with exact zeros */
export async function shrinkWeights(
  equations: NormalEquations,
  { l1, l2 }: ShrinkageStrength,
  { start, numerics }: { start: ArrayLike<number>; numerics: Numerics },
): Promise<Float64Array> {
  const { size, outputs, h, b } = equations;
  const ridge = l2 * meanDiagonal(h, size) || 0;
  const penalty = l1 * largestOf(b);
  const step = 1 / ((await largestEigenvalue(h, size, numerics)) + ridge);
  let weights = Float64Array.from(start);
  let ahead = weights;
  let momentum = 1;
  for (let count = 0; count < MOST_STEPS; count++) {
    const slope = await numerics.multiply(ahead, h, { rows: outputs, inner: size, columns: size });
    const next = new Float64Array(weights.length);
    let change = 0;
    let total = 0;
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < size; i++) {
        const at = o * size + i;
        const moved = ahead[at]! - step * (slope[at]! + ridge * ahead[at]! - b[i * outputs + o]!);
        next[at] = Math.sign(moved) * Math.max(0, Math.abs(moved) - step * penalty);
        change += (next[at] - weights[at]!) ** 2;
        total += next[at] ** 2;
      }
    const following = (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    const pull = (momentum - 1) / following;
    const before = weights;
    ahead = next.map((value, at) => value + pull * (value - before[at]!));
    weights = next;
    momentum = following;
    if (change <= TOLERANCE ** 2 * total) break;
  }
  return weights;
}

const SEARCH_STEPS = 6;

/** The weights under the smallest l1 found that makes at least a share of them zero. */
export async function shrinkToShare(
  equations: NormalEquations,
  { share, l2 }: { share: number; l2: number },
  { start, numerics }: { start: ArrayLike<number>; numerics: Numerics },
): Promise<Float64Array> {
  let [low, high] = [0, 1];
  let best: Float64Array = new Float64Array(start.length);
  let from = start;
  for (let step = 0; step < SEARCH_STEPS; step++) {
    // Shares change with the logarithm of the strength.
    const l1 = step === 0 ? 0.01 : low === 0 ? high / 10 : Math.sqrt(low * high);
    const weights = await shrinkWeights(equations, { l1, l2 }, { start: from, numerics });
    from = weights;
    if (countZeros(weights) >= share * weights.length) [high, best] = [l1, weights];
    else low = l1;
  }
  return best;
}

function countZeros(weights: Float64Array): number {
  let zeros = 0;
  for (let at = 0; at < weights.length; at++) if (weights[at] === 0) zeros++;
  return zeros;
}

function meanDiagonal(h: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += h[i * size + i]!;
  return sum / size;
}

function largestOf(values: Float64Array): number {
  let largest = 0;
  for (let at = 0; at < values.length; at++) largest = Math.max(largest, Math.abs(values[at]!));
  return largest;
}

/** A little above the largest eigenvalue, by the power method. */
async function largestEigenvalue(h: Float64Array, size: number, numerics: Numerics): Promise<number> {
  let vector = Float64Array.from({ length: size }, (_, i) => 1 + 1 / (i + 1));
  let value = 0;
  for (let step = 0; step < POWER_STEPS; step++) {
    const next = await numerics.multiply(h, vector, { rows: size, inner: size, columns: 1 });
    value = Math.sqrt(next.reduce((sum, one) => sum + one * one, 0));
    if (value === 0) return 1;
    vector = next.map((one) => one / value);
  }
  return 1.05 * value;
}
