// SPDX-License-Identifier: Apache-2.0
// How far two arrays of numbers are apart. Sums are in double precision.

import type { TensorData } from './element-arrays';

/** Sums over pairs of values, from which the measures are computed; add to it as often as there is data. */
export class SimilaritySums {
  count = 0;
  largestDifference = 0;
  private product = 0;
  private expectedEnergy = 0;
  private actualEnergy = 0;
  private errorEnergy = 0;

  /** Adds the elements of two arrays of the same length; a value that is not finite on one side only counts as infinitely far. */
  add(expected: ArrayLike<number>, actual: ArrayLike<number>): void {
    for (let i = 0; i < expected.length; i++) {
      const a = expected[i]!;
      const b = actual[i]!;
      // Infinities of one sign are masks: equal on both sides, they say nothing about the rest.
      if (a === b && !Number.isFinite(a)) continue;
      const difference = a - b;
      this.product += a * b;
      this.expectedEnergy += a * a;
      this.actualEnergy += b * b;
      this.errorEnergy += difference * difference;
      this.largestDifference = Math.max(this.largestDifference, Math.abs(difference));
    }
    this.count += expected.length;
  }

  /** Cosine of the angle between the two, -1 to 1; 1 for two zeros, 0 for one, NaN where one holds NaN. */
  get cosine(): number {
    if (this.expectedEnergy === 0 || this.actualEnergy === 0)
      return this.expectedEnergy === this.actualEnergy ? 1 : 0;
    return this.product / Math.sqrt(this.expectedEnergy) / Math.sqrt(this.actualEnergy);
  }

  /** Signal-to-quantisation-noise ratio, `10 log10(sum x^2 / sum (x - y)^2)`, in dB; Infinity for equal arrays. */
  get sqnrDb(): number {
    if (this.errorEnergy === 0) return Infinity;
    return 10 * Math.log10(this.expectedEnergy / this.errorEnergy);
  }

  /** `sqrt(sum (x - y)^2 / sum x^2)`; 0 for equal arrays. */
  get relativeError(): number {
    return this.errorEnergy === 0 ? 0 : Math.sqrt(this.errorEnergy / this.expectedEnergy);
  }
}

/** The elements as numbers; those of 64-bit types rounded. Arrays of numbers are not copied. */
export function asNumbers(data: TensorData): ArrayLike<number> {
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? Array.from(data, Number) : data;
}
