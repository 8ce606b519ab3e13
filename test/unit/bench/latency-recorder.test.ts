// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { LatencyRecorder } from '../../../lib/bench/latency-recorder';

/** 1, 2, …, count in an order that is not sorted. */
const shuffled = (count: number) => Array.from({ length: count }, (_, index) => ((index * 7919) % count) + 1);

describe('LatencyRecorder', () => {
  it('gives exact percentiles: the smallest sample that p % do not exceed', () => {
    const recorder = new LatencyRecorder();
    for (const value of shuffled(1000)) recorder.add(value / 10);
    expect(recorder.distribution()).toEqual({
      mean: expect.closeTo(50.05, 9) as number,
      min: 0.1,
      p50: 50,
      p90: 90,
      p95: 95,
      p99: 99,
      max: 100,
    });
  });

  it('is exact for one sample, and zero for none', () => {
    const recorder = new LatencyRecorder();
    expect(recorder.distribution().p99).toBe(0);
    recorder.add(3.25);
    expect(recorder.distribution()).toMatchObject({ mean: 3.25, min: 3.25, p50: 3.25, p99: 3.25, max: 3.25 });
  });

  it('goes on in a histogram beyond its bound, within a thousandth of the exact values', () => {
    const recorder = new LatencyRecorder(100);
    for (const value of shuffled(10_000)) recorder.add(value / 100);
    expect(recorder.isExact).toBe(false);
    const { p50, p90, p99, mean, min, max } = recorder.distribution();
    for (const [actual, exact] of [
      [p50, 50],
      [p90, 90],
      [p99, 99],
    ] as const) {
      expect(Math.abs(actual / exact - 1)).toBeLessThan(0.001);
    }
    expect({ mean, min, max, count: recorder.count }).toEqual({
      mean: expect.closeTo(50.005, 9) as number,
      min: 0.01,
      max: 100,
      count: 10_000,
    });
  });

  it('never gives a percentile above the maximum', () => {
    const recorder = new LatencyRecorder(1);
    for (let index = 0; index < 10; index += 1) recorder.add(1.23456789);
    expect(recorder.distribution().p99).toBeLessThanOrEqual(1.23456789);
  });
});
