// SPDX-License-Identifier: Apache-2.0
import { describe as group, expect, it } from 'vitest';
import {
  describe,
  emptyDistribution,
  latencyNamed,
  percentOf,
} from '../../../../lib/bench/stats/distribution';
import { LatencyHistogram } from '../../../../lib/bench/stats/histogram';

/** 1 to 10,000 ms. */
function countToTenThousand(): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (let value = 1; value <= 10_000; value += 1) histogram.record(value);
  return histogram;
}

group('describe', () => {
  it('tells the usual percentiles and those that were asked for, by name', () => {
    const near = (value: number) => expect.closeTo(value, -1) as number;
    expect(describe(countToTenThousand(), { percentiles: [97.5, 1] })).toEqual({
      count: 10_000,
      mean: 5000.5,
      deviation: expect.closeTo(2886.751, 2) as number,
      min: 1,
      p50: near(5000),
      p90: near(9000),
      p95: near(9500),
      p99: near(9900),
      p999: near(9990),
      p9999: near(9999),
      max: 10_000,
      percentiles: { '97.5': near(9750), '1': near(100) },
    });
  });

  it('is all zero for no values', () => {
    expect(describe(new LatencyHistogram())).toEqual(emptyDistribution);
  });
});

group('the name of a latency', () => {
  const distribution = describe(countToTenThousand(), { percentiles: [97.5] });

  it('is the mean or a percentile', () => {
    expect([percentOf('mean'), percentOf('p50'), percentOf('p99.9'), percentOf('p100')]).toEqual([
      null,
      50,
      99.9,
      100,
    ]);
    expect(latencyNamed(distribution, 'mean')).toBe(5000.5);
    expect(latencyNamed(distribution, 'p99.9')).toBe(distribution.p999);
    expect(latencyNamed(distribution, 'p99.99')).toBe(distribution.p9999);
    expect(latencyNamed(distribution, 'p97.5')).toBe(distribution.percentiles!['97.5']);
    expect(latencyNamed(distribution, 'p100')).toBe(10_000);
  });

  it.each(['p0', 'p101', 'p-1', '99', 'p', 'p99%', 'median', ''])(
    'is refused where it means nothing: %j',
    (name) => {
      expect(() => percentOf(name)).toThrow(/expected mean or a percentile such as p99/);
    },
  );

  it('is refused where the result does not have it', () => {
    expect(() => latencyNamed(distribution, 'p75')).toThrow('the result has no p75');
  });
});
