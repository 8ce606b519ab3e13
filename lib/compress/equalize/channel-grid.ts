// SPDX-License-Identifier: Apache-2.0
// Weights seen as a grid of rows, columns and values inside, with the channel that each place belongs to.

import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import { intAttribute } from '../../onnx/graph/graph-walk';

/** How the values of a tensor lie: `[rows, columns, inner]` in C order. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

/** Channel of a place: `floor(row / rowsEach) * channelsEach + column * columnStep`. */
export interface ChannelIndex {
  readonly rowsEach: number;
  readonly channelsEach: number;
  readonly columnStep: 0 | 1;
}

/** Rows are channels. */
export const BY_ROW: ChannelIndex = { rowsEach: 1, channelsEach: 1, columnStep: 0 };
/** Columns are channels. */
export const BY_COLUMN: ChannelIndex = { rowsEach: 1, channelsEach: 0, columnStep: 1 };

/** Weights of an operator, with the channels that they read and make. */
export interface WeightGrid {
  readonly grid: Grid;
  readonly input: ChannelIndex;
  readonly output: ChannelIndex;
  readonly inputs: number;
  readonly outputs: number;
}

/** The grid of a weight of Conv, ConvTranspose, Gemm or MatMul; undefined for shapes that these do not have. */
export function weightGrid(node: NodeMessage, dims: readonly number[]): WeightGrid | undefined {
  if (dims.length < 2) return undefined;
  const [rows, columns] = dims as [number, number];
  const grid = { rows, columns, inner: dims.slice(2).reduce((product, dim) => product * dim, 1) };
  const groups = intAttribute(node, 'group', 1);
  if (groups < 1 || rows % groups !== 0) return undefined;
  const grouped = { rowsEach: rows / groups, channelsEach: columns, columnStep: 1 } as const;
  switch (node.opType) {
    case 'Conv':
      return { grid, input: grouped, output: BY_ROW, inputs: columns * groups, outputs: rows };
    case 'ConvTranspose':
      return { grid, input: BY_ROW, output: grouped, inputs: rows, outputs: columns * groups };
    default: {
      if (dims.length !== 2) return undefined;
      const isTurned = node.opType === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
      return isTurned
        ? { grid, input: BY_COLUMN, output: BY_ROW, inputs: columns, outputs: rows }
        : { grid, input: BY_ROW, output: BY_COLUMN, inputs: rows, outputs: columns };
    }
  }
}

/** Multiplies the values of each channel by its factor. */
export function scaleGrid(
  values: Float32Array,
  grid: Grid,
  index: ChannelIndex,
  factors: Float64Array,
): void {
  const { rows, columns, inner } = grid;
  for (let row = 0, at = 0; row < rows; row++) {
    const first = Math.floor(row / index.rowsEach) * index.channelsEach;
    for (let column = 0; column < columns; column++) {
      const factor = factors[first + column * index.columnStep]!;
      for (let end = at + inner; at < end; at++) values[at] = values[at]! * factor;
    }
  }
}

/**
 * How much each input channel weighs: the root of `sum over outputs o of (W[o, c] / R[o])^2`, with
 * `R[o]^2 = sum over channels k of (W[o, k] x[k])^2`. Each output has a scale of its own when it is quantised, so what
 * counts is a weight's share of its output: measured so, scaling the inputs or the outputs of the operator beforehand
 * changes nothing but a factor. Sums rather than largest values, which are left to chance in small networks: worth up to
 * 4 dB there.
 *
 * @param x - Size of each input channel.
 */
export function weightShares(
  values: Float32Array,
  { grid, input, output, inputs, outputs }: WeightGrid,
  x: Float64Array,
): Float64Array {
  const energies = new Float64Array(outputs);
  const shares = new Float64Array(inputs);
  const { rows, columns, inner } = grid;
  // Twice: the outputs have to be known before shares of them.
  for (const isSecond of [false, true]) {
    for (let row = 0, at = 0; row < rows; row++) {
      const firstIn = Math.floor(row / input.rowsEach) * input.channelsEach;
      const firstOut = Math.floor(row / output.rowsEach) * output.channelsEach;
      for (let column = 0; column < columns; column++, at += inner) {
        const c = firstIn + column * input.columnStep;
        const o = firstOut + column * output.columnStep;
        const size = inner === 1 ? values[at]! : largestOf(values, at, inner);
        const energy = size * size;
        if (!isSecond) energies[o]! += energy * x[c]! * x[c]!;
        else if (energies[o]! > 0) shares[c]! += energy / energies[o]!;
      }
    }
  }
  return shares.map(Math.sqrt);
}

function largestOf(values: Float32Array, from: number, count: number): number {
  let largest = 0;
  for (let at = from; at < from + count; at++) largest = Math.max(largest, Math.abs(values[at]!));
  return largest;
}
