// SPDX-License-Identifier: Apache-2.0
// How much each weight matters.

import type { Numerics } from '../../numerics/numerics';
import { inverseDiagonal, inverseFactor } from '../reconstruct/inverse-factor';
import type { NormalEquations } from '../reconstruct/least-squares';
import type { InputSums } from '../reconstruct/layer-statistics';

/** |w|. */
export function magnitudes(weights: ArrayLike<number>): Float32Array {
  return Float32Array.from(weights, Math.abs);
}

/**
 * |w| times the root mean square of its input.
 *
 * Source: Sun et al. 2023, "A Simple and Effective Pruning Approach for Large Language Models", equation 1
 */
export function activationScores(weights: ArrayLike<number>, { gram, size, count }: InputSums): Float32Array {
  return Float32Array.from(weights, (value, at) => {
    const input = at % size;
    return Math.abs(value) * Math.sqrt(gram[input * size + input]! / Math.max(1, count));
  });
}

/**
 * sqrt(w^2 / [H^-1]_ii): the root of what the error grows by, if the weight alone becomes zero and all others of its row
 * make up for it.
 *
 * Source: Hassibi, Stork 1993, "Second order derivatives for network pruning: Optimal Brain Surgeon", equation 5
 *
 * @returns undefined if H is not positive definite
 */
export async function hessianScores(
  weights: ArrayLike<number>,
  { h, size }: NormalEquations,
  numerics: Numerics,
): Promise<Float32Array | undefined> {
  const factor = await inverseFactor(h, size, numerics);
  if (factor === undefined) return undefined;
  const diagonal = inverseDiagonal(factor, size);
  return Float32Array.from(weights, (value, at) => Math.abs(value) / Math.sqrt(diagonal[at % size]!));
}
