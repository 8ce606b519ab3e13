// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { batchOf, feedDims } from '../../../../lib/bench/subject/feed-dims';
import type { TensorInfo } from '../../../../lib/index';

const info = (name: string, dims: readonly (number | string)[]): TensorInfo => ({
  name,
  type: 'float32',
  dims,
});

describe('feedDims', () => {
  it('are those of the feed, of the model, or follow from the length', () => {
    const x = new Float32Array(6);
    expect(feedDims(info('x', ['n', 3]), { data: x, dims: [2, 3] })).toEqual([2, 3]);
    expect(feedDims(info('x', [2, 3]), x)).toEqual([2, 3]);
    expect(feedDims(info('x', ['n', 3]), x)).toEqual([2, 3]);
    expect(feedDims(info('x', ['n', 3]), { data: x })).toEqual([2, 3]);
    expect(() => feedDims(info('x', ['n', 4]), x)).toThrow(/\[n, 4\] leaves dims open/);
  });
});

describe('batchOf', () => {
  const x = { data: new Float32Array(8), dims: [4, 2] };
  it('is the first dimension where all have the same', () => {
    expect(batchOf({ inputs: [info('x', ['n', 2])], outputs: [info('y', ['n', 10])] }, { x })).toBe(4);
    expect(batchOf({ inputs: [info('x', [4, 2])], outputs: [info('y', [4])] }, { x })).toBe(4);
  });

  it('is 1 where they differ, and for vectors', () => {
    expect(batchOf({ inputs: [info('x', [4, 2])], outputs: [info('y', [2, 4])] }, { x })).toBe(1);
    expect(
      batchOf(
        { inputs: [info('x', [4, 2]), info('z', [8, 1])], outputs: [] },
        { x, z: { data: new Float32Array(8), dims: [8, 1] } },
      ),
    ).toBe(1);
    expect(batchOf({ inputs: [info('x', [8])], outputs: [info('y', [8])] }, { x: new Float32Array(8) })).toBe(
      1,
    );
  });
});
