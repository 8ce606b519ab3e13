// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatSummary, summariseTensor } from '../../../lib/cli/tensor-summary';
import { fileNameOf } from '../../../lib/cli/outputs/save-outputs';

describe('summariseTensor', () => {
  it('gives the range, the first elements, and the arg-max of each row', () => {
    const data = new Float32Array([1, 5, 2, 7, 0, -1]);
    expect(summariseTensor({ type: 'float32', dims: [2, 3], data })).toEqual({
      min: -1,
      mean: 14 / 6,
      max: 7,
      nonFinite: 0,
      first: [1, 5, 2, 7, 0, -1],
      argMax: [1, 0],
    });
  });

  it('counts NaN and infinities and leaves them out of the range', () => {
    const data = new Float32Array([NaN, 1, Infinity, 3]);
    expect(summariseTensor({ type: 'float32', dims: [4], data })).toMatchObject({
      min: 1,
      mean: 2,
      max: 3,
      nonFinite: 2,
    });
  });

  it('reads half floats by their bits, and 64-bit integers', () => {
    const half = summariseTensor({
      type: 'float16',
      dims: [3],
      data: new Uint16Array([0x3c00, 0xc000, 0x7c00]),
    });
    expect(half).toMatchObject({ min: -2, max: 1, nonFinite: 1 });
    expect(summariseTensor({ type: 'int64', dims: [2], data: new BigInt64Array([-5n, 9n]) })).toMatchObject({
      min: -5,
      max: 9,
    });
  });

  it('says nothing of packed types and of empty tensors', () => {
    expect(summariseTensor({ type: 'int4', dims: [4], data: new Uint8Array(2) }).min).toBeNull();
    const empty = summariseTensor({ type: 'float32', dims: [0, 3], data: new Float32Array(0) });
    expect(empty).toMatchObject({ min: null, first: [], argMax: [] });
    expect(formatSummary(empty)).toEqual(['no elements']);
  });
});

describe('names of output files', () => {
  it('cannot leave the folder, and stay different', () => {
    const taken = new Set<string>();
    const names = ['logits', '../../etc/passwd', '/model/out:0', 'LOGITS', '..', ''].map((name) =>
      fileNameOf(name, taken),
    );
    expect(names).toEqual([
      'logits.npy',
      'etc_passwd.npy',
      'model_out_0.npy',
      'LOGITS-2.npy',
      'output.npy',
      'output-2.npy',
    ]);
  });
});
