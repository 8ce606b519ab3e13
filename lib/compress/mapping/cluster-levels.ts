// SPDX-License-Identifier: Apache-2.0
// k-means in one dimension. Sorted, each cluster is a stretch of values, and with sums from the left its mean and error
// are two look-ups: a round costs k binary searches, not a visit of every value.

import { createUniform } from '../../random';
import { Mapping } from './mapping';

const MOST_ROUNDS = 200;
/** Values that k-means++ draws its start from; more change nothing. */
const DRAWN_FROM = 4096;
const SEEDED_STARTS = 2;

/**
 * A codebook: levels that make the sum of squared errors small, found by Lloyd's rounds. They start at quantiles, at even
 * distances and at values drawn by k-means++; the best end of the four is taken. The same values and seed give the same
 * levels.
 *
 * @param count - Levels, 2 to 256. There are fewer if there are fewer different values.
 * @see S. Lloyd, Least squares quantization in PCM, 1982; D. Arthur, S. Vassilvitskii, k-means++, 2007; S. Han, H. Mao,
 * W. Dally, Deep Compression, 2016
 */
export function clusterLevels(values: ArrayLike<number>, count: number, seed = 1): Mapping {
  const sorted = new SortedValues(values);
  const distinct = sorted.firstDistinct(count);
  if (distinct.length < count) return new Mapping(distinct);
  const uniform = createUniform(seed);
  const starts = [
    quantiles(sorted, count),
    evenly(sorted, count),
    ...Array.from({ length: SEEDED_STARTS }, () => drawn(sorted, count, uniform)),
  ];
  let best: Clusters | undefined;
  for (const start of starts) {
    const clusters = settle(sorted, start);
    if (best === undefined || clusters.error < best.error) best = clusters;
  }
  return new Mapping(best!.means);
}

interface Clusters {
  readonly means: readonly number[];
  readonly error: number;
}

class SortedValues {
  readonly values: Float32Array;
  /** Of the first `i` values, less the mean of all: large sums of near numbers would lose digits. */
  private readonly sums: Float64Array;
  private readonly center: number;
  private readonly squares: number;

  constructor(values: ArrayLike<number>) {
    this.values = Float32Array.from(values).sort();
    const { length } = this.values;
    let total = 0;
    for (let i = 0; i < length; i++) total += this.values[i]!;
    this.center = total / length;
    this.sums = new Float64Array(length + 1);
    let squares = 0;
    for (let i = 0; i < length; i++) {
      const distance = this.values[i]! - this.center;
      this.sums[i + 1] = this.sums[i]! + distance;
      squares += distance * distance;
    }
    this.squares = squares;
  }

  /** Up to `most` different values. */
  firstDistinct(most: number): number[] {
    const found: number[] = [];
    for (let at = 0; at < this.values.length && found.length < most; at = this.after(this.values[at]!))
      found.push(this.values[at]!);
    return found;
  }

  /** How many values are not above a number. */
  after(border: number): number {
    let low = 0;
    let high = this.values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.values[middle]! <= border) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Means of the stretches that end at `ends`; empty ones are left out. With the sum of squared distances from them. */
  meansOf(ends: readonly number[]): Clusters {
    const means: number[] = [];
    let error = this.squares;
    let from = 0;
    for (const to of ends) {
      if (to === from) continue;
      const sum = this.sums[to]! - this.sums[from]!;
      error -= (sum * sum) / (to - from);
      means.push(this.center + sum / (to - from));
      from = to;
    }
    return { means, error };
  }
}

function settle(sorted: SortedValues, start: readonly number[]): Clusters {
  let clusters: Clusters = { means: start, error: Infinity };
  let before = '';
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { means } = clusters;
    const ends = means.map((mean, i) =>
      i + 1 < means.length ? sorted.after((mean + means[i + 1]!) / 2) : sorted.values.length,
    );
    const key = ends.join();
    if (key === before) break;
    before = key;
    clusters = sorted.meansOf(ends);
  }
  return clusters;
}

function quantiles({ values }: SortedValues, count: number): number[] {
  return Array.from({ length: count }, (_, i) => values[Math.floor(((i + 0.5) * values.length) / count)]!);
}

function evenly({ values }: SortedValues, count: number): number[] {
  const [first, last] = [values[0]!, values.at(-1)!];
  return Array.from({ length: count }, (_, i) => first + ((i + 0.5) * (last - first)) / count);
}

/** Each next level is a value, drawn by the squared distance from the nearest level so far. */
function drawn({ values }: SortedValues, count: number, uniform: () => number): number[] {
  const step = Math.max(1, values.length / DRAWN_FROM);
  const sample = Float64Array.from(
    { length: Math.floor(values.length / step) },
    (_, i) => values[Math.floor(i * step)]!,
  );
  const distances = new Float64Array(sample.length).fill(Infinity);
  const levels = [sample[Math.floor(uniform() * sample.length)]!];
  while (levels.length < count) {
    const latest = levels.at(-1)!;
    let total = 0;
    for (let i = 0; i < sample.length; i++) {
      const distance = (sample[i]! - latest) ** 2;
      if (distance < distances[i]!) distances[i] = distance;
      total += distances[i]!;
    }
    let rest = uniform() * total;
    let at = 0;
    while (at + 1 < sample.length && (rest -= distances[at]!) > 0) at++;
    levels.push(sample[at]!);
  }
  return levels.sort((a, b) => a - b);
}
