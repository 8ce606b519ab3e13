// SPDX-License-Identifier: Apache-2.0
import { build } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram, lowerBound, upperBound } from '../../../../lib/bench/stats/histogram';
import { exactPercentile, latencies } from '../../../simulated-device';

const PERCENTS = [0, 1, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100];

function fill(values: Iterable<number>): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

const lognormal = (count: number, seed: number) => {
  const source = latencies.lognormal(3, 0.8, seed);
  return Array.from({ length: count }, () => source.draw(0));
};

describe('LatencyHistogram', () => {
  it('gives the percentiles that HdrHistogram gives, within the precision of both', () => {
    const oracle = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: 1e13,
      numberOfSignificantValueDigits: 4,
    });
    const values = lognormal(50_000, 7);
    const histogram = fill(values);
    for (const value of values) oracle.recordValue(Math.round(value * 1e6));
    for (const percent of PERCENTS.slice(1)) {
      const expected = oracle.getValueAtPercentile(percent) / 1e6;
      expect(Math.abs(histogram.valueAt(percent) / expected - 1)).toBeLessThan(0.0007);
    }
    expect(Math.abs(histogram.mean / (oracle.mean / 1e6) - 1)).toBeLessThan(1e-4);
    expect(Math.abs(histogram.deviation / (oracle.stdDeviation / 1e6) - 1)).toBeLessThan(1e-3);
  });

  it('is never below the exact percentile and at most 0.05 % above it', () => {
    for (const scale of [1e-4, 1e-2, 1, 1e3, 1e5]) {
      const values = lognormal(10_000, 3).map((value) => value * scale);
      const histogram = fill(values);
      for (const percent of PERCENTS) {
        const error = histogram.valueAt(percent) / exactPercentile(values, percent) - 1;
        expect(error).toBeGreaterThanOrEqual(0);
        expect(error).toBeLessThanOrEqual(2 ** -11);
      }
    }
  });

  it('has exact count, mean, deviation, least and greatest', () => {
    const values = lognormal(10_000, 5);
    const histogram = fill(values);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(histogram.count).toBe(10_000);
    expect(histogram.mean).toBeCloseTo(mean, 10);
    expect(histogram.deviation).toBeCloseTo(Math.sqrt(variance), 10);
    expect([histogram.min, histogram.max]).toEqual([Math.min(...values), Math.max(...values)]);
  });

  it('takes no deviation from values that are equal, and gives the value itself as each percentile', () => {
    const histogram = fill(Array<number>(1000).fill(1234.56789));
    expect(histogram.deviation).toBe(0);
    expect(PERCENTS.map((percent) => histogram.valueAt(percent))).toEqual(PERCENTS.map(() => 1234.56789));
  });

  it('takes the rank that a percentage means, not the one after it', () => {
    const histogram = fill(Array.from({ length: 1000 }, (_, index) => (index < 999 ? 1 : 100)));
    expect(histogram.valueAt(99.9)).toBeLessThan(1.001);
    expect(histogram.valueAt(99.91)).toBe(100);
  });

  it('holds every value between the bounds of its bucket', () => {
    for (const value of [1e-6, 1.5e-6, 0.001, 0.0123, 1, 3.999, 4, 60_000, 7_200_000]) {
      const [bucket, count] = fill([value]).toPairs();
      expect(count).toBe(1);
      expect(lowerBound(bucket!)).toBeLessThanOrEqual(value);
      expect(upperBound(bucket!)).toBeGreaterThan(value);
      expect(upperBound(bucket!) / lowerBound(bucket!) - 1).toBeLessThanOrEqual(2 ** -11);
    }
  });

  it('counts what is outside its range in the first or the last bucket, whose percentiles are the bounds', () => {
    const histogram = fill([0, 1e-9, 1e9]);
    expect(histogram.toPairs()).toEqual([0, 2, 43 * 2048 - 1, 1]);
    expect([histogram.min, histogram.max, histogram.valueAt(100)]).toEqual([0, 1e9, 1e9]);
    expect(fill([1e7, 2e7, 3e7]).valueAt(50)).toBe(3e7);
  });

  it('is zero in everything where it has no values', () => {
    const { count, mean, deviation, min, max } = new LatencyHistogram();
    expect([count, mean, deviation, min, max, new LatencyHistogram().valueAt(99)]).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
  });

  it('adds another as if all values had been recorded in one', () => {
    const [first, second] = [lognormal(1000, 1), lognormal(3000, 2).map((value) => value * 50)];
    const merged = fill(first);
    merged.add(fill(second));
    const whole = fill([...first, ...second]);
    expect(merged.toPairs()).toEqual(whole.toPairs());
    expect(merged.mean).toBeCloseTo(whole.mean, 9);
    expect(merged.deviation).toBeCloseTo(whole.deviation, 9);
    expect([merged.count, merged.min, merged.max]).toEqual([whole.count, whole.min, whole.max]);
  });

  it('adds a snapshot several times', () => {
    const merged = new LatencyHistogram();
    merged.addSnapshot(fill([1, 2, 6]).snapshot(), 3);
    expect([merged.count, merged.mean]).toEqual([9, 3]);
    expect(merged.deviation).toBeCloseTo(fill([1, 2, 6]).deviation, 12);
  });

  it('comes back from its pairs with all counts and, within half a bucket, its mean', () => {
    const histogram = fill(lognormal(5000, 9));
    const again = LatencyHistogram.fromPairs(histogram.toPairs());
    expect(again.toPairs()).toEqual(histogram.toPairs());
    expect(again.count).toBe(5000);
    expect(Math.abs(again.mean / histogram.mean - 1)).toBeLessThan(2 ** -12);
    expect(again.valueAt(99)).toBeCloseTo(histogram.valueAt(99), 12);
  });

  it('is empty after a reset and can be used again', () => {
    const histogram = fill([1, 2, 3]);
    histogram.reset();
    expect(histogram.toPairs()).toEqual([]);
    histogram.record(7);
    expect([histogram.count, histogram.mean, histogram.min, histogram.max]).toEqual([1, 7, 7, 7]);
  });
});
