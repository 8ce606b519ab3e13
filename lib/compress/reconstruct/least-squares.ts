// SPDX-License-Identifier: Apache-2.0
// min ||X' W' - Y||^2 + lambda ||W' - W||^2 over the weights of a layer, where X' is what it reads in the compressed
// model and Y what it makes in the source. With a bias the mean of both is taken away first; the bias then makes up for it.

import type { Numerics } from '../../numerics/numerics';
import type { InputSums, OutputSums } from './layer-statistics';

/** The normal equations of one group: H W^T = B, symmetric and positive definite. */
export interface NormalEquations {
  /** Inputs of the layer. */
  readonly size: number;
  /** Outputs of the layer. */
  readonly outputs: number;
  /** `[size, size]`: X^T X plus lambda on the diagonal. */
  readonly h: Float64Array;
  /** `[size, outputs]`: X^T Y plus lambda W^T. */
  readonly b: Float64Array;
  readonly lambda: number;
  /** Sum of the squares of Y. */
  readonly energy: number;
  /** The same of what errors are a share of: of a band, all that its layer makes. */
  readonly whole: number;
  /** Samples that they come from. */
  readonly count: number;
}

/** How to set up the equations. */
export interface EquationOptions {
  /** The weights as they were, `[outputs][size]`. */
  readonly weights: Float32Array;
  /** Whether the layer's bias can make up for the means. */
  readonly centred: boolean;
  /** What lambda is, as part of the mean diagonal of X^T X. Default 0.01. */
  readonly damping?: number;
}

/** Part of the mean energy of the inputs that holds weights where they were. */
export const DAMPING = 0.01;

/** Sums over the data, or over a part of it. */
export interface Sums {
  readonly input: InputSums;
  readonly output: Pick<OutputSums, 'size' | 'cross' | 'sums' | 'squares' | 'whole'>;
}

/**
 * Sets up the equations.
 *
 * @param statistics - Sums over the data, less those of `without`.
 * @returns undefined where the inputs tell nothing: all of them constant or zero
 */
export function normalEquations(
  statistics: Sums & { readonly without?: Sums | undefined },
  { weights, centred, damping = DAMPING }: EquationOptions,
): NormalEquations | undefined {
  const { h, b, energy, whole, count } = centredSums(statistics, centred);
  const { size } = statistics.input;
  const outputs = statistics.output.size;
  let trace = 0;
  for (let i = 0; i < size; i++) trace += h[i * size + i]!;
  // What is left of a constant is rounding.
  if (!(trace > SMALLEST_TRACE * sumOfDiagonal(statistics.input.gram, size))) return undefined;
  const lambda = (damping * trace) / size;
  const equations = { size, outputs, h, b, lambda: 0, energy, whole, count };
  return withLambda(equations, lambda, weights);
}

/** The same equations with another lambda, in the same arrays: those given are not to be used any more. */
export function withLambda(
  { h, b, lambda: old, ...rest }: NormalEquations,
  lambda: number,
  weights: Float32Array,
): NormalEquations {
  const { size, outputs } = rest;
  for (let i = 0; i < size; i++) {
    h[i * size + i]! += lambda - old;
    for (let o = 0; o < outputs; o++) b[i * outputs + o]! += (lambda - old) * weights[o * size + i]!;
  }
  return { ...rest, h, b, lambda };
}

const SMALLEST_TRACE = 1e-12;

function sumOfDiagonal(matrix: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += matrix[i * size + i]!;
  return sum;
}

/** X^T X and X^T Y, of the differences from the means if there is a bias to make up for these. */
function centredSums(
  { input, output, without }: Sums & { readonly without?: Sums | undefined },
  centred: boolean,
): Pick<NormalEquations, 'h' | 'b' | 'energy' | 'whole' | 'count'> {
  const { size } = input;
  const count = input.count - (without?.input.count ?? 0);
  const h = difference(input.gram, without?.input.gram);
  const b = difference(output.cross, without?.output.cross);
  const x = difference(input.sums, without?.input.sums);
  const y = difference(output.sums, without?.output.sums);
  const outputs = output.size;
  const energy = energyOf(output, without?.output, { count, centred });
  const whole =
    output.whole === undefined ? energy : energyOf(output.whole, without?.output.whole, { count, centred });
  if (!centred) return { h, b, energy, whole, count };
  for (let i = 0; i < size; i++) {
    const mean = x[i]! / count;
    if (mean === 0) continue;
    for (let j = 0; j < size; j++) h[i * size + j]! -= mean * x[j]!;
    for (let o = 0; o < outputs; o++) b[i * outputs + o]! -= mean * y[o]!;
  }
  return { h, b, energy, whole, count };
}

/** Sum of the squares of outputs, of their differences from the mean if these are taken away. */
function energyOf(
  { sums, squares }: Pick<OutputSums, 'sums' | 'squares'>,
  without: Pick<OutputSums, 'sums' | 'squares'> | undefined,
  { count, centred }: { readonly count: number; readonly centred: boolean },
): number {
  let energy = 0;
  for (let o = 0; o < sums.length; o++) {
    energy += squares[o]! - (without?.squares[o] ?? 0);
    if (centred) energy -= (sums[o]! - (without?.sums[o] ?? 0)) ** 2 / count;
  }
  return centred ? Math.max(0, energy) : energy;
}

function difference(all: Float64Array, part: Float64Array | undefined): Float64Array {
  const result = all.slice();
  if (part !== undefined) for (let at = 0; at < result.length; at++) result[at]! -= part[at]!;
  return result;
}

/** The same equations with another damping: lambda as part of the mean diagonal. */
export function dampedTo(
  equations: NormalEquations,
  damping: number,
  weights: Float32Array,
): NormalEquations {
  const { h, size, lambda } = equations;
  const mean = sumOfDiagonal(h, size) / size - lambda;
  return withLambda(equations, damping * mean, weights);
}

/**
 * What weights lose: the squared error of what the layer makes by its energy, 0 where nothing differs. It is that of the
 * data, without the term that holds weights where they were.
 *
 * @param original - The weights that the equations were set up with.
 */
export async function relativeError(
  equations: NormalEquations,
  weights: ArrayLike<number>,
  { original, numerics }: { original: Float32Array; numerics: Numerics },
): Promise<number> {
  const { size, outputs, h, b, lambda, energy, whole } = equations;
  let error = energy;
  // Some rows at a time: their product takes as much memory as they do.
  const step = Math.max(1, Math.floor(MOST_PRODUCT / Math.max(1, size)));
  for (let first = 0; first < outputs; first += step) {
    const rows = Math.min(step, outputs - first);
    const start = first * size;
    const w = Float64Array.from({ length: rows * size }, (_, at) => weights[start + at]!);
    const product = await numerics.multiply(w, h, { rows, inner: size, columns: size });
    for (let at = 0; at < w.length; at++) {
      const o = first + Math.floor(at / size);
      const cross = b[(at % size) * outputs + o]! - lambda * original[start + at]!;
      error += w[at]! * (product[at]! - lambda * w[at]! - 2 * cross);
    }
  }
  if (whole === 0) return error > 0 ? 1 : 0;
  return Math.max(0, error) / whole;
}

/** Elements of products that are made at once: 2 MiB. */
const MOST_PRODUCT = 2 ** 18;

/** The bias of each output that makes up for the means; Y has the bias of the source in it, if the layer has its own. */
export function meanBias({ input, output }: Sums, weights: ArrayLike<number>): Float64Array {
  const { size, count } = input;
  return Float64Array.from({ length: output.size }, (_, o) => {
    let sum = output.sums[o]!;
    for (let i = 0; i < size; i++) sum -= weights[o * size + i]! * input.sums[i]!;
    return sum / count;
  });
}
