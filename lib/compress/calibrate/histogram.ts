// SPDX-License-Identifier: Apache-2.0
// What calibration remembers of a tensor: its extremes and how often each size occurred. Memory does not grow with the
// data: where values outgrow the bins, neighbours are merged and each bin covers twice as much.

const BINS = 2048;

/** Sizes of values, counted in bins of equal width from zero on. */
export class RangeHistogram {
  min = Infinity;
  max = -Infinity;
  count = 0;
  private readonly bins = new Float64Array(BINS);
  private width = 0;

  /** Largest absolute value. */
  get largest(): number {
    return this.count === 0 ? 0 : Math.max(Math.abs(this.min), Math.abs(this.max));
  }

  /** Adds values. Returns false, and adds nothing, if one of them is not finite. */
  add(values: ArrayLike<number>): boolean {
    let min = this.min;
    let max = this.max;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) return false;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (values.length === 0) return true;
    this.min = min;
    this.max = max;
    this.count += values.length;
    this.widen(this.largest);
    for (let i = 0; i < values.length; i++) this.bins[this.binOf(Math.abs(values[i]!))]!++;
    return true;
  }

  /** The size that the given share of the values does not exceed; never more than the largest. */
  quantile(share: number): number {
    let rest = share * this.count;
    for (let i = 0; i < BINS; i++) {
      rest -= this.bins[i]!;
      if (rest <= 0) return Math.min(this.largest, (i + 1) * this.width);
    }
    return this.largest;
  }

  /** Calls `visit` with the middle and the count of each bin that has any. */
  forEachBin(visit: (size: number, count: number) => void): void {
    this.bins.forEach((count, i) => {
      if (count > 0) visit(i === 0 ? 0 : (i + 0.5) * this.width, count);
    });
  }

  private binOf(size: number): number {
    return this.width === 0 ? 0 : Math.min(BINS - 1, Math.floor(size / this.width));
  }

  private widen(size: number): void {
    if (size === 0) return;
    // Until the first value that is not zero, everything lies in the first bin.
    if (this.width === 0) this.width = size / (BINS / 2);
    while (size >= this.width * BINS) {
      for (let i = 0; i < BINS / 2; i++) this.bins[i] = this.bins[2 * i]! + this.bins[2 * i + 1]!;
      this.bins.fill(0, BINS / 2);
      this.width *= 2;
    }
  }
}
