// SPDX-License-Identifier: Apache-2.0
import { SimilaritySums } from '../../tensor/similarity';
import type { Tolerance } from './tolerance';

/** The element that is furthest outside of its tolerance, or nearest to its end. */
export interface WorstElement {
  /** Number of the run. */
  readonly run: number;
  /** Place in the tensor, in C order. */
  readonly index: number;
  /** What the source gave. */
  readonly expected: number;
  /** What the candidate gave. */
  readonly actual: number;
}

/** How far a tensor is from what is expected. */
export interface TensorDifference {
  /** Largest `|y - x|`; null where one of them is not a number. */
  readonly largestError: number | null;
  /** Largest `|y - x| / |x|` of elements that are expected not to be zero. */
  readonly largestRelativeError: number | null;
  /** Cosine between the two; null where one holds NaN. */
  readonly cosine: number | null;
  /** In dB; null where both are equal, or where one holds NaN. */
  readonly sqnrDb: number | null;
  /** Elements of all runs. */
  readonly elements: number;
  /** Elements outside of the tolerance. */
  readonly outside: number;
  /** Whether none is outside. */
  readonly passed: boolean;
  /** Null where all elements are equal. */
  readonly worst: WorstElement | null;
}

/** Sums for {@link TensorDifference}; NaN on one side only, or infinity, is outside of any tolerance. */
export class DifferenceSums {
  private readonly similarity = new SimilaritySums();
  private relative = 0;
  private elements = 0;
  private outside = 0;
  private worst: WorstElement | null = null;
  private worstRatio = 0;
  private isBroken = false;

  constructor(private readonly tolerance: Tolerance) {}

  /** Adds the tensor of a run; both have the same number of elements. */
  add(expected: ArrayLike<number>, actual: ArrayLike<number>, run: number): void {
    const allowed = this.allowedError(expected);
    const { rtol } = this.tolerance;
    for (let i = 0; i < expected.length; i++) {
      const x = expected[i]!;
      const y = actual[i]!;
      if (x === y || (x !== x && y !== y)) continue;
      const error = Math.abs(y - x);
      const limit = allowed + rtol * Math.abs(x);
      // NaN compares with nothing: what is not inside is outside.
      const isInside = error <= limit;
      if (!isInside) this.outside++;
      if (x !== 0) this.relative = Math.max(this.relative, error / Math.abs(x));
      const ratio = Number.isFinite(error) ? error / Math.max(limit, Number.MIN_VALUE) : Infinity;
      if (!Number.isFinite(error)) this.isBroken = true;
      if (ratio <= this.worstRatio) continue;
      this.worstRatio = ratio;
      this.worst = { run, index: i, expected: x, actual: y };
    }
    this.elements += expected.length;
    this.similarity.add(expected, actual);
  }

  get difference(): TensorDifference {
    const { similarity, isBroken } = this;
    const finite = (value: number) => (Number.isFinite(value) ? value : null);
    return {
      largestError: isBroken ? null : finite(similarity.largestDifference),
      largestRelativeError: isBroken ? null : finite(this.relative),
      cosine: finite(similarity.cosine),
      sqnrDb: finite(similarity.sqnrDb),
      elements: this.elements,
      outside: this.outside,
      passed: this.outside === 0,
      worst: this.worst,
    };
  }

  private allowedError(expected: ArrayLike<number>): number {
    const { atol, isScaled } = this.tolerance;
    if (!isScaled) return atol;
    let largest = 0;
    for (let i = 0; i < expected.length; i++) {
      const magnitude = Math.abs(expected[i]!);
      if (magnitude > largest && magnitude < Infinity) largest = magnitude;
    }
    return atol * largest;
  }
}
