// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { referenceNumerics as numerics } from '../../../lib/numerics/reference';

const doubles = (count: number): Float64Array => new Float64Array(count);
const floats = (count: number): Float32Array => new Float32Array(count).fill(1);
const untyped = (value: unknown): never => value as never;

const REFUSED: readonly (readonly [string, () => Promise<unknown>, string])[] = [
  ['a negative size', () => numerics.cholesky(doubles(1), -1), 'size'],
  ['a size with a fraction', () => numerics.addGram(doubles(1), floats(1), 1.5), 'size'],
  ['a matrix that is too small', () => numerics.cholesky(doubles(8), 3), '9 values, [3, 3], not 8'],
  ['a part of a sample', () => numerics.addGram(doubles(9), floats(7), 3), 'whole rows of 3'],
  ['samples of no size', () => numerics.addGram(doubles(0), floats(7), 0), 'whole rows of 0'],
  [
    'unequal numbers of samples',
    () => numerics.addCrossProduct(doubles(6), floats(4), floats(9), { left: 2, right: 3 }),
    '[3, 2]',
  ],
  [
    'factors that do not fit',
    () => numerics.multiply(doubles(6), doubles(5), { rows: 2, inner: 3, columns: 2 }),
    '[3, 2]',
  ],
  [
    'a right side that is too small',
    () => numerics.solveTriangular(doubles(4).fill(1), doubles(3), { size: 2, columns: 2 }),
    'b',
  ],
  ['NaN in svd', () => numerics.svd(Float64Array.of(1, NaN), { rows: 1, columns: 2 }), 'NaN at position 1'],
  [
    'infinity in svd',
    () => numerics.svd(Float64Array.of(Infinity), { rows: 1, columns: 1 }),
    'Infinity at position 0',
  ],
  ['NaN in kMeans', () => numerics.kMeans(Float32Array.of(1, NaN), { clusters: 1 }), 'NaN at position 1'],
  ['no values', () => numerics.kMeans(floats(0), { clusters: 1 }), 'at least one value'],
  ['no clusters', () => numerics.kMeans(floats(1), { clusters: 0 }), 'clusters'],
  ['too many clusters', () => numerics.kMeans(floats(1), { clusters: 65_537 }), 'clusters'],
  [
    'weights that do not fit',
    () => numerics.kMeans(floats(2), { clusters: 1, weights: floats(3) }),
    'weights',
  ],
  [
    'negative weights',
    () => numerics.kMeans(floats(1), { clusters: 1, weights: Float32Array.of(-1) }),
    '-1 at position 0',
  ],
  ['weights of NaN', () => numerics.kMeans(floats(1), { clusters: 1, weights: Float32Array.of(NaN) }), 'NaN'],
  ['an unknown method', () => numerics.kMeans(floats(1), { clusters: 1, method: untyped('best') }), 'lloyd'],
];

describe('arguments', () => {
  it.each(REFUSED)('refuses %s', async (_, call, words) => {
    await expect(call()).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining(words),
    });
  });

  it('refuses arrays of another type', async () => {
    await expect(numerics.cholesky(untyped(floats(1)), 1)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_TYPE',
    });
    await expect(numerics.kMeans(untyped([1, 2]), { clusters: 1 })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_TYPE',
    });
    await expect(numerics.addGram(doubles(1), untyped(undefined), 1)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_TYPE',
    });
  });

  it('names a misspelled option', async () => {
    const call = numerics.kMeans(floats(1), { clusters: 1, ...{ wieghts: floats(1) } });
    await expect(call).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_UNKNOWN_OPTION',
      message: expect.stringContaining('weights'),
    });
  });
});
