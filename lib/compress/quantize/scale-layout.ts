// SPDX-License-Identifier: Apache-2.0

/**
 * Which values of a tensor share a scale: all of them without an axis; those of one position on the axis; with a block
 * size, so many in a row along the axis, at the same place of all other axes.
 */
export interface ScaleLayout {
  readonly axis?: number;
  readonly blockSize?: number;
}

/**
 * Called with a stretch of values that lie next to each other. Their scales are those from `group` on: one for each
 * (`step` 1), or the same for all (`step` 0).
 */
export type ScaleRun = (start: number, length: number, group: number, step: 0 | 1) => void;

/** Dimensions of the scales of a tensor: none, `[channels]`, or those of the tensor with blocks along the axis. */
export function scaleDims(dims: readonly number[], { axis, blockSize }: ScaleLayout): number[] {
  if (axis === undefined) return [];
  if (blockSize === undefined) return [dims[axis]!];
  return dims.map((dim, index) => (index === axis ? Math.ceil(dim / blockSize) : dim));
}

/** Goes through all values of a tensor in stretches, in order. */
export function forEachRun(dims: readonly number[], { axis, blockSize }: ScaleLayout, run: ScaleRun): void {
  if (axis === undefined) {
    run(0, product(dims), 0, 0);
    return;
  }
  const outer = product(dims.slice(0, axis));
  const inner = product(dims.slice(axis + 1));
  const length = dims[axis]!;
  if (blockSize === undefined) forEachChannel({ outer, length, inner }, run);
  else forEachBlock({ outer, length, inner }, blockSize, run);
}

interface AxisView {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

function forEachChannel({ outer, length, inner }: AxisView, run: ScaleRun): void {
  for (let o = 0; o < outer; o++) {
    // Channels on the last axis change with each value.
    if (inner === 1) run(o * length, length, 0, 1);
    else for (let i = 0; i < length; i++) run((o * length + i) * inner, inner, i, 0);
  }
}

function forEachBlock({ outer, length, inner }: AxisView, blockSize: number, run: ScaleRun): void {
  const blocks = Math.ceil(length / blockSize);
  for (let o = 0; o < outer; o++) {
    for (let block = 0; block < blocks; block++) {
      const group = (o * blocks + block) * inner;
      const end = Math.min(length, (block + 1) * blockSize);
      const first = block * blockSize;
      if (inner === 1) run(o * length + first, end - first, group, 0);
      else for (let i = first; i < end; i++) run((o * length + i) * inner, inner, group, 1);
    }
  }
}

/** Number of values of a shape. */
export function product(dims: readonly number[]): number {
  return dims.reduce((total, dim) => total * dim, 1);
}
