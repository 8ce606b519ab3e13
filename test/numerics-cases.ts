// SPDX-License-Identifier: Apache-2.0
// Matrices and values that the tests of every implementation of Numerics share.
import { createUniform } from '../lib/random';
import type { Numerics, SingularValues } from '../lib/numerics/numerics';

/** Normally distributed numbers, of the seed alone. */
export function normalNumbers(count: number, seed: number): Float64Array {
  const uniform = createUniform(seed);
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** The numbers that scripts/references/numerics.py makes from a seed: exact in float32. */
export function madeNumbers(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (((state >>> 16) % 1025) - 512) / 64;
  });
}

/** The largest difference of two arrays; NaN where one has it. */
export function distanceOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i += 1) {
    const distance = Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(distance)) return NaN;
    most = Math.max(most, distance);
  }
  return most;
}

/** The largest magnitude of an array. */
export function largestOf(values: ArrayLike<number>): number {
  return distanceOf(values, new Float64Array(values.length));
}

export interface MatrixCase {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly make: () => Float64Array;
}

const random = (rows: number, columns: number): MatrixCase => ({
  name: `random ${rows} x ${columns}`,
  rows,
  columns,
  make: () => normalNumbers(rows * columns, rows * 1000 + columns),
});

const special = (
  name: string,
  [rows, columns]: readonly [number, number],
  entry: (i: number, j: number) => number,
): MatrixCase => ({
  name,
  rows,
  columns,
  make: () =>
    Float64Array.from({ length: rows * columns }, (_, k) => entry(Math.floor(k / columns), k % columns)),
});

/** All of rank `rank`. */
function productCase(name: string, [rows, columns]: readonly [number, number], rank: number): MatrixCase {
  const left = normalNumbers(rows * rank, 5);
  const right = normalNumbers(rank * columns, 6);
  return special(name, [rows, columns], (i, j) => {
    let sum = 0;
    for (let k = 0; k < rank; k += 1) sum += left[i * rank + k]! * right[k * columns + j]!;
    return sum;
  });
}

/** Shapes and ranks that a decomposition has to treat. */
export const MATRIX_CASES: readonly MatrixCase[] = [
  ...(
    [
      [0, 0],
      [0, 3],
      [3, 0],
      [1, 1],
      [1, 7],
      [7, 1],
      [2, 2],
      [5, 3],
      [3, 5],
      [16, 16],
      [33, 32],
      [64, 65],
      [97, 41],
      [41, 130],
      [300, 7],
    ] as const
  ).map(([rows, columns]) => random(rows, columns)),
  special('zero', [6, 4], () => 0),
  special('one value everywhere', [20, 30], () => 3),
  special('the identity: all singular values alike', [50, 50], (i, j) => (i === j ? 1 : 0)),
  special('a permutation with signs', [24, 24], (i, j) => ((i * 7 + 3) % 24 === j ? (i % 2 ? -2 : 2) : 0)),
  productCase('rank 3 of 40', [60, 40], 3),
  productCase('rank 1 of 35, wide', [35, 70], 1),
  special('one row that is not zero', [30, 20], (i, j) => (i === 11 ? j + 1 : 0)),
  special('columns that are equal', [31, 18], (i, j) => Math.sin(i * 3 + (j >> 1))),
  special('scales from 1 down to 1e-40', [40, 40], (i, j) => Math.cos(i * j + i) * 10 ** -j),
  special('scales from 1e-40 up to 1', [40, 40], (i, j) => Math.cos(i * j + i) * 10 ** (j - 39)),
  special('tiny numbers', [12, 9], (i, j) => Math.sin(i + 5 * j) * 1e-300),
  special('huge numbers', [9, 12], (i, j) => Math.sin(i + 5 * j) * 1e300),
  special('Hilbert, condition above 1e20', [30, 30], (i, j) => 1 / (i + j + 1)),
  special('bidiagonal with zeros on the diagonal', [25, 25], (i, j) =>
    i === j ? Number(i % 5 !== 2) : Number(j === i + 1),
  ),
];

/** How far a decomposition is from what it promises, beside the largest singular value. */
export interface SvdFaults {
  readonly product: number;
  readonly u: number;
  readonly v: number;
  readonly isOrdered: boolean;
}

/** U diag(s) V^T beside A, U^T U and V^T V beside the identity. */
export async function svdFaults(
  numerics: Numerics,
  a: Float64Array,
  { u, s, vt }: SingularValues,
  [rows, columns]: readonly [number, number],
): Promise<SvdFaults> {
  const count = Math.min(rows, columns);
  const largest = s[0] === undefined || s[0] === 0 ? 1 : s[0];
  const relative = (values: Float64Array): Float64Array => values.map((value) => value / largest);
  const scaled = u.map((value, i) => value * (s[i % count]! / largest));
  const product = await numerics.multiply(scaled, vt, { rows, inner: count, columns });
  const identity = Float64Array.from({ length: count * count }, (_, i) => Number(i % (count + 1) === 0));
  const ofU = { rows: count, inner: rows, columns: count, transposeA: true };
  const ofV = { rows: count, inner: columns, columns: count, transposeB: true };
  return {
    product: distanceOf(product, relative(a)),
    u: distanceOf(await numerics.multiply(u, u, ofU), identity),
    v: distanceOf(await numerics.multiply(vt, vt, ofV), identity),
    isOrdered: s.every((value, i) => value >= 0 && (i === 0 || value <= s[i - 1]!)),
  };
}

export interface ValuesCase {
  readonly name: string;
  readonly values: Float32Array;
  readonly weights?: Float32Array;
  readonly clusters: number;
}

const normals = (count: number, seed: number): Float32Array => Float32Array.from(normalNumbers(count, seed));
const positives = (count: number, seed: number): Float32Array =>
  normals(count, seed).map((value) => value * value);

/** Values that clusters have to be found in. */
export const VALUES_CASES: readonly ValuesCase[] = [
  { name: 'one value', values: Float32Array.of(3), clusters: 4 },
  { name: 'one value many times', values: new Float32Array(500).fill(-2), clusters: 16 },
  { name: 'zero and minus zero', values: Float32Array.of(0, -0, 1, -0), clusters: 3 },
  { name: 'as many as there are', values: Float32Array.of(3, 1, 2, 3, 1), clusters: 3 },
  { name: 'one cluster', values: normals(1000, 1), clusters: 1 },
  { name: 'two', values: normals(65, 2), clusters: 2 },
  { name: 'normal', values: normals(5000, 3), clusters: 16 },
  { name: 'normal, 256', values: normals(4000, 4), clusters: 256 },
  { name: 'weighted', values: normals(5000, 5), weights: positives(5000, 6), clusters: 16 },
  {
    name: 'weights of which most are 0',
    values: normals(3000, 7),
    weights: positives(3000, 8).map((weight) => Math.max(0, weight - 2)),
    clusters: 8,
  },
  { name: 'weights that are all 0', values: normals(300, 9), weights: new Float32Array(300), clusters: 8 },
  {
    name: 'repeated values',
    values: normals(9000, 10).map((value) => Math.round(value * 8) / 8),
    clusters: 12,
  },
  {
    name: 'an outlier on each side',
    values: Float32Array.of(...normals(800, 11), 1e30, -1e30, 1e30),
    clusters: 10,
  },
  {
    name: 'scales from 1e-30 to 1e30',
    values: normals(600, 12).map((value, i) => value * 10 ** ((i % 61) - 30)),
    clusters: 7,
  },
  { name: 'far from zero', values: normals(4000, 13).map((value) => 1e6 + value), clusters: 5 },
  {
    name: 'mostly zero',
    values: normals(4000, 14).map((value) => (Math.abs(value) < 1.5 ? 0 : value)),
    clusters: 16,
  },
];
