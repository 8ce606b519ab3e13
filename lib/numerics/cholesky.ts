// SPDX-License-Identifier: Apache-2.0

/** L with L L^T = A in the place of A, row by row. False where A is not positive definite. */
export function choleskyOf(a: Float64Array, size: number): boolean {
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const rest = a[i * size + j]! - dotOfRows(a, i * size, j * size, j);
      a[i * size + j] = rest / a[j * size + j]!;
    }
    const pivot = a[i * size + i]! - dotOfRows(a, i * size, i * size, i);
    // Said this way round so that NaN is refused.
    if (!(pivot > 0 && pivot < Infinity)) return false;
    a[i * size + i] = Math.sqrt(pivot);
    a.fill(0, i * size + i + 1, (i + 1) * size);
  }
  return true;
}

function dotOfRows(a: Float64Array, first: number, second: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k += 1) sum += a[first + k]! * a[second + k]!;
  return sum;
}

/** Solves L Y = B, or L^T Y = B, in the place of B. */
export function solveTriangularOf(
  l: Float64Array,
  b: Float64Array,
  sizes: { readonly size: number; readonly columns: number; readonly transposed?: boolean },
): void {
  const { size, columns, transposed = false } = sizes;
  for (let step = 0; step < size; step += 1) {
    const i = transposed ? size - 1 - step : step;
    for (let j = 0; j < i; j += 1) {
      // Forward, row i takes what rows above it gave; backward, it gives to them once it is known.
      if (!transposed) subtractRow(b, { to: i, from: j, columns }, l[i * size + j]!);
    }
    for (let c = 0; c < columns; c += 1) b[i * columns + c]! /= l[i * size + i]!;
    if (transposed) {
      for (let j = 0; j < i; j += 1) subtractRow(b, { to: j, from: i, columns }, l[i * size + j]!);
    }
  }
}

function subtractRow(
  b: Float64Array,
  { to, from, columns }: { to: number; from: number; columns: number },
  scale: number,
): void {
  for (let c = 0; c < columns; c += 1) b[to * columns + c]! -= scale * b[from * columns + c]!;
}
