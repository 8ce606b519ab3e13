// SPDX-License-Identifier: Apache-2.0
// The best product of two thin matrices in the place of one, measured at what the layer makes: |(W - BA) x|^2, summed over
// samples, is |(W - BA) L|_F^2 with L L^T = X^T X. Its optimum projects W on the strongest directions of its outputs,
// B A = U U^T W with the eigenvectors U of W X^T X W^T. Nothing is inverted, so a singular X^T X does no harm.
//
// Source: Eckart and Young 1936; with data: Golub, Hoffman and Stewart 1987, and Zhang et al. 2015, "Accelerating Very
// Deep Convolutional Networks", section 3.1.

import type { Numerics } from '../../numerics/numerics';

/** A matrix with its size, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** How a matrix comes apart. */
export interface Spectrum {
  /** Energy of the outputs in each direction, falling; its sum is that of the outputs. */
  readonly energies: Float64Array;
  /** The first `rank` directions: A `[rank, inputs]`, and B `[outputs, rank]`. */
  factorsAt(rank: number): Promise<{ readonly first: Float64Array; readonly second: Float64Array }>;
}

/** More outputs than this, and many more than inputs: the decomposition is made on the side of the inputs. */
const MANY_OUTPUTS = 1024;
/** Part of the mean energy that keeps a factorisation of X^T X from failing. */
const DAMPING = 1e-7;

/**
 * Takes W `[outputs, inputs]` apart.
 *
 * @param gram - X^T X `[inputs, inputs]`; undefined where nothing is known of the inputs.
 */
export async function takeApart(
  w: Matrix,
  gram: Float64Array | undefined,
  numerics: Numerics,
): Promise<Spectrum> {
  const isWide = w.rows > MANY_OUTPUTS && w.rows > 2 * w.columns;
  return isWide && gram !== undefined ? byInputs(w, gram, numerics) : byOutputs(w, gram, numerics);
}

async function byOutputs(
  { rows, columns, values }: Matrix,
  gram: Float64Array | undefined,
  numerics: Numerics,
): Promise<Spectrum> {
  const { u, s } =
    gram === undefined
      ? await numerics.svd(values, { rows, columns })
      : await numerics.svd(await outputEnergies({ rows, columns, values }, gram, numerics), {
          rows,
          columns: rows,
        });
  const count = s.length;
  return {
    energies: gram === undefined ? s.map((one) => one * one) : s,
    async factorsAt(rank) {
      const second = firstColumns(u, { rows, columns: count }, rank);
      const shape = { rows: rank, inner: rows, columns, transposeA: true };
      return { first: await numerics.multiply(second, values, shape), second };
    },
  };
}

/** W X^T X W^T, whose trace is the energy of the outputs. */
export async function outputEnergies(
  { rows, columns, values }: Matrix,
  gram: Float64Array,
  numerics: Numerics,
): Promise<Float64Array> {
  const weighted = await numerics.multiply(values, gram, { rows, inner: columns, columns });
  const energies = await numerics.multiply(weighted, values, {
    rows,
    inner: columns,
    columns: rows,
    transposeB: true,
  });
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < i; j++) {
      const mean = (energies[i * rows + j]! + energies[j * rows + i]!) / 2;
      energies[i * rows + j] = mean;
      energies[j * rows + i] = mean;
    }
  return energies;
}

async function byInputs(
  { rows, columns, values }: Matrix,
  gram: Float64Array,
  numerics: Numerics,
): Promise<Spectrum> {
  const factor = gram.slice();
  let trace = 0;
  for (let i = 0; i < columns; i++) trace += gram[i * columns + i]!;
  for (let i = 0; i < columns; i++)
    factor[i * columns + i]! += (DAMPING * trace) / columns + Number.MIN_VALUE;
  if (!(await numerics.cholesky(factor, columns)))
    return byOutputs({ rows, columns, values }, gram, numerics);
  const whitened = await numerics.multiply(values, factor, { rows, inner: columns, columns });
  const { s, vt } = await numerics.svd(whitened, { rows, columns });
  return {
    energies: s.map((one) => one * one),
    async factorsAt(rank) {
      const directions = vt.slice(0, rank * columns);
      const second = await numerics.multiply(whitened, directions, {
        rows,
        inner: columns,
        columns: rank,
        transposeB: true,
      });
      const solved = transposed(directions, { rows: rank, columns });
      await numerics.solveTriangular(factor, solved, { size: columns, columns: rank, transposed: true });
      return { first: transposed(solved, { rows: columns, columns: rank }), second };
    },
  };
}

/** The first columns of a matrix. */
function firstColumns(
  values: Float64Array,
  { rows, columns }: { rows: number; columns: number },
  count: number,
): Float64Array {
  const result = new Float64Array(rows * count);
  for (let row = 0; row < rows; row++)
    result.set(values.subarray(row * columns, row * columns + count), row * count);
  return result;
}

/** A matrix with rows as columns. */
export function transposed(
  values: Float64Array,
  { rows, columns }: { rows: number; columns: number },
): Float64Array {
  const result = new Float64Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = values[row * columns + column]!;
  return result;
}

/** Share of the energy that is lost behind each rank: `[0]` is 1, the last is 0. */
export function lostShares(energies: Float64Array): Float64Array {
  const lost = new Float64Array(energies.length + 1);
  for (let i = energies.length - 1; i >= 0; i--) lost[i] = lost[i + 1]! + Math.max(0, energies[i]!);
  const total = lost[0]!;
  return total > 0 ? lost.map((one) => one / total) : lost;
}
