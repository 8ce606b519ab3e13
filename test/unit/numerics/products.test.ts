// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { referenceNumerics } from '../../../lib/numerics/reference';
import { distanceOf, normalNumbers } from '../../numerics-cases';

const floats = (count: number, seed: number): Float32Array => Float32Array.from(normalNumbers(count, seed));

/** By the definition, entry by entry. */
function plainProduct(
  [rows, inner, columns]: readonly [number, number, number],
  a: (i: number, k: number) => number,
  b: (k: number, j: number) => number,
): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < inner; k += 1) sum += a(Math.floor(at / columns), k) * b(k, at % columns);
    return sum;
  });
}

const SHAPES = [
  [1, 1, 1],
  [2, 3, 4],
  [5, 1, 2],
  [7, 9, 1],
  [13, 17, 11],
  [3, 0, 2],
  [0, 2, 2],
] as const;

describe('products', () => {
  it.each(SHAPES)('multiplies [%i, %i] with [.., %i], stored either way', async (rows, inner, columns) => {
    const a = normalNumbers(rows * inner, 1);
    const b = normalNumbers(inner * columns, 2);
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const expected = plainProduct(
          [rows, inner, columns],
          (i, k) => a[transposeA ? k * rows + i : i * inner + k]!,
          (k, j) => b[transposeB ? j * inner + k : k * columns + j]!,
        );
        const shape = { rows, inner, columns, transposeA, transposeB };
        expect(distanceOf(await referenceNumerics.multiply(a, b, shape), expected)).toBeLessThan(1e-13);
      }
    }
  });

  it.each([
    [0, 3],
    [1, 1],
    [5, 3],
    [8, 6],
    [13, 2],
  ])('adds the Gram matrix of %i samples of %i to what is there', async (count, size) => {
    const x = floats(count * size, 3);
    const gram = new Float64Array(size * size).fill(2);
    await referenceNumerics.addGram(gram, x, size);
    const expected = plainProduct(
      [size, count, size],
      (i, k) => x[k * size + i]!,
      (k, j) => x[k * size + j]!,
    );
    expect(
      distanceOf(
        gram,
        expected.map((value) => value + 2),
      ),
    ).toBeLessThan(1e-13);
  });

  it.each([
    [0, 3, 2],
    [1, 1, 1],
    [6, 3, 5],
    [9, 4, 1],
  ])('adds the cross product of %i samples of %i and %i', async (count, left, right) => {
    const x = floats(count * left, 4);
    const y = floats(count * right, 5);
    const product = new Float64Array(left * right).fill(-1);
    await referenceNumerics.addCrossProduct(product, x, y, { left, right });
    const expected = plainProduct(
      [left, count, right],
      (i, k) => x[k * left + i]!,
      (k, j) => y[k * right + j]!,
    );
    expect(
      distanceOf(
        product,
        expected.map((value) => value - 1),
      ),
    ).toBeLessThan(1e-13);
  });

  it('sums samples in double, whatever their number is', async () => {
    const gram = new Float64Array(1);
    await referenceNumerics.addGram(gram, new Float32Array(1_000_000).fill(0.1), 1);
    const square = Math.fround(0.1) ** 2;
    expect(gram[0]! / 1_000_000).toBeCloseTo(square, 12);
  });
});
