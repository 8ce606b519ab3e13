// SPDX-License-Identifier: Apache-2.0
// Confidence by resampling. Latencies that follow each other depend on each other (a clock that falls, a neighbour that
// wakes up), so single values must not be resampled as if they did not: whole pieces of the measurement are.

import { createRandom } from '../../random';
import type { Interval } from '../result';
import { LatencyHistogram } from './histogram';

const RANDOM_RANGE = 2 ** 32;

/** How often, and with which random numbers. */
export interface BootstrapOptions {
  /** Times that the blocks are drawn anew; 1000 if absent. */
  readonly rounds?: number;
  /** 1 if absent: the same blocks give the same values. */
  readonly seed?: number;
}

/**
 * Values of a statistic as they would have come out in other measurements: in each round as many blocks as there are
 * are drawn with replacement and merged. The histogram that `statistic` gets is reused in the next round.
 *
 * @returns one value a round, in the order of the rounds; empty where there are no blocks.
 * @see H. R. Künsch, "The Jackknife and the Bootstrap for General Stationary Observations", 1989.
 */
export function bootstrap(
  blocks: readonly LatencyHistogram[],
  statistic: (histogram: LatencyHistogram) => number,
  { rounds = 1000, seed = 1 }: BootstrapOptions = {},
): Float64Array {
  const snapshots = blocks.map((block) => block.snapshot());
  if (snapshots.length === 0) return new Float64Array();
  const random = createRandom(seed);
  const merged = new LatencyHistogram();
  const times = new Uint32Array(snapshots.length);
  return Float64Array.from({ length: rounds }, () => {
    times.fill(0);
    for (let draw = 0; draw < times.length; draw += 1) {
      times[Math.floor((random() / RANDOM_RANGE) * times.length)]! += 1;
    }
    merged.reset();
    for (const [index, snapshot] of snapshots.entries()) {
      if (times[index] !== 0) merged.addSnapshot(snapshot, times[index]);
    }
    return statistic(merged);
  });
}

/** The middle part of values: 95 % of them lie in `interval(values, 0.95)`, as many below it as above. */
export function interval(values: Float64Array, level: number): Interval {
  const sorted = values.slice().sort();
  const tail = Math.floor(((1 - level) / 2) * sorted.length);
  return { low: sorted[tail] ?? NaN, high: sorted[sorted.length - 1 - tail] ?? NaN };
}
