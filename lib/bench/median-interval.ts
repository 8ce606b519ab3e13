// SPDX-License-Identifier: Apache-2.0
import { blockVariations, LEAST_BLOCKS } from './compare/block-variation';
import { criticalT, twoSidedProbability } from './compare/student-t';
import type { Distribution, Interval, LatencyBlock } from './result';

const OUTSIDE = 0.05;
// What a normal distribution is of Student's.
const MANY = 1e6;
const SEED = 1;

/**
 * Where the median could have come out, with a confidence of 95 %: pieces of the measurement are resampled at several
 * lengths, and the length that varies most counts, since latencies that follow each other are alike. It has the median,
 * and lies between the least and the greatest latency.
 *
 * @returns undefined where fewer than eight blocks have inferences.
 * @see Hesterberg, "What Teachers Should Know About the Bootstrap" (2015), section 3.2: the expanded percentile interval.
 */
export function medianInterval(
  { p50, min, max }: Distribution,
  blocks: readonly LatencyBlock[],
): Interval | undefined {
  if (blocks.filter(({ inferences }) => inferences > 0).length < LEAST_BLOCKS) return undefined;
  const median = { kind: 'percentile', percent: 50 } as const;
  const { deviations, freedom } = blockVariations(blocks, [median], SEED)[0]!;
  const sorted = deviations.slice().sort();
  const tail = Math.floor((twoSidedProbability(criticalT(OUTSIDE, freedom), MANY) / 2) * sorted.length);
  const low = p50 * Math.exp(Math.min(0, sorted[tail]!));
  const high = p50 * Math.exp(Math.max(0, sorted[sorted.length - 1 - tail]!));
  return { low: Math.max(min, low), high: Math.min(max, high) };
}
