// SPDX-License-Identifier: Apache-2.0
// A log-linear ("HDR") histogram of latencies: constant memory and a bounded relative error for any number of values.
// A bucket is what the first bits of a float64 say: the exponent and 11 bits of the mantissa of the nanoseconds. A page
// of counters belongs to each power of two and exists from its first value on, so that recording allocates at most 43
// times in the life of a histogram.

const NS_PER_MS = 1e6;
const MANTISSA_BITS = 11;
const PAGE_LENGTH = 1 << MANTISSA_BITS;
const PAGE_MASK = PAGE_LENGTH - 1;
// Up to 2^43 ns, which is 2.4 hours.
const PAGES = 43;
/** The last bucket; longer latencies are in it. */
export const LAST_BUCKET = PAGES * PAGE_LENGTH - 1;
const EXPONENT_BIAS = 1023 << MANTISSA_BITS;
// The high word of a float64 has 20 bits of the mantissa.
const DROPPED_BITS = 20 - MANTISSA_BITS;
// Percentages are not exact in binary: 99.9 % of 1,000 must be rank 999, not 1,000.
const RANK_TOLERANCE = 1e-12;

const scratch = new Float64Array(1);
const words = new Uint32Array(scratch.buffer);
const HIGH_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Lowest latency of a bucket in milliseconds; the highest is just below that of the next one. */
export function lowerBound(bucket: number): number {
  const mantissa = 1 + (bucket & PAGE_MASK) / PAGE_LENGTH;
  return (mantissa * 2 ** (bucket >>> MANTISSA_BITS)) / NS_PER_MS;
}

/** Where a bucket ends, in milliseconds. */
export function upperBound(bucket: number): number {
  return lowerBound(bucket + 1);
}

/** What a histogram holds, in little space: for keeping many of them. */
export interface HistogramSnapshot {
  /** [bucket, count, …] in rising order of the bucket. */
  readonly pairs: Uint32Array;
  /** How many values there are. */
  readonly count: number;
  /** Their mean. */
  readonly mean: number;
  /** Sum of the squared differences from the mean. */
  readonly squares: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
}

/**
 * Latencies in milliseconds, from 1 ns to 2.4 h (what is shorter counts in the first bucket, what is longer in
 * the last one, whose percentiles are the greatest value). Buckets are
 * 2^-11 of their value wide: percentiles are at most 0.05 % above the true ones, never below; count, mean, deviation,
 * least and greatest are exact.
 *
 * @see G. Tene, HdrHistogram: http://hdrhistogram.org
 */
export class LatencyHistogram {
  readonly #pages: (Uint32Array | undefined)[] = new Array<Uint32Array | undefined>(PAGES).fill(undefined);
  #count = 0;
  // Sums over differences from the first value: plain sums of squares lose the deviation of even latencies.
  #origin = 0;
  #sum = 0;
  #squares = 0;
  #min = Infinity;
  #max = -Infinity;

  /** Adds one latency. */
  record(ms: number): void {
    if (this.#count === 0) this.#origin = ms;
    this.#count += 1;
    const difference = ms - this.#origin;
    this.#sum += difference;
    this.#squares += difference * difference;
    if (ms < this.#min) this.#min = ms;
    if (ms > this.#max) this.#max = ms;
    const bucket = bucketOf(ms);
    const page = this.#pages[bucket >>> MANTISSA_BITS] ?? this.#openPage(bucket);
    page[bucket & PAGE_MASK]! += 1;
  }

  /** Number of values. */
  get count(): number {
    return this.#count;
  }

  /** Exact mean; 0 where there are no values. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#origin + this.#sum / this.#count;
  }

  /** Standard deviation of the values. */
  get deviation(): number {
    return this.#count === 0 ? 0 : Math.sqrt(this.#squaresFromMean() / this.#count);
  }

  /** Least value; 0 where there are none. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  /** Greatest value; 0 where there are none. */
  get max(): number {
    return this.#count === 0 ? 0 : this.#max;
  }

  /** The smallest value that `percent` % of all values do not exceed; 0 where there are none. */
  valueAt(percent: number): number {
    const rank = Math.max(1, Math.ceil(((percent * this.#count) / 100) * (1 - RANK_TOLERANCE)));
    let seen = 0;
    for (let index = 0; index < PAGES; index += 1) {
      const page = this.#pages[index];
      if (page === undefined) continue;
      for (let slot = 0; slot < PAGE_LENGTH; slot += 1) {
        seen += page[slot]!;
        if (seen >= rank) return this.#valueOf(index * PAGE_LENGTH + slot);
      }
    }
    return this.max;
  }

  /** Adds all values of another histogram. */
  add(other: LatencyHistogram): void {
    this.addSnapshot(other.snapshot());
  }

  /** Adds all values of a snapshot, as if each were there `times` times. */
  addSnapshot({ pairs, count, mean, squares, min, max }: HistogramSnapshot, times = 1): void {
    if (count === 0) return;
    for (let index = 0; index < pairs.length; index += 2) {
      const bucket = pairs[index]!;
      const page = this.#pages[bucket >>> MANTISSA_BITS] ?? this.#openPage(bucket);
      page[bucket & PAGE_MASK]! += pairs[index + 1]! * times;
    }
    if (this.#count === 0) this.#origin = mean;
    const shift = mean - this.#origin;
    this.#count += count * times;
    this.#sum += shift * count * times;
    this.#squares += (squares + shift * shift * count) * times;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
  }

  /** Forgets all values and keeps its memory. */
  reset(): void {
    for (const page of this.#pages) page?.fill(0);
    this.#count = this.#origin = this.#sum = this.#squares = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
  }

  /** All values, a copy. */
  snapshot(): HistogramSnapshot {
    const pairs: number[] = [];
    for (const [index, page] of this.#pages.entries()) {
      if (page === undefined) continue;
      for (let slot = 0; slot < PAGE_LENGTH; slot += 1) {
        if (page[slot] !== 0) pairs.push(index * PAGE_LENGTH + slot, page[slot]!);
      }
    }
    const { count, mean, min, max } = this;
    return { pairs: Uint32Array.from(pairs), count, mean, squares: this.#squaresFromMean(), min, max };
  }

  /** [bucket, count, bucket, count, …] in rising order of the bucket. */
  toPairs(): number[] {
    return Array.from(this.snapshot().pairs);
  }

  /** A histogram from pairs; a value then is taken to lie in the middle of its bucket. */
  static fromPairs(pairs: readonly number[]): LatencyHistogram {
    const histogram = new LatencyHistogram();
    for (let index = 0; index < pairs.length; index += 2) {
      const [bucket, count] = [pairs[index]!, pairs[index + 1]!];
      histogram.addSnapshot({
        pairs: Uint32Array.of(bucket, count),
        count,
        mean: (lowerBound(bucket) + upperBound(bucket)) / 2,
        squares: 0,
        min: lowerBound(bucket),
        max: upperBound(bucket),
      });
    }
    return histogram;
  }

  #squaresFromMean(): number {
    return this.#count === 0 ? 0 : Math.max(0, this.#squares - (this.#sum * this.#sum) / this.#count);
  }

  /** The last bucket has no end: what lies beyond the range is in it. */
  #valueOf(bucket: number): number {
    if (bucket === LAST_BUCKET) return this.#max;
    return Math.min(this.#max, Math.max(this.#min, upperBound(bucket)));
  }

  #openPage(bucket: number): Uint32Array {
    return (this.#pages[bucket >>> MANTISSA_BITS] = new Uint32Array(PAGE_LENGTH));
  }
}

function bucketOf(ms: number): number {
  const ns = ms * NS_PER_MS;
  if (!(ns >= 1)) return 0;
  scratch[0] = ns;
  const bucket = (words[HIGH_WORD]! >>> DROPPED_BITS) - EXPONENT_BIAS;
  return bucket > LAST_BUCKET ? LAST_BUCKET : bucket;
}
