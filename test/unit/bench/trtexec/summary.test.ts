// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../../../lib/bench/stats/histogram';
import { medianOf, summarize, variationOf } from '../../../../lib/bench/trtexec/summary';
import { createRandom } from '../../../../lib/random';

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** trtexec's own way over all values: sorted, without the slowest (100 - P) %, rounded down. */
function trtexecPercentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const excluded = Math.floor((1 - percent / 100) * sorted.length);
  return sorted[Math.max(0, sorted.length - 1 - excluded)]!;
}

describe('summarize', () => {
  const random = createRandom(5);
  const draw = () => Array.from({ length: 1001 }, () => 1 + random() / 2 ** 32);
  const [enqueue, h2d, compute, d2h] = [draw(), draw(), draw(), draw()];
  const latency = compute.map((value, i) => value + h2d[i]! + d2h[i]!);
  const summary = summarize(
    {
      enqueue: histogramOf(enqueue),
      h2d: histogramOf(h2d),
      compute: histogramOf(compute),
      d2h: histogramOf(d2h),
      deviceLatency: histogramOf(latency),
      firstStartMs: 500,
      lastEndMs: 4500,
    },
    [],
  );

  it('gives 90, 95 and 99 % where none are named', () => {
    expect(Object.keys(summary.latency.percentiles)).toEqual(['90', '95', '99']);
  });

  it('excludes the slowest (100 - P) %', () => {
    for (const percent of [90, 95, 99]) {
      const truth = trtexecPercentile(latency, percent);
      expect(summary.latency.percentiles[percent]! / truth).toBeCloseTo(1, 2.9);
      const copies = summary.h2dLatency.percentiles[percent]! / trtexecPercentile(h2d, percent);
      expect(Math.abs(copies - 1)).toBeLessThan(0.001);
    }
  });

  it('takes throughput over the time from the first start to the last end', () => {
    expect(summary.throughputQps).toBeCloseTo(1001 / 4, 9);
    expect(summary.totalHostWalltimeS).toBe(4);
  });

  it('has the mean compute time times the count as total', () => {
    const total = compute.reduce((sum, value) => sum + value, 0) / 1000;
    expect(summary.totalGpuComputeTimeS).toBeCloseTo(total, 9);
    expect(summary.gpuComputeTime.mean).toBeCloseTo((total / 1001) * 1000, 9);
    expect(summary.enqueueTime.min).toBe(Math.min(...enqueue));
    expect(summary.enqueueTime.max).toBe(Math.max(...enqueue));
  });

  it('counts runs whose times were lost', () => {
    const one = histogramOf([2, 2, 2]);
    const times = { enqueue: one, h2d: one, compute: one, d2h: one, deviceLatency: one };
    const lossy = summarize({ ...times, firstStartMs: 0, lastEndMs: 10, dropped: 2 }, []);
    expect([lossy.throughputQps, lossy.totalGpuComputeTimeS]).toEqual([500, 0.01]);
  });

  it('is all zero where nothing ran', () => {
    const none = new LatencyHistogram();
    const empty = { enqueue: none, h2d: none, compute: none, d2h: none, deviceLatency: none };
    const nothing = summarize({ ...empty, firstStartMs: Infinity, lastEndMs: -Infinity }, [99]);
    expect(nothing).toMatchObject({ throughputQps: 0, totalHostWalltimeS: 0, totalGpuComputeTimeS: 0 });
  });
});

describe('medianOf', () => {
  it('is the mean of the two in the middle where the count is even', () => {
    expect(medianOf(histogramOf([1, 2, 4, 9]))).toBeCloseTo(3, 2);
    expect(medianOf(histogramOf([1, 2, 4]))).toBeCloseTo(2, 2);
    expect(medianOf(histogramOf([]))).toBe(0);
  });
});

describe('variationOf', () => {
  it('is deviation over mean', () => {
    expect(variationOf(histogramOf([1, 3]))).toBeCloseTo(0.5, 9);
    expect(variationOf(histogramOf([]))).toBe(0);
  });
});
