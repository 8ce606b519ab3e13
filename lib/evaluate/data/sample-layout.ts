// SPDX-License-Identifier: Apache-2.0
import type { TensorInfo } from '../../index';
import { dataError, dimsText } from './data-error';

/** How samples are handed to an input. */
export interface SampleLayout {
  /** Dims of one sample, without the batch. */
  readonly dims: readonly number[];
  /** False where the model takes one sample without an axis for the batch. */
  readonly isBatched: boolean;
}

/**
 * Finds out how samples fit an input: with the batch as its first axis, or one at a time where the input has no room for
 * it. Axes of size 1 may be missing or too many (`[8, 8]` for `[N, 1, 8, 8]`); nothing else is rearranged.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` with both shapes
 */
export function sampleLayout(input: TensorInfo, dims: readonly number[], where: string): SampleLayout {
  const inner = input.dims.slice(1);
  const batched = input.dims.length > 0 ? fitDims(inner, dims) : undefined;
  if (batched !== undefined) return { dims: batched, isBatched: true };
  const alone = fitDims(input.dims, dims);
  if (alone !== undefined) return { dims: alone, isBatched: false };
  throw dataError(
    `${where}: a sample of shape ${dimsText(dims)} does not fit input '${input.name}' of shape ${dimsText(input.dims)}.`,
    { input: input.name, expected: input.dims, received: dims },
  );
}

function fitDims(wanted: TensorInfo['dims'], dims: readonly number[]): readonly number[] | undefined {
  const isSame = wanted.length === dims.length && wanted.every((dim, i) => isOpen(dim) || dim === dims[i]);
  if (isSame) return dims;
  if (wanted.some(isOpen)) return undefined;
  const fixed = wanted as readonly number[];
  return dimsText(fixed.filter(isWide)) === dimsText(dims.filter(isWide)) ? fixed : undefined;
}

function isWide(dim: number): boolean {
  return dim !== 1;
}

function isOpen(dim: number | string): boolean {
  return typeof dim === 'string' || dim < 0;
}

/**
 * Samples that a call takes: `wanted`, or what the model fixes.
 *
 * @returns the number, and whether a batch with fewer has to be filled up
 */
export function batchSize(
  inputs: readonly TensorInfo[],
  layouts: Readonly<Record<string, SampleLayout>>,
  wanted: number,
): { readonly size: number; readonly isFixed: boolean } {
  if (Object.values(layouts).some(({ isBatched }) => !isBatched)) return { size: 1, isFixed: false };
  const leading = inputs.filter(({ name }) => name in layouts).map(({ dims }) => dims[0]!);
  const fixed = leading.find((dim): dim is number => !isOpen(dim));
  return fixed === undefined ? { size: wanted, isFixed: false } : { size: fixed, isFixed: true };
}
