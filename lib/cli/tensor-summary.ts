// SPDX-License-Identifier: Apache-2.0
import type { ElementType } from '../tensor/element-type';
import { numberReader } from '../tensor/number-reader';
import { digits3 } from './values/format';

/** A tensor as results have it. */
export interface SummarisedTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
}

/** Statistics of a tensor; null where it has no finite number, or none at all. */
export interface TensorSummary {
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
  /** Elements that are NaN or infinite. */
  readonly nonFinite: number;
  /** The first elements. */
  readonly first: readonly number[];
  /** Index of the largest element per row of a 2-D tensor with at least two columns. */
  readonly argMax?: readonly number[];
}

const FIRST = 8;

/** Computes min, mean, max, the first elements, and the arg-max of each row where the tensor is 2-D. */
export function summariseTensor(tensor: SummarisedTensor): TensorSummary {
  const at = numberReader(tensor);
  const count = tensor.dims.reduce((product, dim) => product * dim, 1);
  if (at === undefined) return { min: null, mean: null, max: null, nonFinite: 0, first: [] };
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let finite = 0;
  for (let index = 0; index < count; index += 1) {
    const value = at(index);
    if (!Number.isFinite(value)) continue;
    finite += 1;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const isKnown = finite > 0;
  return {
    min: isKnown ? min : null,
    mean: isKnown ? sum / finite : null,
    max: isKnown ? max : null,
    nonFinite: count - finite,
    first: Array.from({ length: Math.min(FIRST, count) }, (_, index) => at(index)),
    ...argMaxOf(tensor, at),
  };
}

/** Lines like `min -2.31  mean 0.01  max 8.90` for people. */
export function formatSummary(summary: TensorSummary): string[] {
  const { min, mean, max, nonFinite, first, argMax } = summary;
  if (first.length === 0) return ['no elements'];
  const range =
    min === null ? 'no finite number' : `min ${digits3(min)}   mean ${digits3(mean!)}   max ${digits3(max!)}`;
  return [
    range,
    ...(nonFinite > 0 ? [`${nonFinite} elements are NaN or infinite`] : []),
    `first ${first.map(digits3).join('  ')}`,
    ...(argMax === undefined ? [] : [`arg-max ${formatArgMax(argMax)}`]),
  ];
}

function formatArgMax(rows: readonly number[]): string {
  const shown = rows.slice(0, 16).join('  ');
  return rows.length > 16 ? `${shown}  … (${rows.length} rows)` : shown;
}

function argMaxOf(tensor: SummarisedTensor, at: (index: number) => number): { argMax?: number[] } {
  const [rows, columns] = tensor.dims;
  if (tensor.dims.length !== 2 || columns! < 2) return {};
  return {
    argMax: Array.from({ length: rows! }, (_, row) => {
      let best = 0;
      for (let column = 1; column < columns!; column += 1) {
        if (at(row * columns! + column) > at(row * columns! + best)) best = column;
      }
      return best;
    }),
  };
}
