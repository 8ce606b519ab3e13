// SPDX-License-Identifier: Apache-2.0
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop came to a timer, in milliseconds. */
export interface EventLoopDelay {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

const RESOLUTION_MS = 1;
const NS_PER_MS = 1e6;

/** Watches the event loop while `work` runs. */
export async function watchEventLoop(work: () => Promise<void>): Promise<EventLoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  try {
    await work();
  } finally {
    histogram.disable();
  }
  // Node records the time between two firings; what exceeds the timer's own period is the delay.
  const delay = (ns: number) => (Number.isFinite(ns) ? Math.max(0, ns / NS_PER_MS - RESOLUTION_MS) : 0);
  return {
    mean: delay(histogram.mean),
    p50: delay(histogram.percentile(50)),
    p90: delay(histogram.percentile(90)),
    p95: delay(histogram.percentile(95)),
    p99: delay(histogram.percentile(99)),
    max: delay(histogram.max),
  };
}
