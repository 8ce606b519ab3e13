// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  latencyBars,
  mergeBlocks,
  percentileCurve,
  percentilePlace,
} from '../../../../../lib/bench/formats/html/latency-shape';
import { type LatencyBlock } from '../../../../../lib/bench/result';
import { LatencyHistogram } from '../../../../../lib/bench/stats/histogram';

function block(values: readonly number[]): LatencyBlock {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  const pairs = histogram.toPairs();
  return {
    startMs: 0,
    endMs: 1,
    inferences: values.length,
    meanMs: 0,
    p50Ms: 0,
    p99Ms: 0,
    maxMs: 0,
    histogram: pairs,
  };
}

const uniform = Array.from({ length: 10_000 }, (_, index) => 1 + index / 10_000);

describe('mergeBlocks', () => {
  test('adds up the calls of all blocks in rising order', () => {
    const shape = mergeBlocks([block([3, 1, 1]), block([2, 1])]);
    expect(shape.total).toBe(5);
    expect(shape.ranges.map(({ count }) => count)).toEqual([3, 1, 1]);
    expect(shape.ranges[2]!.lowMs).toBeLessThanOrEqual(3);
    expect(shape.ranges[2]!.highMs).toBeGreaterThan(3);
  });
});

describe('percentileCurve', () => {
  test('gives every percentile of a uniform distribution within a bucket', () => {
    const [xs, ys] = percentileCurve(mergeBlocks([block(uniform)]), 2);
    xs.slice(0, -1).forEach((x, index) => {
      const truth = 1 + (1 - 10 ** -x);
      expect(Math.abs(ys[index]! / truth - 1)).toBeLessThan(0.002);
    });
  });

  test('ends with the slowest call, where the number of calls ends', () => {
    const [xs, ys] = percentileCurve(mergeBlocks([block([...uniform, 77])]), 77);
    expect(ys.at(-1)).toBe(77);
    expect(xs.at(-2)).toBeCloseTo(percentilePlace(0.9999), 1);
  });

  test('is empty without calls', () => {
    expect(percentileCurve(mergeBlocks([]), 0)).toEqual([[], []]);
  });
});

describe('latencyBars', () => {
  test('holds all calls but those beyond its end', () => {
    const bars = latencyBars(mergeBlocks([block([...uniform, 50, 60])]), 1, 60);
    expect(bars.endMs).toBeLessThan(3);
    const shown = bars.percent.reduce((sum, percent) => sum + percent, 0) / 100;
    expect(shown * 10_002 + bars.beyond).toBeCloseTo(10_002, -1);
    expect(bars.beyond).toBeGreaterThanOrEqual(2);
    expect(bars.edgesMs.length).toBeGreaterThanOrEqual(12);
  });

  test('is flat for a uniform distribution', () => {
    const { percent } = latencyBars(mergeBlocks([block(uniform)]), 1, 2);
    const inner = percent.slice(1, -1);
    expect(Math.max(...inner) / Math.min(...inner)).toBeLessThan(1.05);
  });

  test('draws no comb where the calls lie within a few buckets', () => {
    const narrow = Array.from({ length: 5000 }, (_, index) => 5 + (index / 5000) * 0.02);
    const { percent } = latencyBars(mergeBlocks([block(narrow)]), 5, 5.02);
    const inner = percent.slice(1, -1);
    expect(Math.min(...inner)).toBeGreaterThan(0.5 * Math.max(...inner));
  });

  test('is one peak where all calls take the same time', () => {
    const { percent, beyond } = latencyBars(mergeBlocks([block([4, 4, 4])]), 4, 4);
    expect(beyond).toBe(0);
    expect(percent.reduce((sum, value) => sum + value, 0)).toBeCloseTo(100);
  });
});
