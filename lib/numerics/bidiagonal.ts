// SPDX-License-Identifier: Apache-2.0
// A = Q B P^T by Householder reflections, as in Golub and Kahan, "Calculating the singular values and pseudo-inverse of
// a matrix" (1965). Q and P^T are kept so that every later rotation combines two rows, which lie in one piece.

/** B, upper bidiagonal, and the orthonormal factors around it. */
export interface Bidiagonal {
  /** `[columns]`. */
  readonly diagonal: Float64Array;
  /** `[columns - 1]`, above the diagonal. */
  readonly upper: Float64Array;
  /** Q^T `[columns, rows]`. */
  readonly qt: Float64Array;
  /** P^T `[columns, columns]`. */
  readonly pt: Float64Array;
}

/** H = I - tau v v^T, v being 0 before `from` and 1 there. */
interface Reflection {
  readonly v: Float64Array;
  readonly tau: number;
  readonly from: number;
}

/** Reduces A `[rows, columns]`, rows >= columns, and destroys it. Its entries must be far from overflow. */
export function bidiagonalize(a: Float64Array, rows: number, columns: number): Bidiagonal {
  const diagonal = new Float64Array(columns);
  const upper = new Float64Array(Math.max(0, columns - 1));
  const lefts: Reflection[] = [];
  const rights: Reflection[] = [];
  for (let k = 0; k < columns; k += 1) {
    const column = Float64Array.from({ length: rows }, (_, i) => (i < k ? 0 : a[i * columns + k]!));
    const left = reflectionOf(column, k);
    diagonal[k] = left.value;
    lefts.push(left);
    reflectColumns(a, { rows, columns, from: k + 1 }, left);
    if (k + 1 >= columns) continue;
    const right = reflectionOf(a.slice(k * columns, (k + 1) * columns), k + 1);
    upper[k] = right.value;
    rights.push(right);
    reflectRows(a, { first: k + 1, rows, columns }, right);
  }
  return {
    diagonal,
    upper,
    qt: transposedProductOf(lefts, columns, rows),
    pt: transposedProductOf(rights, columns, columns),
  };
}

/** The reflection that leaves of `x`, from `from` on, only its first entry, which becomes `value`. */
function reflectionOf(x: Float64Array, from: number): Reflection & { readonly value: number } {
  let below = 0;
  for (let i = from + 1; i < x.length; i += 1) below += x[i]! * x[i]!;
  const first = x[from]!;
  if (below === 0) return { v: x, tau: 0, from, value: first };
  const norm = Math.sqrt(first * first + below);
  const value = first > 0 ? -norm : norm;
  x[from] = 1;
  for (let i = from + 1; i < x.length; i += 1) x[i]! /= first - value;
  return { v: x, tau: (value - first) / value, from, value };
}

/** A <- H A, in the columns from `from` on. */
function reflectColumns(
  a: Float64Array,
  { rows, columns, from }: { rows: number; columns: number; from: number },
  { v, tau, from: first }: Reflection,
): void {
  if (tau === 0) return;
  const sums = new Float64Array(columns);
  for (let i = first; i < rows; i += 1) {
    for (let j = from; j < columns; j += 1) sums[j]! += v[i]! * a[i * columns + j]!;
  }
  for (let i = first; i < rows; i += 1) {
    const scale = tau * v[i]!;
    for (let j = from; j < columns; j += 1) a[i * columns + j]! -= scale * sums[j]!;
  }
}

/** A <- A H, in the rows from `first` on. */
function reflectRows(
  a: Float64Array,
  { first, rows, columns }: { first: number; rows: number; columns: number },
  { v, tau, from }: Reflection,
): void {
  if (tau === 0) return;
  for (let i = first; i < rows; i += 1) {
    let sum = 0;
    for (let j = from; j < columns; j += 1) sum += a[i * columns + j]! * v[j]!;
    for (let j = from; j < columns; j += 1) a[i * columns + j]! -= tau * sum * v[j]!;
  }
}

/** The first `rows` rows of (H0 H1 H2 ...)^T. */
function transposedProductOf(
  reflections: readonly Reflection[],
  rows: number,
  columns: number,
): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i += 1) result[i * columns + i] = 1;
  for (const reflection of [...reflections].reverse())
    reflectRows(result, { first: Math.min(reflection.from, rows), rows, columns }, reflection);
  return result;
}
