// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { didYouMean } from '../../text/nearest-name';
import type { BenchResult, Distribution } from '../result';
import { USUAL_PERCENTILES } from '../stats/distribution';
import type { ComparedMetric } from './comparison';

/** What of the blocks a metric can be computed from; absent where only the whole measurement has it. */
export type BlockStatistic =
  | { readonly kind: 'mean' }
  | { readonly kind: 'throughput' }
  | { readonly kind: 'percentile'; readonly percent: number };

/** A number that two measurements can be compared by. */
export interface Metric {
  readonly name: string;
  readonly unit: ComparedMetric['unit'];
  readonly isLowerBetter: boolean;
  readonly statistic?: BlockStatistic;
  /** Undefined where the measurement has no such number. */
  read(result: BenchResult): number | undefined;
}

const STAGES = ['serviceMs', 'enqueueMs', 'h2dMs', 'computeMs', 'd2hMs', 'deviceLatencyMs'] as const;

const GENERAL: readonly Metric[] = [
  {
    name: 'mean',
    unit: 'ms',
    isLowerBetter: true,
    statistic: { kind: 'mean' },
    read: ({ latencyMs }) => latencyMs.mean,
  },
  ...USUAL_PERCENTILES.map(([name, percent]) =>
    percentileMetric(name, percent, (latencyMs) => latencyMs[name]),
  ),
];

const OTHERS: readonly Metric[] = [
  {
    name: 'throughput',
    unit: 'inferences/s',
    isLowerBetter: false,
    statistic: { kind: 'throughput' },
    read: ({ throughput }) => throughput.inferencesPerSecond,
  },
  ...STAGES.map((stage): Metric => ({
    name: `${stage}.p50`,
    unit: 'ms',
    isLowerBetter: true,
    read: (result) => result[stage]?.p50,
  })),
  { name: 'gpu.energy', unit: 'J', isLowerBetter: true, read: ({ gpu }) => energyOf(gpu) },
];

/** All metrics that both measurements have, in the order of a report. */
export function metricsOf(a: BenchResult, b: BenchResult): readonly Metric[] {
  return metricsOfAll([a, b]);
}

/**
 * All metrics that every measurement has, in the order of a report.
 *
 * @param results at least one
 */
export function metricsOfAll(results: readonly BenchResult[]): readonly Metric[] {
  const asked = Object.keys(results[0]!.latencyMs.percentiles ?? {})
    .filter(isUnusual)
    .map((percent) =>
      percentileMetric(`p${percent}`, Number(percent), ({ percentiles }) => percentiles?.[percent]),
    );
  return [...GENERAL, ...asked, ...OTHERS].filter((metric) =>
    results.every((result) => metric.read(result) !== undefined),
  );
}

/** Of those that were asked for, not those that every measurement has. */
function isUnusual(percent: string): boolean {
  return !USUAL_PERCENTILES.some(([, usual]) => usual === Number(percent));
}

function percentileMetric(
  name: string,
  percent: number,
  read: (latencyMs: Distribution) => number | undefined,
): Metric {
  return {
    name,
    unit: 'ms',
    isLowerBetter: true,
    statistic: { kind: 'percentile', percent },
    read: ({ latencyMs }) => read(latencyMs),
  };
}

function energyOf(gpu: BenchResult['gpu']): number | undefined {
  return gpu === undefined || 'unavailable' in gpu ? undefined : gpu.energy?.joulesPerInference;
}

const OTHER_NAMES: Readonly<Record<string, string>> = { 'p99.9': 'p999', 'p99.99': 'p9999', median: 'p50' };

/** The name of a metric in a comparison, from the name that somebody wrote: `p99.9` is `p999`. */
export function metricName(written: string): string {
  return OTHER_NAMES[written] ?? written;
}

/**
 * Refuses a metric that a measurement will not have, before it is made.
 *
 * @param percentiles those that are asked for besides the usual ones
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`
 */
export function checkMetricNames(written: readonly string[], percentiles: readonly number[] = []): void {
  const asked = percentiles.map(String).filter(isUnusual);
  const known = [
    ...[...GENERAL, ...OTHERS].map(({ name }) => name),
    ...asked.map((percent) => `p${percent}`),
  ];
  const unknown = written.map(metricName).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const isPercentile = /^p\d+(\.\d+)?$/.test(unknown);
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    unknown === 'max' || unknown === 'min'
      ? `${unknown} cannot be compared: it is one single latency, and moves with how many there were.`
      : `Expected a metric, got ${JSON.stringify(unknown)}; there are ${known.join(', ')}.${didYouMean(unknown, known)}`,
    {
      hint: isPercentile
        ? `Ask for that percentile too: --percentile ${unknown.slice(1)}.`
        : 'Name a percentile, such as p99, or the throughput.',
      details: { metric: unknown, metrics: known },
    },
  );
}
