// SPDX-License-Identifier: Apache-2.0
// trtexec's performance summary by trtexec's definitions (samples/common/sampleReporting.cpp of TensorRT 11.1), so that
// its users can set our numbers beside theirs.

import type { TrtexecSummary, TrtexecTimes } from '../result';
import type { LatencyHistogram } from '../stats/histogram';

/** The device's times of a measurement, as `StageRecorder` has them. */
export interface DeviceTimes {
  readonly enqueue: LatencyHistogram;
  readonly h2d: LatencyHistogram;
  readonly compute: LatencyHistogram;
  readonly d2h: LatencyHistogram;
  readonly deviceLatency: LatencyHistogram;
  readonly firstStartMs: number;
  readonly lastEndMs: number;
  /** Runs without times: they were not taken before the record was full. 0 if absent. */
  readonly dropped?: number;
}

const DEFAULT_PERCENTILES = [90, 95, 99];

/** @param percentiles - In percent; trtexec's own 90, 95 and 99 where there are none. */
export function summarize(times: DeviceTimes, percentiles: readonly number[]): TrtexecSummary {
  const wanted = percentiles.length > 0 ? percentiles : DEFAULT_PERCENTILES;
  const describe = (histogram: LatencyHistogram) => describeTimes(histogram, wanted);
  const { compute } = times;
  // What was not timed ran all the same.
  const queries = compute.count + (times.dropped ?? 0);
  const wallS = (times.lastEndMs - times.firstStartMs) / 1000;
  return {
    throughputQps: compute.count > 0 && wallS > 0 ? queries / wallS : 0,
    latency: describe(times.deviceLatency),
    enqueueTime: describe(times.enqueue),
    h2dLatency: describe(times.h2d),
    gpuComputeTime: describe(compute),
    d2hLatency: describe(times.d2h),
    totalHostWalltimeS: compute.count > 0 ? wallS : 0,
    totalGpuComputeTimeS: compute.count > 0 ? (compute.mean * queries) / 1000 : 0,
  };
}

function describeTimes(histogram: LatencyHistogram, percentiles: readonly number[]): TrtexecTimes {
  return {
    min: histogram.min,
    max: histogram.max,
    mean: histogram.mean,
    median: medianOf(histogram),
    // Excluding the slowest (100 - P) %, rounded down, leaves as many as P % rounded up: the percentile of ours.
    percentiles: Object.fromEntries(
      percentiles.map((percent) => [String(percent), histogram.valueAt(percent)]),
    ),
  };
}

/** Of an even number of values the mean of the two in the middle. */
export function medianOf(histogram: LatencyHistogram): number {
  const { count } = histogram;
  if (count % 2 === 1) return histogram.valueAt(50);
  if (count === 0) return 0;
  const above = ((count / 2 + 0.5) / count) * 100;
  return (histogram.valueAt(50) + histogram.valueAt(above)) / 2;
}

/** Standard deviation over mean: how trtexec judges whether the clock is stable. */
export function variationOf({ mean, deviation }: LatencyHistogram): number {
  return mean > 0 ? deviation / mean : 0;
}
