// SPDX-License-Identifier: Apache-2.0
// Weights of a layer that are settled column by column, where those behind a column make up for what it loses: with U of
// `inverseFactor(H)`, a change of e in column k is made up for by U[k, j] / U[k, k] times e in each column j behind it.
// Columns of a block are treated one by one; what they do to all columns behind the block is one product of matrices.
//
// Sources: Frantar and Alistarh 2023, "SparseGPT", section 3; the lazy updates are those of Frantar et al. 2022, "GPTQ".

import type { Numerics } from '../../numerics/numerics';

/** Columns of a block. */
export const BLOCK_COLUMNS = 128;
/** With fewer rows a call for each block takes longer than it saves. */
const FEW_ROWS = 16;
/** Elements of an update that is made at once: 2 MiB. */
const MOST_UPDATE = 2 ** 18;

/** A matrix to settle. */
export interface Sweep {
  readonly rows: number;
  readonly columns: number;
  /** Of `inverseFactor(H)`, `[columns, columns]`. */
  readonly factor: Float64Array;
  readonly numerics: Numerics;
  /** Columns of a block. Default {@link BLOCK_COLUMNS}, and all of them for few rows. */
  readonly block?: number;
}

/** What decides about weights. */
export interface Settler {
  /** Called before the columns from `first` to `last`, without `last`, with all weights as they are by then. */
  begin?(first: number, last: number): void;
  /** What a weight becomes. */
  settle(row: number, column: number, value: number): number;
}

/** Settles weights `[rows][columns]` in their place. */
export async function sweepColumns(
  weights: Float64Array,
  { rows, columns, factor, numerics, ...sizes }: Sweep,
  settler: Settler,
): Promise<void> {
  const block = sizes.block ?? (rows < FEW_ROWS ? columns : BLOCK_COLUMNS);
  for (let first = 0; first < columns; first += block) {
    const last = Math.min(columns, first + block);
    settler.begin?.(first, last);
    const losses = settleBlock(weights, { rows, columns, factor, first, last }, settler);
    await makeUp(weights, losses, { rows, columns, factor, numerics, first, last });
  }
}

interface BlockOfColumns extends Pick<Sweep, 'rows' | 'columns' | 'factor'> {
  readonly first: number;
  readonly last: number;
}

/** @returns what each column lost by its entry of the diagonal, `[rows][last - first]` */
function settleBlock(
  weights: Float64Array,
  { rows, columns, factor, first, last }: BlockOfColumns,
  settler: Settler,
): Float64Array {
  const width = last - first;
  const losses = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    for (let k = first; k < last; k++) {
      const value = weights[start + k]!;
      const settled = settler.settle(row, k, value);
      weights[start + k] = settled;
      const at = k * columns;
      const loss = (value - settled) / factor[at + k]!;
      if (loss === 0) continue;
      losses[row * width + k - first] = loss;
      for (let j = k + 1; j < last; j++) weights[start + j]! -= loss * factor[at + j]!;
    }
  }
  return losses;
}

/** Columns behind a block take over what it lost. */
async function makeUp(
  weights: Float64Array,
  losses: Float64Array,
  { rows, columns, factor, numerics, first, last }: BlockOfColumns & Pick<Sweep, 'numerics'>,
): Promise<void> {
  const inner = last - first;
  const step = Math.max(1, Math.floor(MOST_UPDATE / rows));
  for (let from = last; from < columns; from += step) {
    const width = Math.min(step, columns - from);
    const part = new Float64Array(inner * width);
    for (let k = 0; k < inner; k++) {
      const start = (first + k) * columns + from;
      part.set(factor.subarray(start, start + width), k * width);
    }
    const update = await numerics.multiply(losses, part, { rows, inner, columns: width });
    for (let row = 0; row < rows; row++)
      for (let j = 0; j < width; j++) weights[row * columns + from + j]! -= update[row * width + j]!;
  }
}
