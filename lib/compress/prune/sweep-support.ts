// SPDX-License-Identifier: Apache-2.0
// Zeros that are chosen while weights are swept over: those of a block by what is left of them once all blocks before it
// were made up for.
//
// Source: Frantar and Alistarh 2023, "SparseGPT: Massive Language Models Can Be Accurately Pruned in One-Shot"

import { BLOCK_COLUMNS, sweepColumns, type Sweep } from '../reconstruct/sweep-columns';
import { inputsOf, type MatrixView } from '../layers/weight-layer';
import { chooseSupport, type PruneAmount, type PrunePattern } from './support-pattern';

/** What is asked of the weights of a layer without groups. */
export interface SweptPruning extends Pick<Sweep, 'factor' | 'numerics'> {
  readonly view: MatrixView;
  readonly pattern: 'unstructured' | '2:4';
  readonly amount: PruneAmount;
}

/** True for patterns whose zeros can be chosen block by block. */
export function isSweepable(pattern: PrunePattern): pattern is SweptPruning['pattern'] {
  return typeof pattern === 'string';
}

/**
 * Sets weights `[outputs][inputs]`, the best ones without zeros, to zero in their place and lets those behind them make up
 * for it.
 *
 * @returns the weights that stay: 1 where one does
 */
export async function sweepSupport(
  weights: Float64Array,
  { view, pattern, amount, factor, numerics }: SweptPruning,
): Promise<Uint8Array> {
  const columns = inputsOf(view);
  const rows = view.outputs;
  // Groups of four channels lie in one block, with all their taps.
  const whole = 4 * view.taps;
  const block = Math.ceil(BLOCK_COLUMNS / whole) * whole;
  const support = new Uint8Array(rows * columns);
  let zeros = 0;
  const begin = (first: number, last: number): void => {
    const width = last - first;
    const scores = new Float32Array(rows * width);
    for (let row = 0, at = 0; row < rows; row++)
      for (let k = first; k < last; k++)
        scores[at++] = Math.abs(weights[row * columns + k]!) / factor[k * (columns + 1)]!;
    const part = { ...view, channels: width / view.taps };
    const asked =
      'threshold' in amount ? amount : { count: Math.round((amount.count * last) / columns) - zeros };
    const own = chooseSupport(scores, part, { pattern, amount: asked });
    for (let row = 0; row < rows; row++)
      support.set(own.subarray(row * width, (row + 1) * width), row * columns + first);
    for (let at = 0; at < own.length; at++) zeros += 1 - own[at]!;
  };
  const settle = (row: number, column: number, value: number) =>
    support[row * columns + column] === 0 ? 0 : value;
  await sweepColumns(weights, { rows, columns, factor, numerics, block }, { begin, settle });
  return support;
}
