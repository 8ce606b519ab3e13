// SPDX-License-Identifier: Apache-2.0
// From what a layer reads and should make to its factors. `W` is the matrix that makes the wanted outputs best, whole:
// with the Gram matrix of its inputs the best factors of a rank follow from it alone, the outputs are not needed again.
//
// Sources: Jaderberg et al. 2014 (spatial), Zhang et al. 2015 (channels), Kim et al. 2016 (Tucker-2); Izenman 1975 for
// regression of reduced rank.

import type { Numerics } from '../../numerics/numerics';
import { lostShares, takeApart, transposed, type Matrix, type Spectrum } from './low-rank';
import { sizeOf, type FactorForm, type LayerShape } from './rank-costs';
import type { LayerFactors } from './write-factors';

/** A layer to take apart. */
export interface FactorTask {
  readonly shape: LayerShape;
  /** `[outputs][channels * taps]`. */
  readonly weights: Float64Array;
  /** X^T X of its inputs; undefined without data. */
  readonly gram: Float64Array | undefined;
}

/** Shares of energy that are lost at each rank of a form: `[inputs' side]`, and for Tucker's `[outputs' side]`. */
export interface FormLosses {
  readonly form: FactorForm;
  readonly losses: readonly Float64Array[];
}

/** What each form of a layer loses at each rank. */
export async function measureForms(
  task: FactorTask,
  forms: readonly FactorForm[],
  numerics: Numerics,
): Promise<FormLosses[]> {
  const results: FormLosses[] = [];
  for (const form of forms) {
    const losses: Float64Array[] = [];
    if (form !== 'channel') losses.push(lostShares((await innerSpectrum(task, form, numerics)).energies));
    if (form !== 'spatial') losses.push(lostShares((await outerSpectrum(task, numerics)).energies));
    results.push({ form, losses });
  }
  return results;
}

/** The factors of a form and rank. */
export async function factorsOf(
  task: FactorTask,
  { form, ranks }: { form: FactorForm; ranks: readonly number[] },
  numerics: Numerics,
): Promise<LayerFactors> {
  if (form === 'channel') {
    const { first, second } = await (await outerSpectrum(task, numerics)).factorsAt(ranks[0]!);
    return { form, ranks, matrices: [first, second] };
  }
  const { outputs, channels, kernel } = task.shape;
  const taps = sizeOf(kernel);
  const [rank, outer] = ranks as [number, number];
  const inner = await (await innerSpectrum(task, form, numerics)).factorsAt(rank);
  if (form === 'spatial') {
    const second = await refitSpatial(task, { rank, ...inner }, numerics);
    return { form, ranks, matrices: [inner.first, second] };
  }
  // What is left is a layer of fewer channels, with its inputs known.
  const map = channelMap(inner.first, { rank, channels, taps });
  const rest: FactorTask = {
    shape: { ...task.shape, channels: rank },
    weights: await refit(task, { map, start: fromTaps(inner.second, { outputs, taps, rank }) }, numerics),
    gram: await mappedGram(task.gram, map, numerics),
  };
  const { first, second } = await (await outerSpectrum(rest, numerics)).factorsAt(outer);
  return { form, ranks, matrices: [inner.first, first, second] };
}

/** Rows are outputs. */
function outerSpectrum({ shape, weights, gram }: FactorTask, numerics: Numerics): Promise<Spectrum> {
  const w: Matrix = { rows: shape.outputs, columns: shape.channels * sizeOf(shape.kernel), values: weights };
  return takeApart(w, gram, numerics);
}

/** Columns are channels, or channels and the first axis of the kernel; all else is rows. */
async function innerSpectrum(task: FactorTask, form: FactorForm, numerics: Numerics): Promise<Spectrum> {
  const { shape, weights, gram } = task;
  const { outputs, channels, kernel } = shape;
  const height = form === 'spatial' ? kernel[0]! : 1;
  const rest = sizeOf(kernel) / height;
  const values = new Float64Array(weights.length);
  const columns = channels * height;
  for (let o = 0, from = 0; o < outputs; o++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < height; i++)
        for (let j = 0; j < rest; j++, from++)
          values[(o * rest + j) * columns + c * height + i] = weights[from]!;
  const inner = gram === undefined ? undefined : reducedGram(gram, { channels, height, rest });
  return takeApart({ rows: outputs * rest, columns, values }, inner, numerics);
}

/** What factors compute together: `[outputs][channels * taps]`. */
export async function productOfFactors(
  { form, ranks, matrices }: LayerFactors,
  { outputs, channels, kernel }: LayerShape,
  numerics: Numerics,
): Promise<Float64Array> {
  const taps = sizeOf(kernel);
  const columns = channels * taps;
  const [first, second, third] = matrices as [Float64Array, Float64Array, Float64Array];
  const [rank, outer] = ranks as [number, number];
  if (form === 'channel') return numerics.multiply(second, first, { rows: outputs, inner: rank, columns });
  const map =
    form === 'tucker'
      ? channelMap(first, { rank, channels, taps })
      : spatialMap(first, { rank, channels, kernel });
  const rest =
    form === 'tucker'
      ? await numerics.multiply(third, second, { rows: outputs, inner: outer, columns: map.rows })
      : second;
  return numerics.multiply(rest, map.values, { rows: outputs, inner: map.rows, columns });
}

interface InnerShape {
  readonly channels: number;
  readonly height: number;
  readonly rest: number;
}

/** X^T X of channels and the first axis of the kernel, summed over the rest of it. */
function reducedGram(gram: Float64Array, { channels, height, rest }: InnerShape): Float64Array {
  const columns = channels * height;
  const inputs = columns * rest;
  const result = new Float64Array(columns * columns);
  for (let a = 0; a < columns; a++)
    for (let b = 0; b < columns; b++)
      for (let j = 0; j < rest; j++)
        result[a * columns + b]! += gram[(a * rest + j) * inputs + b * rest + j]!;
  return result;
}

/** `[outputs * taps][rank]` to `[outputs][rank * taps]`. */
function fromTaps(
  values: Float64Array,
  { outputs, taps, rank }: { outputs: number; taps: number; rank: number },
): Float64Array {
  const result = new Float64Array(values.length);
  for (let o = 0; o < outputs; o++)
    for (let t = 0; t < taps; t++)
      for (let r = 0; r < rank; r++) result[(o * rank + r) * taps + t] = values[(o * taps + t) * rank + r]!;
  return result;
}

/** What makes the inputs of the rest of a layer of its own inputs: `[rank * taps][channels * taps]`. */
function channelMap(
  first: Float64Array,
  { rank, channels, taps }: { rank: number; channels: number; taps: number },
): Matrix {
  const [rows, columns] = [rank * taps, channels * taps];
  const values = new Float64Array(rows * columns);
  for (let r = 0; r < rank; r++)
    for (let c = 0; c < channels; c++)
      for (let t = 0; t < taps; t++)
        values[(r * taps + t) * columns + c * taps + t] = first[r * channels + c]!;
  return { rows, columns, values };
}

/** The second convolution along the other axis, for the first one as it is. */
async function refitSpatial(
  task: FactorTask,
  { rank, first, second }: { rank: number; first: Float64Array; second: Float64Array },
  numerics: Numerics,
): Promise<Float64Array> {
  const { outputs, channels, kernel } = task.shape;
  const map = spatialMap(first, { rank, channels, kernel });
  return refit(task, { map, start: fromTaps(second, { outputs, taps: kernel[1]!, rank }) }, numerics);
}

/** The same where the first axis of the kernel is summed: `[rank * width][channels * taps]`. */
function spatialMap(
  first: Float64Array,
  { rank, channels, kernel }: { rank: number; channels: number; kernel: readonly number[] },
): Matrix {
  const [height, width] = kernel as [number, number];
  const columns = channels * height * width;
  const values = new Float64Array(rank * width * columns);
  for (let r = 0; r < rank; r++)
    for (let at = 0; at < channels * height; at++)
      for (let j = 0; j < width; j++)
        values[(r * width + j) * columns + at * width + j] = first[r * channels * height + at]!;
  return { rows: rank * width, columns, values };
}

/** P X^T X P^T. */
async function mappedGram(
  gram: Float64Array | undefined,
  map: Matrix,
  numerics: Numerics,
): Promise<Float64Array | undefined> {
  if (gram === undefined) return undefined;
  const { rows, columns, values } = map;
  const half = await numerics.multiply(values, gram, { rows, inner: columns, columns });
  return numerics.multiply(half, values, { rows, inner: columns, columns: rows, transposeB: true });
}

/** Part of the mean energy that pulls towards the start. */
const PULL = 1e-6;

/**
 * The weights V that make of mapped inputs what W makes of its own best: min |V P x - W x|^2, a little pulled towards a start.
 *
 * @returns `start` without data, or where the system cannot be solved
 */
async function refit(
  { shape, weights, gram }: FactorTask,
  { map, start }: { map: Matrix; start: Float64Array },
  numerics: Numerics,
): Promise<Float64Array> {
  const system = await mappedGram(gram, map, numerics);
  if (gram === undefined || system === undefined) return start;
  const { outputs } = shape;
  const { rows: size, columns, values } = map;
  let trace = 0;
  for (let i = 0; i < size; i++) trace += system[i * size + i]!;
  const pull = (PULL * trace) / size;
  const half = await numerics.multiply(values, gram, { rows: size, inner: columns, columns });
  const right = await numerics.multiply(half, weights, {
    rows: size,
    inner: columns,
    columns: outputs,
    transposeB: true,
  });
  for (let i = 0; i < size; i++) {
    system[i * size + i]! += pull;
    for (let o = 0; o < outputs; o++) right[i * outputs + o]! += pull * start[o * size + i]!;
  }
  if (!(await numerics.cholesky(system, size))) return start;
  await numerics.solveTriangular(system, right, { size, columns: outputs });
  await numerics.solveTriangular(system, right, { size, columns: outputs, transposed: true });
  return transposed(right, { rows: size, columns: outputs });
}
