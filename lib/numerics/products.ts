// SPDX-License-Identifier: Apache-2.0
import type { ProductShape } from './numerics';

/** Adds X^T X to the symmetric `gram`; four samples go through the matrix at once. */
export function addGramOf(gram: Float64Array, samples: Float32Array, size: number): void {
  const count = size === 0 ? 0 : samples.length / size;
  const rows = new Float64Array(4 * size);
  for (let first = 0; first < count; first += 4) {
    rows.fill(0);
    rows.set(samples.subarray(first * size, Math.min(first + 4, count) * size));
    for (let i = 0; i < size; i += 1) {
      const scales = [rows[i]!, rows[size + i]!, rows[2 * size + i]!, rows[3 * size + i]!] as const;
      addRows(gram, i * size, { rows, size, from: i }, scales);
    }
  }
  mirrorUpper(gram, size);
}

/** Adds X^T Y to `product`. */
export function addCrossProductOf(
  product: Float64Array,
  x: Float32Array,
  y: Float32Array,
  { left, right }: { readonly left: number; readonly right: number },
): void {
  const count = left === 0 ? 0 : x.length / left;
  const rows = new Float64Array(4 * right);
  const scaleOf = (sample: number, i: number): number => (sample < count ? x[sample * left + i]! : 0);
  for (let first = 0; first < count; first += 4) {
    rows.fill(0);
    rows.set(y.subarray(first * right, Math.min(first + 4, count) * right));
    for (let i = 0; i < left; i += 1) {
      const scales = [0, 1, 2, 3].map((k) => scaleOf(first + k, i)) as unknown as FourScales;
      addRows(product, i * right, { rows, size: right, from: 0 }, scales);
    }
  }
}

type FourScales = readonly [number, number, number, number];

/** target[at + j] += sum of scales[k] * rows[k][j], for j from `from` on. */
function addRows(
  target: Float64Array,
  at: number,
  { rows, size, from }: { rows: Float64Array; size: number; from: number },
  [s0, s1, s2, s3]: FourScales,
): void {
  for (let j = from; j < size; j += 1) {
    target[at + j]! +=
      s0 * rows[j]! + s1 * rows[size + j]! + s2 * rows[2 * size + j]! + s3 * rows[3 * size + j]!;
  }
}

function mirrorUpper(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i += 1) {
    for (let j = i + 1; j < size; j += 1) matrix[j * size + i] = matrix[i * size + j]!;
  }
}

/** op(A) op(B) as a new matrix. */
export function productOf(a: Float64Array, b: Float64Array, shape: ProductShape): Float64Array {
  const { rows, inner, columns, transposeA = false, transposeB = false } = shape;
  const right = transposeB ? transposedOf(b, columns, inner) : b;
  const [rowStep, innerStep] = transposeA ? [1, rows] : [inner, 1];
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i += 1) {
    for (let k = 0; k < inner; k += 1) {
      const scale = a[i * rowStep + k * innerStep]!;
      for (let j = 0; j < columns; j += 1) product[i * columns + j]! += scale * right[k * columns + j]!;
    }
  }
  return product;
}

/** A matrix `[rows, columns]` as `[columns, rows]`. */
export function transposedOf(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) result[j * rows + i] = matrix[i * columns + j]!;
  }
  return result;
}
