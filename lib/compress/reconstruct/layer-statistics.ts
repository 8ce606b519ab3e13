// SPDX-License-Identifier: Apache-2.0
// What least squares needs to know of the data: sums over samples, whose size does not depend on how many there are.

import type { Numerics } from '../../numerics/numerics';

/** Rows that are handed to the arithmetic at once, in elements. */
export const MOST_ROW_ELEMENTS = 4 * 2 ** 20;

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

/** Sums over what one group of a layer makes in the source, with what it reads in the compressed model. */
export class OutputSums {
  /** X^T Y, `[inputs, size]`. */
  readonly cross: Float64Array;
  readonly sums: Float64Array;
  /** Of each output's squares. */
  readonly squares: Float64Array;

  constructor(
    readonly inputs: number,
    readonly size: number,
  ) {
    this.cross = new Float64Array(inputs * size);
    this.sums = new Float64Array(size);
    this.squares = new Float64Array(size);
  }

  async add(inputs: Float32Array, outputs: Float32Array, numerics: Numerics): Promise<void> {
    const { size, sums, squares } = this;
    for (let at = 0; at < outputs.length; at += size)
      for (let i = 0; i < size; i++) {
        const value = outputs[at + i]!;
        sums[i]! += value;
        squares[i]! += value * value;
      }
    await numerics.addCrossProduct(this.cross, inputs, outputs, { left: this.inputs, right: size });
  }
}

/** One group of a layer. */
export interface GroupStatistics {
  readonly input: InputSums;
  readonly output: OutputSums;
  /** The part of the sums above that comes from about a quarter of the data, to judge choices on. */
  readonly held: Pick<GroupStatistics, 'input' | 'output'>;
}

/** One entry for each group. */
export type LayerStatistics = readonly GroupStatistics[];
