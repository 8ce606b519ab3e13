// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { createArrivals, type Arrivals } from '../../../../lib/bench/measure/arrivals';
import type { Load } from '../../../../lib/bench/settings';
import { exactPercentile } from '../../../simulated-device';

const take = (arrivals: Arrivals, count: number) => Array.from({ length: count }, () => arrivals.nextMs());
const open = (arrivals: 'constant' | 'poisson', ratePerSecond: number, seed = 1) =>
  ({ kind: 'open', arrivals, ratePerSecond, seed, maxInFlight: 1 }) as const satisfies Load;
const schedule = (lengthMs: number) =>
  ({ kind: 'schedule', source: 'x', calls: 3, lengthMs, maxInFlight: 1 }) as const satisfies Load;

describe('createArrivals', () => {
  it('spaces constant arrivals evenly, without drift after a million', () => {
    expect(take(createArrivals(open('constant', 4)), 4)).toEqual([0, 250, 500, 750]);
    expect(take(createArrivals(open('constant', 3)), 3_000_001).at(-1)).toBeCloseTo(1e9, 5);
  });

  it('gives a Poisson process: the mean and variance of counts, and exponential distances', () => {
    const moments = take(createArrivals(open('poisson', 200)), 200_000);
    const counts = Array<number>(900).fill(0);
    for (const moment of moments) if (moment < 900_000) counts[Math.floor(moment / 1000)]! += 1;
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1);
    // Four standard errors: of the mean sqrt(200 / 900), of the variance 200 sqrt(2 / 900).
    expect(Math.abs(mean - 200)).toBeLessThan(4 * 0.47);
    expect(Math.abs(variance - 200)).toBeLessThan(4 * 9.4);
    const distances = moments.slice(1).map((moment, index) => moment - moments[index]!);
    for (const percent of [10, 50, 90, 99]) {
      const expected = -Math.log(1 - percent / 100) * 5;
      expect(Math.abs(exactPercentile(distances, percent) / expected - 1)).toBeLessThan(0.03);
    }
  });

  it('gives the same Poisson process for the same seed, and another for another', () => {
    const first = (seed: number) => take(createArrivals(open('poisson', 10, seed)), 20);
    expect(first(7)).toEqual(first(7));
    expect(first(7)).not.toEqual(first(8));
  });

  it('repeats a recording after its length', () => {
    const moments = take(createArrivals(schedule(50), [0, 10, 10]), 7);
    expect(moments).toEqual([0, 10, 10, 50, 60, 60, 100]);
  });

  it.each([
    [[], 50, /without calls/],
    [[5, 4], 50, /got 4 after 5 ms/],
    [[-1], 50, /got -1 after 0 ms/],
    [[NaN], 50, /got NaN after 0 ms/],
    [[0, 60], 50, /a length of 50 ms with a call at 60 ms/],
    [[0], 0, /a length of 0 ms/],
  ])('refuses a recording that cannot be played: %j of %d ms', (recorded, lengthMs, message) => {
    const create = () => createArrivals(schedule(lengthMs), recorded);
    expect(create).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }));
    expect(create).toThrow(message);
  });
});
