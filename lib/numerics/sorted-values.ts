// SPDX-License-Identifier: Apache-2.0
// Values in ascending order, and the sums from which the error of any range of them follows at once.
//
// Sums run from the middle outwards: an outlier, however far, is in no sum of a range nearer to the middle, and takes
// nothing of its digits. They are kept for each block of values only, an eighth of the memory of the values themselves.
// Native code (native/numerics/clusters/sorted_values.h) adds the same numbers in the same order: its clusters are the same bits.

/** Values between two kept sums. */
const BLOCK = 64;

/** Sums over a range of values x, less those of the middle, with their weights w. */
export interface RangeSums {
  /** Of w. */
  weight: number;
  /** Of w (x - origin). */
  first: number;
  /** Of w (x - origin)^2. */
  second: number;
}

/** Values to be clustered, ascending; those that count nothing are left out. */
export class SortedValues {
  readonly values: Float32Array;
  /** What distances are measured from: a value in the middle. */
  readonly origin: number;
  private readonly weights: Float32Array | null;
  private readonly anchor: number;
  /** Three sums for each block, from the anchor to its end that is nearer to it. */
  private readonly kept: Float64Array;

  constructor(values: Float32Array, weights: Float32Array | undefined) {
    const isWeighted = weights?.some((weight) => weight > 0) === true;
    if (isWeighted) [this.values, this.weights] = sortedTogether(values, weights);
    else [this.values, this.weights] = [sorted(values), null];
    const count = this.values.length;
    this.anchor = Math.floor(count / 2 / BLOCK) * BLOCK;
    this.origin = this.values[this.anchor]!;
    this.kept = new Float64Array(3 * Math.ceil(count / BLOCK));
    this.keepSums();
  }

  get count(): number {
    return this.values.length;
  }

  /** Weight of the value at a position. */
  weightAt(index: number): number {
    return this.weights === null ? 1 : this.weights[index]!;
  }

  /** Sums over the values from `begin` to `end`, without `end`. */
  sumsOf(begin: number, end: number): RangeSums {
    const [low, high] = [this.sumsTo(begin), this.sumsTo(end)];
    high.weight -= low.weight;
    high.first -= low.first;
    high.second -= low.second;
    return high;
  }

  /** The first position from `begin` to `end` whose value is above `limit`; `end` if there is none. */
  firstAbove(limit: number, begin: number, end: number): number {
    let [low, high] = [begin, end];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.values[middle]! > limit) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Sums from the anchor to `index`, negative before the anchor. */
  sumsTo(index: number): RangeSums {
    const block = Math.min(Math.floor(index / BLOCK), this.kept.length / 3 - 1);
    const sums = {
      weight: this.kept[3 * block]!,
      first: this.kept[3 * block + 1]!,
      second: this.kept[3 * block + 2]!,
    };
    const begin = block * BLOCK;
    if (begin >= this.anchor) for (let i = begin; i < index; i += 1) this.add(sums, i, 1);
    else for (let i = begin + BLOCK - 1; i >= index; i -= 1) this.add(sums, i, -1);
    return sums;
  }

  private keepSums(): void {
    const up = { weight: 0, first: 0, second: 0 };
    for (let i = this.anchor; i < this.count; i += 1) {
      if (i % BLOCK === 0) this.keep(i / BLOCK, up);
      this.add(up, i, 1);
    }
    const down = { weight: 0, first: 0, second: 0 };
    for (let i = this.anchor - 1; i >= 0; i -= 1) {
      if (i % BLOCK === BLOCK - 1) this.keep((i + 1) / BLOCK - 1, down);
      this.add(down, i, -1);
    }
  }

  private keep(block: number, { weight, first, second }: RangeSums): void {
    this.kept.set([weight, first, second], 3 * block);
  }

  private add(sums: RangeSums, index: number, sign: number): void {
    const distance = this.values[index]! - this.origin;
    const weight = this.weights === null ? sign : sign * this.weights[index]!;
    sums.weight += weight;
    sums.first += weight * distance;
    sums.second += weight * distance * distance;
  }
}

/**
 * Beside the squared distances from the origin, what is smaller than this is rounding: without it an outlier that is
 * alone with its centre would seem to have an error above that of all others.
 */
const ROUNDING = 2 ** -40;

const unlessRounding = (error: number, second: number): number => (error > second * ROUNDING ? error : 0);

/** Weighted squared distances of a range from its mean. */
export function errorOf({ weight, first, second }: RangeSums): number {
  return weight > 0 ? unlessRounding(second - (first * first) / weight, second) : 0;
}

/** The same from a point at `distance` of the origin. */
export function errorAround({ weight, first, second }: RangeSums, distance: number): number {
  return unlessRounding(second - 2 * distance * first + distance * distance * weight, second);
}

/** Without -0, which would be sorted apart from 0. */
function sorted(values: Float32Array): Float32Array {
  return values.map((value) => value + 0).sort();
}

/** By value, equal ones by position; without weights of 0. */
function sortedTogether(values: Float32Array, weights: Float32Array): [Float32Array, Float32Array] {
  const kept = Uint32Array.from({ length: values.length }, (_, i) => i).filter((i) => weights[i]! > 0);
  const order = orderOf(values, kept);
  return [Float32Array.from(order, (i) => values[i]! + 0), Float32Array.from(order, (i) => weights[i]!)];
}

/** Positions in ascending order of their values: two passes of a radix sort, 16 bits each. */
function orderOf(values: Float32Array, positions: Uint32Array): Uint32Array {
  const bits = new Uint32Array(values.map((value) => value + 0).buffer);
  // Bits that ascend as the numbers do: negative ones are turned round, positive ones go above them.
  for (let i = 0; i < bits.length; i += 1)
    bits[i] = (bits[i]! & 0x80000000) !== 0 ? ~bits[i]! : bits[i]! | 0x80000000;
  let order = positions;
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(65_537);
    for (const position of order) starts[((bits[position]! >>> shift) & 0xffff) + 1]! += 1;
    for (let i = 1; i < starts.length; i += 1) starts[i]! += starts[i - 1]!;
    const next = new Uint32Array(order.length);
    for (const position of order) {
      const key = (bits[position]! >>> shift) & 0xffff;
      next[starts[key]!] = position;
      starts[key]! += 1;
    }
    order = next;
  }
  return order;
}
