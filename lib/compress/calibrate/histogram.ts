// SPDX-License-Identifier: Apache-2.0
// What calibration remembers of a tensor: its extremes and how often each size occurred. Memory does not grow with the
// data: where values outgrow the bins, neighbours are merged and each bin covers twice as much. The values of all
// calibration runs pass through here, so the loops do nothing but count.

/** After the first values half of the bins are in use, and never less. */
const BINS = 4096;

/** Sizes of values, counted in bins of equal width from zero on. */
export class RangeHistogram {
  min = Infinity;
  max = -Infinity;
  count = 0;
  /** Width of a bin; 0 while all values are zero. */
  width = 0;
  /** Two sets of bins, for values at even and at odd positions: two counts in a row need not wait for each other. */
  private readonly bins: Float64Array | undefined;

  /** @param extremesOnly - Counts nothing but the extremes: enough for `max`, and faster. */
  constructor(extremesOnly = false) {
    this.bins = extremesOnly ? undefined : new Float64Array(2 * BINS);
  }

  /** Largest absolute value; 0 without values. */
  get largest(): number {
    return this.count === 0 ? 0 : Math.max(Math.abs(this.min), Math.abs(this.max));
  }

  /** True if all values were the same. */
  get isConstant(): boolean {
    return this.count > 0 && this.min === this.max;
  }

  /** Adds values. Returns false, and adds nothing, if one of them is not finite. */
  add(values: ArrayLike<number>): boolean {
    if (values.length === 0) return true;
    // One class of arrays: the loops stay as fast as they can be.
    const numbers = values instanceof Float32Array ? values : Float32Array.from(values);
    if (!this.addExtremes(numbers)) return false;
    this.count += numbers.length;
    if (this.bins !== undefined) this.addToBins(this.bins, numbers);
    return true;
  }

  /** Counts of the bins from zero on; bin `i` has sizes from `i * width` to `(i + 1) * width`. A copy. */
  counts(): Float64Array {
    const { bins } = this;
    if (bins === undefined) throw new Error('this histogram has extremes only');
    const counts = bins.slice(0, BINS);
    for (let i = 0; i < BINS; i++) counts[i]! += bins[BINS + i]!;
    return counts;
  }

  /** The size that the given share of the values does not exceed, as if they were spread evenly inside each bin. */
  quantile(share: number): number {
    const counts = this.counts();
    let rest = share * this.count;
    for (let i = 0; i < BINS; i++) {
      const inside = counts[i]!;
      if (rest <= inside) return Math.min(this.largest, (i + rest / Math.max(inside, 1)) * this.width);
      rest -= inside;
    }
    return this.largest;
  }

  /** The sum of finite numbers of 32 bits is finite in double precision: it tells whether all are. */
  private addExtremes(values: Float32Array): boolean {
    let [min, max, otherMin, otherMax] = [this.min, this.max, this.min, this.max];
    let sum = 0;
    let otherSum = 0;
    const even = values.length & ~1;
    for (let i = 0; i < even; i += 2) {
      const one = values[i]!;
      const other = values[i + 1]!;
      if (one < min) min = one;
      if (one > max) max = one;
      if (other < otherMin) otherMin = other;
      if (other > otherMax) otherMax = other;
      sum += one;
      otherSum += other;
    }
    const last = values[values.length - 1]!;
    if (!Number.isFinite(sum + otherSum + last)) return false;
    this.min = Math.min(min, otherMin, last);
    this.max = Math.max(max, otherMax, last);
    return true;
  }

  private addToBins(bins: Float64Array, values: Float32Array): void {
    this.widen(bins, this.largest);
    const perWidth = this.width === 0 ? 0 : 1 / this.width;
    const even = values.length & ~1;
    for (let i = 0; i < even; i += 2) {
      bins[(Math.abs(values[i]!) * perWidth) | 0]!++;
      bins[BINS + ((Math.abs(values[i + 1]!) * perWidth) | 0)]!++;
    }
    if (even < values.length) bins[(Math.abs(values[even]!) * perWidth) | 0]!++;
  }

  private widen(bins: Float64Array, size: number): void {
    if (size === 0) return;
    // Until the first value that is not zero, everything lies in the first bin.
    if (this.width === 0) this.width = size / (BINS / 2);
    while (size * (1 / this.width) >= BINS) {
      for (const set of [bins.subarray(0, BINS), bins.subarray(BINS)]) {
        for (let i = 0; i < BINS / 2; i++) set[i] = set[2 * i]! + set[2 * i + 1]!;
        set.fill(0, BINS / 2);
      }
      this.width *= 2;
    }
  }
}
