// SPDX-License-Identifier: Apache-2.0
import { monitorEventLoopDelay, performance, type IntervalHistogram } from 'node:perf_hooks';
import type { Distribution } from '../result';
import type { Sensor } from './sensor';

const RESOLUTION_MS = 1;
const NS_PER_MS = 1e6;

/** How late the event loop came to a timer of one millisecond, and how busy it was. */
export class EventLoopSensor implements Sensor {
  readonly name = 'event loop';
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #before = performance.eventLoopUtilization();
  #utilization = 0;

  start(): void {
    this.#before = performance.eventLoopUtilization();
    this.#histogram.enable();
  }

  stop(): void {
    this.#histogram.disable();
    this.#utilization = performance.eventLoopUtilization(this.#before).utilization;
  }

  /** Share of the time in which the event loop did not wait for events, from 0 to 1. */
  get utilization(): number {
    return this.#utilization;
  }

  /** The delays in milliseconds; all zero where no timer came in time to be seen. */
  distribution(): Distribution {
    const histogram = this.#histogram;
    const at = (percent: number) => toDelay(histogram.percentile(percent));
    const { count } = histogram;
    return {
      count,
      mean: toDelay(histogram.mean),
      // A constant less does not change how far values lie apart.
      deviation: Number.isFinite(histogram.stddev) ? histogram.stddev / NS_PER_MS : 0,
      min: count === 0 ? 0 : toDelay(histogram.min),
      p50: at(50),
      p90: at(90),
      p95: at(95),
      p99: at(99),
      p999: at(99.9),
      p9999: at(99.99),
      max: toDelay(histogram.max),
    };
  }
}

/** Watches the event loop while `work` runs. */
export async function watchEventLoop(work: () => Promise<void>): Promise<Distribution> {
  const sensor = new EventLoopSensor();
  sensor.start();
  try {
    await work();
  } finally {
    sensor.stop();
  }
  return sensor.distribution();
}

/** Node records the time between two firings; what exceeds the timer's own period is the delay. */
function toDelay(ns: number): number {
  return Number.isFinite(ns) ? Math.max(0, ns / NS_PER_MS - RESOLUTION_MS) : 0;
}
