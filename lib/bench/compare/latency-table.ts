// SPDX-License-Identifier: Apache-2.0
import type { LatencyBlock } from '../result';
import { upperBound } from '../stats/histogram';
import type { BlockStatistic } from './metrics';

/**
 * Latencies of consecutive groups of blocks, laid out so that any weighting of the groups gives its statistics without
 * merging histograms: for each bucket, how many latencies of each group do not exceed it.
 */
export class LatencyTable {
  readonly #values: Float64Array;
  /** [bucket][group] */
  readonly #upTo: Float64Array;
  readonly #counts: Float64Array;
  readonly #sums: Float64Array;
  readonly #durations: Float64Array;
  /** Inferences of the blocks that have a duration: a block without one has no rate. */
  readonly #timed: Float64Array;
  readonly #ranges = new Map<number, readonly [number, number]>();
  readonly groups: number;

  constructor(blocks: readonly LatencyBlock[], groups: number) {
    this.groups = groups;
    const buckets = [...new Set(blocks.flatMap(({ histogram }) => histogram.filter((_, i) => i % 2 === 0)))];
    buckets.sort((a, b) => a - b);
    this.#values = Float64Array.from(buckets, upperBound);
    this.#upTo = new Float64Array(buckets.length * groups);
    this.#counts = new Float64Array(groups);
    this.#sums = new Float64Array(groups);
    this.#durations = new Float64Array(groups);
    this.#timed = new Float64Array(groups);
    const rows = new Map(buckets.map((bucket, row) => [bucket, row]));
    blocks.forEach((block, i) => this.#add(block, Math.floor((i * groups) / blocks.length), rows));
    for (let i = groups; i < this.#upTo.length; i++) this.#upTo[i]! += this.#upTo[i - groups]!;
  }

  /** A statistic where group g counts `weights[g]` times. */
  statistic(wanted: BlockStatistic, weights: ArrayLike<number>): number {
    const count = dot(weights, this.#counts);
    if (wanted.kind === 'mean') return dot(weights, this.#sums) / count;
    if (wanted.kind === 'throughput')
      return (dot(weights, this.#timed) * 1000) / dot(weights, this.#durations);
    return this.#percentile(wanted.percent, count, weights);
  }

  /**
   * A number of each group that moves with the statistic, for its correlation from group to group. For a percentile: the
   * share of latencies below that of all, which small groups tell better than their own percentile.
   */
  series(wanted: BlockStatistic): number[] {
    const each = Array.from({ length: this.groups }, (_, group) => group);
    if (wanted.kind === 'mean') return each.map((group) => this.#sums[group]! / this.#counts[group]!);
    if (wanted.kind === 'throughput')
      return each
        .filter((group) => this.#durations[group]! > 0)
        .map((group) => this.#timed[group]! / this.#durations[group]!);
    const all = this.statistic(wanted, new Uint8Array(this.groups).fill(1));
    const row = this.#values.indexOf(all) * this.groups;
    return each.map((group) => this.#upTo[row + group]! / this.#counts[group]!);
  }

  #add(block: LatencyBlock, group: number, rows: ReadonlyMap<number, number>): void {
    const { histogram, inferences, meanMs, startMs, endMs } = block;
    for (let i = 0; i < histogram.length; i += 2) {
      this.#upTo[rows.get(histogram[i]!)! * this.groups + group]! += histogram[i + 1]!;
    }
    this.#counts[group]! += inferences;
    this.#sums[group]! += meanMs * inferences;
    if (endMs <= startMs) return;
    this.#durations[group]! += endMs - startMs;
    this.#timed[group]! += inferences;
  }

  #percentile(percent: number, count: number, weights: ArrayLike<number>): number {
    const rank = (percent * count * (1 - 1e-12)) / 100;
    let [low, high] = this.#rangeOf(percent);
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = middle * this.groups;
      let seen = 0;
      for (let group = 0; group < this.groups; group++) seen += weights[group]! * this.#upTo[start + group]!;
      if (seen >= rank) high = middle;
      else low = middle + 1;
    }
    return this.#values[low]!;
  }

  /** The percentile of any mixture of groups lies between the least and the greatest one of a group. */
  #rangeOf(percent: number): readonly [number, number] {
    const known = this.#ranges.get(percent);
    if (known !== undefined) return known;
    const rows = Array.from(this.#counts, (count, group) => {
      let row = 0;
      while (this.#upTo[row * this.groups + group]! < (percent * count * (1 - 1e-12)) / 100) row += 1;
      return row;
    });
    const range = [Math.min(...rows), Math.max(...rows)] as const;
    this.#ranges.set(percent, range);
    return range;
  }
}

function dot(a: ArrayLike<number>, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
