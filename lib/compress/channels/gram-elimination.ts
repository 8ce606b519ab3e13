// SPDX-License-Identifier: Apache-2.0
// Which inputs of a layer can best be spared: those whose part the others can take over. With H = X^T X + lambda I and the
// weights W, removing the inputs S and letting all others make up for them costs tr(W_S (H^-1_SS)^-1 W_S^T) (optimal brain
// surgeon, for blocks). Inputs go one block after the other; H^-1 and W^T W as the others have taken over are kept up to date.

import type { Numerics } from '../../numerics/numerics';

/** One layer, or one group of it, from which inputs are removed. */
export class GramElimination {
  private constructor(
    private readonly size: number,
    /** H^-1 of the inputs that are left; rows and columns of removed ones are zero. */
    private readonly inverse: Float64Array,
    /** W^T W. */
    private readonly weights: Float64Array,
    /** What the layer makes in all: tr(W X^T X W^T). */
    readonly energy: number,
  ) {}

  /**
   * @param h - X^T X without lambda, `[size, size]`, not changed.
   * @param weights - `[outputs][size]`.
   * @returns undefined where the inputs or the weights are zero or not finite
   */
  static async create(
    h: Float64Array,
    weights: Float32Array,
    { size, damping, numerics }: { size: number; damping: number; numerics: Numerics },
  ): Promise<GramElimination | undefined> {
    const outputs = weights.length / size;
    const w = Float64Array.from(weights);
    const products = await numerics.multiply(w, w, {
      rows: size,
      inner: outputs,
      columns: size,
      transposeA: true,
    });
    let [trace, energy] = [0, 0];
    for (let i = 0; i < size; i++) trace += h[i * size + i]!;
    for (let i = 0; i < products.length; i++) energy += products[i]! * h[i]!;
    if (!(trace > 0 && energy > 0 && energy < Infinity)) return undefined;
    const factor = h.slice();
    const lambda = (damping * trace) / size;
    for (let i = 0; i < size; i++) factor[i * size + i]! += lambda;
    if (!(await numerics.cholesky(factor, size))) return undefined;
    const inverse = new Float64Array(size * size);
    for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
    await numerics.solveTriangular(factor, inverse, { size, columns: size });
    await numerics.solveTriangular(factor, inverse, { size, columns: size, transposed: true });
    return new GramElimination(size, inverse, products, energy);
  }

  /** What removing these inputs costs now. */
  cost(inputs: readonly number[]): number {
    const block = invert(this.block(inputs), inputs.length);
    if (block === undefined) return Infinity;
    let cost = 0;
    for (let i = 0; i < inputs.length; i++)
      for (let j = 0; j < inputs.length; j++)
        cost += block[i * inputs.length + j]! * this.weights[inputs[i]! * this.size + inputs[j]!]!;
    return Math.max(0, cost);
  }

  /** Removes inputs; the others take over as much as they can. */
  remove(inputs: readonly number[]): void {
    const { size, inverse, weights } = this;
    const count = inputs.length;
    const block = invert(this.block(inputs), count);
    if (block === undefined) return;
    // P = H^-1_:S (H^-1_SS)^-1: what each input takes over from the removed ones.
    const taken = new Float64Array(size * count);
    for (let row = 0; row < size; row++)
      for (let i = 0; i < count; i++) {
        const value = inverse[row * size + inputs[i]!]!;
        if (value !== 0)
          for (let j = 0; j < count; j++) taken[row * count + j]! += value * block[i * count + j]!;
      }
    const rows = inputs.map((input) => inverse.slice(input * size, (input + 1) * size));
    addProducts(inverse, taken, { rows, size });
    this.takeOver(inputs, taken);
    for (const input of inputs)
      for (let i = 0; i < size; i++) {
        inverse[input * size + i] = inverse[i * size + input] = 0;
        weights[input * size + i] = weights[i * size + input] = 0;
      }
  }

  /** W^T W becomes (I - P E) W^T W (I - P E)^T, where E picks the removed inputs. */
  private takeOver(inputs: readonly number[], taken: Float64Array): void {
    const { size, weights } = this;
    const rows = inputs.map((input) => weights.slice(input * size, (input + 1) * size));
    addProducts(weights, taken, { rows, size });
    const count = inputs.length;
    const columns = inputs.map((input) => {
      const column = new Float64Array(size);
      for (let i = 0; i < size; i++) column[i] = weights[i * size + input]!;
      return column;
    });
    for (let row = 0; row < size; row++)
      for (let i = 0; i < count; i++) {
        const factor = columns[i]![row]!;
        if (factor === 0) continue;
        for (let column = 0; column < size; column++)
          weights[row * size + column]! -= factor * taken[column * count + i]!;
      }
  }

  private block(inputs: readonly number[]): Float64Array {
    const count = inputs.length;
    const block = new Float64Array(count * count);
    for (let i = 0; i < count; i++)
      for (let j = 0; j < count; j++)
        block[i * count + j] = this.inverse[inputs[i]! * this.size + inputs[j]!]!;
    return block;
  }
}

/** Subtracts `taken` times the rows. */
function addProducts(
  matrix: Float64Array,
  taken: Float64Array,
  { rows, size }: { rows: readonly Float64Array[]; size: number },
): void {
  const count = rows.length;
  for (let row = 0; row < size; row++)
    for (let i = 0; i < count; i++) {
      const factor = taken[row * count + i]!;
      if (factor === 0) continue;
      const values = rows[i]!;
      for (let column = 0; column < size; column++) matrix[row * size + column]! -= factor * values[column]!;
    }
}

/** The inverse of a small symmetric, positive definite matrix; undefined where it is none. */
function invert(matrix: Float64Array, size: number): Float64Array | undefined {
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  for (let pivot = 0; pivot < size; pivot++) {
    const value = matrix[pivot * size + pivot]!;
    if (!(value > 0)) return undefined;
    for (let column = 0; column < size; column++) {
      matrix[pivot * size + column]! /= value;
      inverse[pivot * size + column]! /= value;
    }
    for (let row = 0; row < size; row++) {
      const factor = matrix[row * size + pivot]!;
      if (row === pivot || factor === 0) continue;
      for (let column = 0; column < size; column++) {
        matrix[row * size + column]! -= factor * matrix[pivot * size + column]!;
        inverse[row * size + column]! -= factor * inverse[pivot * size + column]!;
      }
    }
  }
  return inverse;
}
