// SPDX-License-Identifier: Apache-2.0
// What least squares needs to know of the data: sums over samples, whose size does not depend on how many there are.

import type { Numerics } from '../../numerics/numerics';

/** Sums over what one group of a layer reads. Layers that read the same share them. */
export class InputSums {
  /** X^T X, `[size, size]`. */
  readonly gram: Float64Array;
  readonly sums: Float64Array;
  count = 0;

  constructor(readonly size: number) {
    this.gram = new Float64Array(size * size);
    this.sums = new Float64Array(size);
  }

  async add(rows: Float32Array, numerics: Numerics): Promise<void> {
    const { size, sums } = this;
    for (let at = 0; at < rows.length; at += size) for (let i = 0; i < size; i++) sums[i]! += rows[at + i]!;
    this.count += rows.length / size;
    await numerics.addGram(this.gram, rows, size);
  }
}

/** Sums over what one group of a layer is to make, with what it reads in the compressed model. */
export class OutputSums {
  /** X^T Y, `[inputs, size]`. */
  readonly cross: Float64Array;
  readonly sums: Float64Array;
  /** Of each output's squares. */
  readonly squares: Float64Array;
  /** Of a part of a layer: what the whole layer makes, which errors are shares of. */
  whole: Pick<OutputSums, 'sums' | 'squares'> | undefined;

  constructor(
    readonly inputs: number,
    readonly size: number,
  ) {
    this.cross = new Float64Array(inputs * size);
    this.sums = new Float64Array(size);
    this.squares = new Float64Array(size);
  }

  async add(inputs: Float32Array, outputs: Float32Array, numerics: Numerics): Promise<void> {
    if (this.size === 0) return;
    addMoments(this, outputs, this.size);
    await numerics.addCrossProduct(this.cross, inputs, outputs, { left: this.inputs, right: this.size });
  }

  /** The same of a part of a layer: `outputs` are what the layer lacks of what it makes in the source. */
  async addRest(
    inputs: Float32Array,
    { rest, outputs }: { readonly rest: Float32Array; readonly outputs: Float32Array },
    numerics: Numerics,
  ): Promise<void> {
    this.whole ??= { sums: new Float64Array(this.size), squares: new Float64Array(this.size) };
    addMoments(this.whole, outputs, this.size);
    await this.add(inputs, rest, numerics);
  }

  /**
   * Turns sums over what the layer lacks into sums over what the part is to make: it makes something already.
   *
   * @param weights - Of the part as they are, `[size][inputs]`.
   */
  async addOwn(weights: Float32Array, { gram, sums }: InputSums, numerics: Numerics): Promise<void> {
    const { inputs, size, cross, squares } = this;
    if (size === 0) return;
    const w = Float64Array.from(weights);
    const shape = { rows: inputs, inner: inputs, columns: size, transposeB: true };
    const own = await numerics.multiply(gram, w, shape);
    for (let o = 0; o < size; o++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) {
        const at = i * size + o;
        const weight = w[o * inputs + i]!;
        sum += weight * sums[i]!;
        squares[o]! += weight * (2 * cross[at]! + own[at]!);
      }
      this.sums[o]! += sum;
    }
    for (let at = 0; at < own.length; at++) cross[at]! += own[at]!;
  }
}

function addMoments(
  { sums, squares }: Pick<OutputSums, 'sums' | 'squares'>,
  rows: Float32Array,
  size: number,
): void {
  for (let at = 0; at < rows.length; at += size)
    for (let i = 0; i < size; i++) {
      const value = rows[at + i]!;
      sums[i]! += value;
      squares[i]! += value * value;
    }
}

/** One group of a layer. */
export interface GroupStatistics {
  readonly input: InputSums;
  readonly output: OutputSums;
  /** The part of the sums above that comes from about a quarter of the data, to judge choices on. */
  readonly held: HeldStatistics;
  /** Of a band: sums of the squares of all channels that its layer reads. */
  readonly energies?: Float64Array;
}

/** Sums for some outputs of a group. */
export interface HeldStatistics {
  readonly input: InputSums;
  readonly output: OutputSums;
  /** Which outputs these are: `heldRows()`. */
  readonly rows: Int32Array;
}

/** One entry for each group. */
export type LayerStatistics = readonly GroupStatistics[];
