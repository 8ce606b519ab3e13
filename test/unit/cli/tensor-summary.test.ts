// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  bfloat16ToNumber,
  float16ToNumber,
  formatSummary,
  summariseTensor,
} from '../../../lib/cli/tensor-summary';
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

describe('half floats', () => {
  it.each([
    [0x0000, 0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x7bff, 65_504],
    [0xfc00, -Infinity],
  ])('%i is %d', (bits, value) => expect(float16ToNumber(bits)).toBe(value));

  it('reads NaN and bfloat16', () => {
    expect(float16ToNumber(0x7e00)).toBeNaN();
    expect([0x3f80, 0xc040, 0x7f80].map(bfloat16ToNumber)).toEqual([1, -3, Infinity]);
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
