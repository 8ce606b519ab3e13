// SPDX-License-Identifier: Apache-2.0
// Choices are judged on data that is held back, and for some outputs of a layer only: its sums are kept for these alone.

import { inputsOf, type MatrixView } from '../layers/weight-layer';

/** Rows of all groups that are solved for a choice, fewer of large layers. */
const MOST_ROWS = 64;
const FEWEST_ROWS = 4;
/** What factorising them may take together, in cubes of inputs. */
const MOST_CUBES = 1e10;

/** Outputs of one group that choices are judged on, spread evenly; none of some groups where there are many. */
export function heldRows(
  view: Pick<MatrixView, 'groups' | 'outputs' | 'channels' | 'taps'>,
  group: number,
): Int32Array {
  const { groups, outputs } = view;
  const affordable = Math.floor(MOST_CUBES / inputsOf(view as MatrixView) ** 3);
  const most = Math.max(FEWEST_ROWS, Math.min(MOST_ROWS, affordable));
  const step = Math.max(1, Math.floor(groups / most));
  if (group % step !== 0) return new Int32Array(0);
  const count = Math.min(outputs, Math.max(1, Math.floor((most * step) / groups)));
  return Int32Array.from({ length: count }, (_, index) => Math.floor((index * outputs) / count));
}

/** Some rows of a matrix `[rows][size]`, copied. */
export function takeRows<T extends Float32Array | Uint8Array>(matrix: T, rows: Int32Array, size: number): T {
  const taken = new (matrix.constructor as new (length: number) => T)(rows.length * size);
  rows.forEach((row, index) => taken.set(matrix.subarray(row * size, (row + 1) * size), index * size));
  return taken;
}
