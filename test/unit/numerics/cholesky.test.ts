// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { referenceNumerics } from '../../../lib/numerics/reference';
import { distanceOf, normalNumbers } from '../../numerics-cases';

async function positive(size: number): Promise<Float64Array> {
  const x = normalNumbers(2 * size * size, size);
  const shape = { rows: size, inner: 2 * size, columns: size, transposeA: true };
  return referenceNumerics.multiply(x, x, shape);
}

describe('cholesky', () => {
  it.each([0, 1, 2, 5, 32, 61])('factors a positive definite matrix of size %i', async (size) => {
    const a = await positive(size);
    const l = a.slice();
    expect(await referenceNumerics.cholesky(l, size)).toBe(true);
    const shape = { rows: size, inner: size, columns: size, transposeB: true };
    expect(distanceOf(await referenceNumerics.multiply(l, l, shape), a)).toBeLessThan(1e-11);
    expect(l.every((value, i) => i % Math.max(size, 1) <= Math.floor(i / size) || value === 0)).toBe(true);
  });

  it('reads the lower triangle alone', async () => {
    const a = Float64Array.of(4, NaN, 2, 5);
    expect(await referenceNumerics.cholesky(a, 2)).toBe(true);
    expect([...a]).toEqual([2, 0, 1, 2]);
  });

  it.each([
    ['singular', [1, 1, 1, 1]],
    ['indefinite', [1, 2, 2, 1]],
    ['zero', [0, 0, 0, 0]],
    ['not a number', [NaN, 0, 0, 1]],
    ['infinite', [Infinity, 0, 0, 1]],
  ])('says that a matrix is not positive definite: %s', async (_, entries) => {
    expect(await referenceNumerics.cholesky(Float64Array.from(entries), 2)).toBe(false);
  });
});

describe('solveTriangular', () => {
  it.each([
    [1, 1],
    [4, 0],
    [7, 3],
    [33, 5],
  ])('solves size %i with %i columns, either way', async (size, columns) => {
    const l = await positive(size);
    await referenceNumerics.cholesky(l, size);
    const b = normalNumbers(size * columns, 2);
    for (const transposed of [false, true]) {
      const y = b.slice();
      await referenceNumerics.solveTriangular(l, y, { size, columns, transposed });
      const shape = { rows: size, inner: size, columns, transposeA: transposed };
      expect(distanceOf(await referenceNumerics.multiply(l, y, shape), b)).toBeLessThan(1e-11);
    }
  });

  it('refuses a zero on the diagonal and names the row', async () => {
    const solve = referenceNumerics.solveTriangular(Float64Array.of(1, 0, 1, 0), new Float64Array(2), {
      size: 2,
      columns: 1,
    });
    await expect(solve).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining('row 1'),
    });
  });
});
