// SPDX-License-Identifier: Apache-2.0
// Singular values by bidiagonalisation and implicit QR steps: Golub and Van Loan, "Matrix Computations", 8.6, with the
// step without a shift of Demmel and Kahan, "Accurate singular values of bidiagonal matrices" (1990), for B that is
// singular. U and V are products of reflections and rotations: orthonormal to rounding, whatever the rank is. What is
// below rounding of the largest singular value counts as zero.
import { bidiagonalize, type Bidiagonal } from './bidiagonal';
import type { SingularValues } from './numerics';
import { transposedOf } from './products';
import { TensorRTError } from '../errors';

/** QR steps for each singular value; two are usual. */
const MOST_STEPS = 60;

/** A = U diag(s) V^T. */
export function singularValuesOf(a: Float64Array, rows: number, columns: number): SingularValues {
  if (rows < columns) {
    const { u, s, vt } = singularValuesOf(transposedOf(a, rows, columns), columns, rows);
    return { u: transposedOf(vt, rows, rows), s, vt: transposedOf(u, columns, rows) };
  }
  const scale = scaleOf(a);
  const reduced = bidiagonalize(
    a.map((value) => value / scale),
    rows,
    columns,
  );
  diagonalize(reduced, { rows, columns });
  return ordered(reduced, { rows, columns, scale });
}

/** A power of two near the largest entry, so that no square overflows. */
function scaleOf(a: Float64Array): number {
  let largest = 0;
  for (const value of a) largest = Math.max(largest, Math.abs(value));
  return largest === 0 ? 1 : 2 ** Math.max(-1000, Math.floor(Math.log2(largest)));
}

/** Makes the part above the diagonal zero by rotations of rows of Q^T and P^T. */
function diagonalize(matrix: Bidiagonal, { rows, columns }: { rows: number; columns: number }): void {
  const { diagonal, upper, qt, pt } = matrix;
  const largest = Math.max(maxAbs(diagonal), maxAbs(upper));
  const negligible = largest * Number.EPSILON;
  let last = columns - 1;
  for (let steps = MOST_STEPS * columns; last > 0; steps -= 1) {
    if (steps === 0) throw new TensorRTError('ERR_TRT_COMPRESS_CHECK', 'Singular values did not converge.');
    flush(diagonal, negligible);
    flush(upper, negligible);
    if (upper[last - 1] === 0) {
      last -= 1;
      continue;
    }
    let first = last - 1;
    while (first > 0 && upper[first - 1] !== 0) first -= 1;
    const rotate: RotatePair = (index, right, left) => {
      rotateRows(pt, index, columns, right);
      rotateRows(qt, index, rows, left);
    };
    const shift = shiftOf(matrix, first, last);
    if (shift === 0) stepWithoutShift(matrix, { first, last }, rotate);
    else stepWithShift(matrix, { first, last, shift }, rotate);
  }
}

interface Rotation {
  readonly c: number;
  readonly s: number;
  /** What the first of the two numbers becomes; the second becomes 0. */
  readonly r: number;
}

type RotatePair = (index: number, right: Rotation, left: Rotation) => void;

function rotationOf(f: number, g: number): Rotation {
  if (g === 0) return { c: 1, s: 0, r: f };
  const r = Math.sqrt(f * f + g * g);
  // Both below what a square can hold: they are nothing beside the largest entry, which is about 1.
  return r === 0 ? { c: 1, s: 0, r: f } : { c: f / r, s: g / r, r };
}

function rotateRows(matrix: Float64Array, index: number, length: number, { c, s }: Rotation): void {
  const upper = index * length;
  const lower = upper + length;
  for (let j = 0; j < length; j += 1) {
    const above = matrix[upper + j]!;
    const below = matrix[lower + j]!;
    matrix[upper + j] = c * above + s * below;
    matrix[lower + j] = c * below - s * above;
  }
}

/** The smaller singular value of the last two by two block; 0 where a shift would lose the small values. */
function shiftOf({ diagonal, upper }: Bidiagonal, first: number, last: number): number {
  if (diagonal.subarray(first, last + 1).includes(0)) return 0;
  const [f, g, h] = [Math.abs(diagonal[last - 1]!), Math.abs(upper[last - 1]!), Math.abs(diagonal[last]!)];
  const [low, high] = [Math.min(f, h), Math.max(f, h)];
  const [sum, difference, part] = [1 + low / high, (high - low) / high, g / high];
  const product = low * (2 / (Math.hypot(sum, part) + Math.hypot(difference, part)));
  return (product / diagonal[first]!) ** 2 < Number.EPSILON ? 0 : product;
}

function stepWithShift(
  { diagonal: d, upper: e }: Bidiagonal,
  { first, last, shift }: { first: number; last: number; shift: number },
  rotate: RotatePair,
): void {
  let f = (Math.abs(d[first]!) - shift) * (Math.sign(d[first]!) + shift / d[first]!);
  let g = e[first]!;
  for (let i = first; i < last; i += 1) {
    const right = rotationOf(f, g);
    if (i > first) e[i - 1] = right.r;
    f = right.c * d[i]! + right.s * e[i]!;
    e[i] = right.c * e[i]! - right.s * d[i]!;
    g = right.s * d[i + 1]!;
    d[i + 1]! *= right.c;
    const left = rotationOf(f, g);
    d[i] = left.r;
    f = left.c * e[i]! + left.s * d[i + 1]!;
    d[i + 1] = left.c * d[i + 1]! - left.s * e[i]!;
    if (i + 1 < last) {
      g = left.s * e[i + 1]!;
      e[i + 1]! *= left.c;
    }
    rotate(i, right, left);
  }
  e[last - 1] = f;
}

function stepWithoutShift(
  { diagonal: d, upper: e }: Bidiagonal,
  { first, last }: { first: number; last: number },
  rotate: RotatePair,
): void {
  let right: Rotation = { c: 1, s: 0, r: 0 };
  let left: Rotation = { c: 1, s: 0, r: 0 };
  for (let i = first; i < last; i += 1) {
    right = rotationOf(d[i]! * right.c, e[i]!);
    if (i > first) e[i - 1] = left.s * right.r;
    left = rotationOf(left.c * right.r, d[i + 1]! * right.s);
    d[i] = left.r;
    rotate(i, right, left);
  }
  const rest = d[last]! * right.c;
  d[last] = rest * left.c;
  e[last - 1] = rest * left.s;
}

function maxAbs(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function flush(values: Float64Array, negligible: number): void {
  for (let i = 0; i < values.length; i += 1) if (Math.abs(values[i]!) <= negligible) values[i] = 0;
}

/** Not negative and descending. */
function ordered(
  { diagonal, qt, pt }: Bidiagonal,
  { rows, columns, scale }: { rows: number; columns: number; scale: number },
): SingularValues {
  const order = Array.from(diagonal.keys()).sort(
    (a, b) => Math.abs(diagonal[b]!) - Math.abs(diagonal[a]!) || a - b,
  );
  const u = new Float64Array(rows * columns);
  const s = new Float64Array(columns);
  const vt = new Float64Array(columns * columns);
  for (const [to, from] of order.entries()) {
    const sign = diagonal[from]! < 0 ? -1 : 1;
    s[to] = Math.abs(diagonal[from]!) * scale;
    for (let i = 0; i < rows; i += 1) u[i * columns + to] = qt[from * rows + i]!;
    for (let j = 0; j < columns; j += 1) vt[to * columns + j] = sign * pt[from * columns + j]!;
  }
  return { u, s, vt };
}
