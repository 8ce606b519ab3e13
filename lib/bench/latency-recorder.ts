// SPDX-License-Identifier: Apache-2.0
// Latencies are kept one by one, so that percentiles are exact, up to a bound; a longer measurement goes on in a
// histogram with three significant digits, so that memory stays bounded.

import { createHistogram } from 'node:perf_hooks';

const NS_PER_MS = 1e6;
const EXACT_LIMIT = 262_144;
const LONGEST_NS = 3_600_000_000_000;

/** A distribution in milliseconds. Percentile p is the smallest sample that p % of all samples do not exceed. */
export interface Distribution {
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Collects latencies and tells their distribution. */
export class LatencyRecorder {
  private samples: Float64Array | null = new Float64Array(1024);
  private readonly histogram = createHistogram({ lowest: 1, highest: LONGEST_NS, figures: 3 });
  private sum = 0;
  private least = Infinity;
  private most = 0;
  private size = 0;

  constructor(private readonly exactLimit = EXACT_LIMIT) {}

  /** Number of samples. */
  get count(): number {
    return this.size;
  }

  /** Whether percentiles are those of the samples themselves. */
  get isExact(): boolean {
    return this.samples !== null;
  }

  /** Adds one latency in milliseconds. */
  add(latencyMs: number): void {
    if (this.samples !== null && this.size === this.exactLimit) this.moveToHistogram(this.samples);
    if (this.samples === null) this.histogram.record(toNs(latencyMs));
    else this.keep(this.samples, latencyMs);
    this.size += 1;
    this.sum += latencyMs;
    this.least = Math.min(this.least, latencyMs);
    this.most = Math.max(this.most, latencyMs);
  }

  /** The distribution of all samples so far; all zero where there are none. */
  distribution(): Distribution {
    if (this.size === 0) return { mean: 0, min: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 };
    const percentile = this.percentiles();
    return {
      mean: this.sum / this.size,
      min: this.least,
      p50: percentile(50),
      p90: percentile(90),
      p95: percentile(95),
      p99: percentile(99),
      max: this.most,
    };
  }

  private percentiles(): (percent: number) => number {
    if (this.samples === null) {
      // The histogram rounds up within its precision; no percentile is above the true maximum.
      return (percent) => Math.min(this.histogram.percentile(percent) / NS_PER_MS, this.most);
    }
    const sorted = this.samples.slice(0, this.size).sort();
    return (percent) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
  }

  private keep(samples: Float64Array, latencyMs: number): void {
    let target = samples;
    if (this.size === samples.length) {
      target = new Float64Array(Math.min(samples.length * 2, this.exactLimit));
      target.set(samples);
      this.samples = target;
    }
    target[this.size] = latencyMs;
  }

  private moveToHistogram(samples: Float64Array): void {
    for (const sample of samples.subarray(0, this.size)) this.histogram.record(toNs(sample));
    this.samples = null;
  }
}

function toNs(ms: number): number {
  return Math.min(LONGEST_NS, Math.max(1, Math.round(ms * NS_PER_MS)));
}
