// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { Distribution } from '../result';
import type { LatencyHistogram } from './histogram';

/** What a distribution shall tell besides the usual. */
export interface DescribeOptions {
  /** Further percentiles, in percent. */
  readonly percentiles?: readonly number[];
}

/** The percentiles that every distribution has: field and percent. */
export const USUAL_PERCENTILES = [
  ['p50', 50],
  ['p90', 90],
  ['p95', 95],
  ['p99', 99],
  ['p999', 99.9],
  ['p9999', 99.99],
] as const satisfies readonly (readonly [keyof Distribution, number])[];

/** The numbers of no values: all zero. */
export const emptyDistribution: Distribution = {
  count: 0,
  mean: 0,
  deviation: 0,
  min: 0,
  p50: 0,
  p90: 0,
  p95: 0,
  p99: 0,
  p999: 0,
  p9999: 0,
  max: 0,
};

/** The numbers of a histogram, in milliseconds. */
export function describe(histogram: LatencyHistogram, options: DescribeOptions = {}): Distribution {
  if (histogram.count === 0) return emptyDistribution;
  const { percentiles = [] } = options;
  const { count, mean, deviation, min, max } = histogram;
  return {
    count,
    mean,
    deviation,
    min,
    p50: histogram.valueAt(50),
    p90: histogram.valueAt(90),
    p95: histogram.valueAt(95),
    p99: histogram.valueAt(99),
    p999: histogram.valueAt(99.9),
    p9999: histogram.valueAt(99.99),
    max,
    ...(percentiles.length > 0 && {
      percentiles: Object.fromEntries(
        percentiles.map((percent) => [String(percent), histogram.valueAt(percent)]),
      ),
    }),
  };
}

/**
 * Reads the name of a latency: a percentile such as `p99` or `p97.5`, in percent.
 *
 * @returns null for `mean`.
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for anything else.
 */
export function percentOf(name: string): number | null {
  if (name === 'mean') return null;
  const percent = Number(/^p(\d+(?:\.\d+)?)$/.exec(name)?.[1] ?? NaN);
  if (percent > 0 && percent <= 100) return percent;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `expected mean or a percentile such as p99 or p99.9, got ${JSON.stringify(name)}`,
    { hint: 'Write p and the percent: above 0, at most 100.', details: { name } },
  );
}

/**
 * The latency of that name in a distribution: `mean`, or a percentile that it has.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a name that is none, or a percentile that was not computed.
 */
export function latencyNamed(distribution: Distribution, name: string): number {
  const value = findLatency(distribution, name);
  if (value !== undefined) return value;
  const percent = percentOf(name);
  throw new TensorRTError('ERR_TRT_ARG_VALUE', `the result has no ${name}`, {
    hint: `Measure with \`percentiles: [${percent}]\` (--percentile ${percent}).`,
    details: { name, percentiles: Object.keys(distribution.percentiles ?? {}) },
  });
}

/**
 * As {@link latencyNamed}; undefined for a percentile that was not computed.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a name that is none.
 */
export function findLatency(distribution: Distribution, name: string): number | undefined {
  const percent = percentOf(name);
  return percent === null ? distribution.mean : percentileIn(distribution, percent);
}

function percentileIn(distribution: Distribution, percent: number): number | undefined {
  if (percent === 100) return distribution.max;
  const usual = USUAL_PERCENTILES.find(([, known]) => known === percent);
  return usual ? distribution[usual[0]] : distribution.percentiles?.[String(percent)];
}
