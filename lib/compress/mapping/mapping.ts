// SPDX-License-Identifier: Apache-2.0
// A mapping replaces each number by the nearest of a few levels, and writes down which. Whatever the levels are (evenly
// spaced, logarithmic, found by clustering), a table of at most 256 of them is all that is needed to read them back.

import { SimilaritySums } from '../../tensor/similarity';

/** Most levels that a code of a byte can tell apart. */
export const MOST_LEVELS = 256;

/** Levels that numbers are replaced by. */
export class Mapping {
  /** The levels in rising order, each once. */
  readonly levels: Float32Array<ArrayBuffer>;
  /** Between level `i` and `i + 1`: half way, where the nearer one changes. */
  private readonly borders: Float64Array;

  /** @param levels - 1 to 256 finite numbers in any order; equal ones become one. */
  constructor(levels: Iterable<number>) {
    this.levels = Float32Array.from(new Set(Float32Array.from(levels, (level) => level + 0))).sort();
    this.borders = new Float64Array(this.levels.length - 1);
    for (let i = 0; i < this.borders.length; i++)
      this.borders[i] = (this.levels[i]! + this.levels[i + 1]!) / 2;
  }

  /** Bits that a code needs when codes are packed. */
  get bits(): number {
    return Math.ceil(Math.log2(this.levels.length));
  }

  /** The position of the nearest level of each value, the lower one half way. Larger values never get smaller codes. */
  encode(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
    const { borders } = this;
    const codes = new Uint8Array(values.length);
    for (let i = 0; i < codes.length; i++) {
      const value = values[i]!;
      let low = 0;
      let high = borders.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (value > borders[middle]!) low = middle + 1;
        else high = middle;
      }
      codes[i] = low;
    }
    return codes;
  }

  /** The levels that codes stand for. */
  decode(codes: Uint8Array): Float32Array<ArrayBuffer> {
    const values = new Float32Array(codes.length);
    for (let i = 0; i < values.length; i++) values[i] = this.levels[codes[i]!]!;
    return values;
  }
}

/** What a mapping costs and saves. */
export interface MappingError {
  /** Mean of the squared differences. */
  readonly meanSquaredError: number;
  /** Signal-to-quantisation-noise ratio in dB; Infinity where nothing was lost. */
  readonly sqnrDb: number;
  /** Largest absolute difference of two values. */
  readonly largestDifference: number;
  /** Bits of a packed code and its share of the table of levels. */
  readonly bitsPerValue: number;
  /** Shannon's entropy of the codes in bits: what a compressor of single codes comes to, without the table. */
  readonly entropyBits: number;
}

/** Holds values against what is left of them after a mapping. */
export function measureMapping(values: ArrayLike<number>, mapping: Mapping): MappingError {
  const codes = mapping.encode(values);
  const sums = new SimilaritySums();
  sums.add(values, mapping.decode(codes));
  const uses = new Float64Array(mapping.levels.length);
  for (let i = 0; i < codes.length; i++) uses[codes[i]!]!++;
  let squares = 0;
  for (let i = 0; i < codes.length; i++) squares += (values[i]! - mapping.levels[codes[i]!]!) ** 2;
  let entropyBits = 0;
  for (const count of uses)
    if (count > 0) entropyBits += (count / codes.length) * Math.log2(codes.length / count);
  return {
    meanSquaredError: squares / codes.length,
    sqnrDb: sums.sqnrDb,
    largestDifference: sums.largestDifference,
    bitsPerValue: mapping.bits + (32 * mapping.levels.length) / codes.length,
    entropyBits,
  };
}
