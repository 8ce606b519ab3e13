// SPDX-License-Identifier: Apache-2.0
// What every implementation refuses, in the same words.
import { TensorRTError } from '../errors';
import { integer, oneOf, rejectUnknownOptions } from '../option-checks';
import type { KMeansOptions, ProductShape } from './numerics';

/** Clusters have 16 bits. */
const MOST_CLUSTERS = 65_536;

const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Refuses what is no size, by name. */
function checkSizes(caller: string, sizes: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (isSize(value)) continue;
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `${caller}() expects a whole number that is not negative as "${name}", not ${String(value)}.`,
      { details: { argument: name, received: String(value) } },
    );
  }
}

interface Expected {
  readonly name: string;
  readonly array: Float32Array | Float64Array;
  readonly type: typeof Float32Array | typeof Float64Array;
  /** As the message says it. */
  readonly dims: readonly number[];
}

/** Refuses an array of another type or length. */
function checkMatrix(caller: string, { name, array, type, dims }: Expected): void {
  if (!(array instanceof type)) {
    throw new TensorRTError('ERR_TRT_ARG_TYPE', `${caller}() expects "${name}" as a ${type.name}.`, {
      details: { argument: name, expected: type.name },
    });
  }
  const length = dims.reduce((product, dim) => product * dim, 1);
  if (array.length === length) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `${caller}() expects "${name}" with ${length} values, [${dims.join(', ')}], not ${array.length}.`,
    { details: { argument: name, expected: length, received: array.length } },
  );
}

/** How many rows of `size` values there are; refuses a part of one. */
function rowCount(caller: string, name: string, array: Float32Array, size: number): number {
  const count = size === 0 ? 0 : Math.floor((array as Float32Array | undefined)?.length ?? 0) / size;
  if (Number.isInteger(count) && (size > 0 || array.length === 0)) return count;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `${caller}() expects whole rows of ${size} values as "${name}", not ${array.length} values.`,
    { details: { argument: name, rowLength: size, received: array.length } },
  );
}

/** Refuses NaN and infinity. */
function checkFinite(caller: string, name: string, array: Float32Array | Float64Array): void {
  const index = array.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `${caller}() expects finite numbers as "${name}", not ${String(array[index])} at position ${index}.`,
    { details: { argument: name, index } },
  );
}

/** Of `addGram`. */
export function checkGram(gram: Float64Array, samples: Float32Array, size: number): void {
  checkSizes('addGram', { size });
  checkMatrix('addGram', { name: 'gram', array: gram, type: Float64Array, dims: [size, size] });
  const count = rowCount('addGram', 'samples', samples, size);
  checkMatrix('addGram', { name: 'samples', array: samples, type: Float32Array, dims: [count, size] });
}

/** Of `addCrossProduct`. */
export function checkCrossProduct(
  product: Float64Array,
  x: Float32Array,
  y: Float32Array,
  { left, right }: { readonly left: number; readonly right: number },
): void {
  checkSizes('addCrossProduct', { left, right });
  checkMatrix('addCrossProduct', {
    name: 'product',
    array: product,
    type: Float64Array,
    dims: [left, right],
  });
  const count = Math.max(
    rowCount('addCrossProduct', 'x', x, left),
    rowCount('addCrossProduct', 'y', y, right),
  );
  checkMatrix('addCrossProduct', { name: 'x', array: x, type: Float32Array, dims: [count, left] });
  checkMatrix('addCrossProduct', { name: 'y', array: y, type: Float32Array, dims: [count, right] });
}

/** Of `multiply`. */
export function checkProduct(a: Float64Array, b: Float64Array, shape: ProductShape): void {
  const { rows, inner, columns, transposeA = false, transposeB = false } = shape;
  checkSizes('multiply', { rows, inner, columns });
  const ofA = transposeA ? [inner, rows] : [rows, inner];
  const ofB = transposeB ? [columns, inner] : [inner, columns];
  checkMatrix('multiply', { name: 'a', array: a, type: Float64Array, dims: ofA });
  checkMatrix('multiply', { name: 'b', array: b, type: Float64Array, dims: ofB });
}

/** Of `cholesky`. */
export function checkCholesky(a: Float64Array, size: number): void {
  checkSizes('cholesky', { size });
  checkMatrix('cholesky', { name: 'a', array: a, type: Float64Array, dims: [size, size] });
}

/** Of `solveTriangular`. A zero on the diagonal is refused: there is no solution, or more than one. */
export function checkTriangular(
  l: Float64Array,
  b: Float64Array,
  { size, columns }: { readonly size: number; readonly columns: number },
): void {
  checkSizes('solveTriangular', { size, columns });
  checkMatrix('solveTriangular', { name: 'l', array: l, type: Float64Array, dims: [size, size] });
  checkMatrix('solveTriangular', { name: 'b', array: b, type: Float64Array, dims: [size, columns] });
  for (let i = 0; i < size; i += 1) {
    if (l[i * size + i] !== 0) continue;
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `solveTriangular() expects no 0 on the diagonal of "l"; there is one in row ${i}.`,
      { details: { argument: 'l', row: i } },
    );
  }
}

/** Of `svd`. */
export function checkSvd(
  a: Float64Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): void {
  checkSizes('svd', { rows, columns });
  checkMatrix('svd', { name: 'a', array: a, type: Float64Array, dims: [rows, columns] });
  checkFinite('svd', 'a', a);
}

/** Of `kMeans`. */
export function checkKMeans(values: Float32Array, options: KMeansOptions): void {
  rejectUnknownOptions('kMeans', options, ['clusters', 'weights', 'seed', 'method']);
  const { clusters, weights, seed, method } = options;
  integer(1, MOST_CLUSTERS)('clusters', clusters);
  if (seed !== undefined) integer(0, 2 ** 32 - 1)('seed', seed);
  if (method !== undefined) oneOf('auto', 'exact', 'lloyd')('method', method);
  const length = (values as Float32Array | undefined)?.length ?? 0;
  checkMatrix('kMeans', { name: 'values', array: values, type: Float32Array, dims: [length] });
  if (length === 0)
    throw new TensorRTError('ERR_TRT_ARG_VALUE', 'kMeans() expects at least one value, not none.');
  checkFinite('kMeans', 'values', values);
  if (weights === undefined) return;
  checkMatrix('kMeans', { name: 'weights', array: weights, type: Float32Array, dims: [length] });
  checkFinite('kMeans', 'weights', weights);
  const negative = weights.findIndex((weight) => weight < 0);
  if (negative < 0) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `kMeans() expects weights that are not negative, not ${weights[negative]!} at position ${negative}.`,
    { details: { argument: 'weights', index: negative } },
  );
}
