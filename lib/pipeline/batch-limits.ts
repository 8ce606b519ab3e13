// SPDX-License-Identifier: Apache-2.0
// How many inputs go into one run of the model.

import type { EngineProfile } from '../runtime/manifest';
import type { TensorInfo } from '../tensor/tensor-info';

/** Numbers of inputs that a run may have. */
export interface BatchRange {
  readonly min: number;
  readonly max: number;
}

/** Inputs of a run where neither model nor caller bounds them: enough to fill a device, and little memory. */
export const DEFAULT_MAX_BATCH = 32;

/** What decides on batches. */
export interface BatchFacts {
  readonly input: TensorInfo;
  /** Where the model fixes it. */
  readonly batch: number | undefined;
  /** Dims of the input without the batch, where they are known. */
  readonly dims: readonly number[] | undefined;
  readonly profiles: readonly EngineProfile[] | undefined;
  /** The caller's bound. */
  readonly maxBatch: number | undefined;
}

/** The ranges that a run's batch may lie in, the caller's bound and the model's taken together. */
export function batchRanges({ input, batch, dims, profiles, maxBatch }: BatchFacts): readonly BatchRange[] {
  const most = maxBatch ?? Infinity;
  if (batch !== undefined) return [{ min: batch, max: batch }];
  const allowed = (profiles ?? []).flatMap((profile): BatchRange[] => {
    const range = profile[input.name];
    if (range === undefined || 'values' in range) return [];
    const { min, max } = range;
    const takes = (size: number, axis: number): boolean => size >= min[axis + 1]! && size <= max[axis + 1]!;
    return dims === undefined || dims.every(takes) ? [{ min: min[0]!, max: max[0]! }] : [];
  });
  if (allowed.length === 0) return [{ min: 1, max: maxBatch ?? DEFAULT_MAX_BATCH }];
  const bounded = allowed
    .filter(({ min }) => min <= most)
    .map(({ min, max }) => ({ min: Math.max(1, min), max: Math.min(max, most) }));
  return bounded.length > 0 ? bounded : allowed;
}

/** Pieces of a call: how many inputs each takes, and how many a run of it has, the rest being padding. */
export interface Piece {
  readonly start: number;
  readonly count: number;
  readonly batch: number;
}

/** Cuts a call into runs: as few as there can be. */
export function planPieces(count: number, ranges: readonly BatchRange[]): Piece[] {
  const most = Math.max(...ranges.map(({ max }) => max));
  const pieces: Piece[] = [];
  for (let start = 0; start < count; start += most) {
    const taken = Math.min(most, count - start);
    pieces.push({ start, count: taken, batch: paddedBatch(taken, ranges) });
  }
  return pieces;
}

/** The smallest batch that some range allows. */
function paddedBatch(count: number, ranges: readonly BatchRange[]): number {
  const fitting = ranges.filter(({ max }) => max >= count).map(({ min }) => Math.max(min, count));
  return Math.min(...fitting);
}
