// SPDX-License-Identifier: Apache-2.0

/**
 * The upper triangular U with `U^T U = H^-1` of a symmetric, positive definite H, by one factorisation and one inversion
 * of a triangle: H = R R^T with R upper triangular, from the last column to the first, and U = R^-1.
 *
 * @param matrix - H, row-major `[size, size]`. It is overwritten with U.
 * @returns false if H is not positive definite
 */
export function invertToUpperFactor(matrix: Float64Array, size: number): boolean {
  return factorUpper(matrix, size) && invertUpper(matrix, size);
}

/** R of H = R R^T in place of the upper triangle, zeros below. */
function factorUpper(h: Float64Array, size: number): boolean {
  for (let j = size - 1; j >= 0; j--) {
    const pivotRow = j * size;
    let diagonal = h[pivotRow + j]!;
    for (let k = j + 1; k < size; k++) diagonal -= h[pivotRow + k]! ** 2;
    if (!(diagonal > 0)) return false;
    const pivot = Math.sqrt(diagonal);
    h[pivotRow + j] = pivot;
    for (let i = 0; i < j; i++) {
      const row = i * size;
      h[row + j] = (h[row + j]! - dot(h, row + j + 1, pivotRow + j + 1, size - j - 1)) / pivot;
    }
    for (let k = 0; k < j; k++) h[pivotRow + k] = 0;
  }
  return true;
}

/** Four sums at a time: one alone waits for each addition. */
function dot(values: Float64Array, a: number, b: number, length: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 4 <= length; k += 4) {
    s0 += values[a + k]! * values[b + k]!;
    s1 += values[a + k + 1]! * values[b + k + 1]!;
    s2 += values[a + k + 2]! * values[b + k + 2]!;
    s3 += values[a + k + 3]! * values[b + k + 3]!;
  }
  for (; k < length; k++) s0 += values[a + k]! * values[b + k]!;
  return s0 + s1 + s2 + s3;
}

/** The inverse of an upper triangle in its place, row by row from the last one on. */
function invertUpper(r: Float64Array, size: number): boolean {
  const row = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) {
    const at = i * size;
    const pivot = 1 / r[at + i]!;
    row.fill(0);
    // Rows below are inverted already: row i of the inverse is -r[i, i+1:] times them, over the pivot.
    for (let k = i + 1; k < size; k++) {
      const factor = r[at + k]!;
      if (factor === 0) continue;
      const below = k * size;
      for (let j = k; j < size; j++) row[j]! -= factor * r[below + j]!;
    }
    r[at + i] = pivot;
    for (let j = i + 1; j < size; j++) r[at + j] = row[j]! * pivot;
  }
  return true;
}
