// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { measure } from '../../../../lib/bench/measure/measure';
import { findHighestRate, type RateSearch } from '../../../../lib/bench/measure/rate-search';
import type { BenchResult } from '../../../../lib/bench/result';
import { describe as describeLatency, emptyDistribution } from '../../../../lib/bench/stats/distribution';
import { latencies, settingsFor, simulateDevice } from '../../../simulated-device';

const SERVICE_MS = 10;
const LIMIT = { percentile: 'p99', milliseconds: 50 };

/** What the search reads of a result. */
function resultOf(rate: number, fields: Partial<BenchResult>): BenchResult {
  const result: Partial<BenchResult> = {
    label: `${rate}/s`,
    end: 'complete',
    inferences: rate,
    measuredMs: 1000,
    throughput: { inferencesPerSecond: rate, samplesPerSecond: rate, requestedPerSecond: rate },
    latencyMs: emptyDistribution,
    warnings: [],
    ...fields,
  };
  return result as BenchResult;
}

/** Measures a device that serves one call after the other, in virtual time. */
async function measureQueue(ratePerSecond: number, durationMs = 600_000): Promise<BenchResult> {
  const { device, time } = simulateDevice({ latency: latencies.constant(SERVICE_MS), servers: 1 });
  const measured = await measure({
    target: device,
    time,
    settings: settingsFor(
      { kind: 'open', arrivals: 'poisson', ratePerSecond, seed: 3, maxInFlight: 64 },
      { durationMs, windowMs: durationMs / 10 },
    ),
  });
  const { inferences, measuredMs, requestedPerSecond } = measured;
  const perSecond = (inferences * 1000) / measuredMs;
  return resultOf(ratePerSecond, {
    inferences,
    measuredMs,
    throughput: { inferencesPerSecond: perSecond, samplesPerSecond: perSecond, requestedPerSecond },
    latencyMs: describeLatency(measured.latency),
    serviceMs: describeLatency(measured.service!),
    warnings: measured.queueGrew ? [{ code: 'queue-growing', message: '' }] : [],
  });
}

/** Share of the calls of an M/D/1 queue that wait at most so long (A. K. Erlang, 1909). */
function waitsAtMost(ratePerSecond: number, waitMs: number): number {
  const lambda = ratePerSecond / 1000;
  let sum = 0;
  let factorial = 1;
  for (let index = 0; index * SERVICE_MS <= waitMs; index += 1) {
    if (index > 0) factorial *= index;
    const exponent = lambda * (waitMs - index * SERVICE_MS);
    sum += (Math.exp(exponent) * (-exponent) ** index) / factorial;
  }
  return (1 - lambda * SERVICE_MS) * sum;
}

/** The rate at which exactly 99 % of the calls take at most the limit. */
function trueRate(): number {
  let [low, high] = [1, 1000 / SERVICE_MS];
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if (waitsAtMost(middle, LIMIT.milliseconds - SERVICE_MS) > 0.99) low = middle;
    else high = middle;
  }
  return low;
}

const rates = ({ search }: Awaited<ReturnType<typeof findHighestRate>>) =>
  search.tried.map(({ ratePerSecond }) => ratePerSecond);

/** A device whose latency is within the limit up to a rate. */
const withinUpTo = (most: number) => async (rate: number) =>
  resultOf(rate, { latencyMs: { ...emptyDistribution, p99: rate <= most ? 10 : 90 } });

describe('findHighestRate', () => {
  it('finds what queueing theory says', async () => {
    const found = await findHighestRate({
      limit: LIMIT,
      firstRate: 5,
      resolution: 0.02,
      measureAt: (rate) => measureQueue(rate),
    });
    const exact = trueRate();
    expect(exact).toBeGreaterThan(50);
    expect(Math.abs(found.search.highestRatePerSecond! / exact - 1)).toBeLessThan(0.04);
  }, 60_000);

  it('never takes a rate beyond the capacity, however high the limit', async () => {
    const limit = { percentile: 'p99', milliseconds: 1e9 };
    const measureAt = (rate: number) => measureQueue(rate, 120_000);
    const found = await findHighestRate({ limit, firstRate: 30, measureAt });
    expect(found.search.highestRatePerSecond).toBeGreaterThan(93);
    expect(found.search.highestRatePerSecond).toBeLessThan(102);
    const tooHigh = found.search.tried.filter(({ isWithinLimit }) => !isWithinLimit);
    expect(tooHigh[0]!.reason).toContain('the queue grows');
  }, 60_000);

  it('doubles until a rate is too high, then bisects to the resolution', async () => {
    const found = await findHighestRate({ limit: LIMIT, firstRate: 100, measureAt: withinUpTo(700) });
    expect(rates(found)).toEqual([100, 200, 400, 800, 600, 700, 750, 725]);
    expect(found.search).toMatchObject({ highestRatePerSecond: 700, label: '700/s', limit: LIMIT });
    expect(found.results.map(({ label }) => label)).toEqual(rates(found).map((rate) => `${rate}/s`));
    expect(found.search.tried[3]).toEqual({
      ratePerSecond: 800,
      milliseconds: 90,
      isWithinLimit: false,
      reason: 'p99 is 90.00 ms, above 50 ms',
    });
  });

  it('halves where the first rate is too high, and says that none is kept when none is', async () => {
    const found = await findHighestRate({
      limit: LIMIT,
      firstRate: 100,
      measureAt: withinUpTo(30),
      resolution: 0.5,
    });
    expect(rates(found)).toEqual([100, 50, 25, 37.5]);
    expect(found.search.highestRatePerSecond).toBe(25);
    const none = await findHighestRate({
      limit: LIMIT,
      firstRate: 100,
      measureAt: withinUpTo(0),
      maxTrials: 6,
    });
    expect(none.search).toMatchObject({ highestRatePerSecond: null, label: null });
    expect(none.results).toHaveLength(6);
  });

  it('refuses a rate of which less than 95 % is served', async () => {
    const measureAt = async (rate: number) => resultOf(rate, { inferences: Math.min(rate, 450) });
    const found = await findHighestRate({ limit: LIMIT, firstRate: 100, measureAt });
    expect(found.search.highestRatePerSecond).toBeLessThan(475);
    expect(found.search.tried[3]!.reason).toBe('only 56 % of the calls a second are served');
  });

  it('ends at once where calls that wait for nothing are above the limit', async () => {
    const slow = { ...emptyDistribution, count: 600, min: 19, p50: 20, p90: 20, p95: 20, p99: 20 };
    const limit = { percentile: 'p99', milliseconds: 10 };
    const atRates = await findHighestRate({
      limit,
      firstRate: 25,
      durationMs: 600_000,
      measureAt: async (rate) => resultOf(rate, { latencyMs: slow, serviceMs: slow }),
    });
    expect(rates(atRates)).toEqual([25]);
    expect(atRates.search.reason).toBe('p99 is 20 ms even for calls that wait for nothing');
    const alone = resultOf(50, { latencyMs: slow });
    const refused = await findHighestRate({ limit, firstRate: 25, alone, measureAt: withinUpTo(1e9) });
    expect(refused.search).toMatchObject({
      highestRatePerSecond: null,
      reason: atRates.search.reason,
      tried: [],
    });
    expect(refused.results).toEqual([]);
  });

  it('ends after one measurement of a device that is slower than the limit', async () => {
    const limit = { percentile: 'p99', milliseconds: SERVICE_MS / 2 };
    const found = await findHighestRate({
      limit,
      firstRate: 30,
      measureAt: (rate) => measureQueue(rate, 60_000),
    });
    expect(rates(found)).toEqual([30]);
    expect(found.search.reason).toMatch(/^p99 is [\d.]+ ms even for calls that wait for nothing$/);
  });

  it('tells calls that take long from calls that wait', async () => {
    // The median is 5 ms, p99 20 ms: at 25/s an eighth of the calls wait, at 1/s hardly one does.
    const service = { ...emptyDistribution, count: 1000, min: 4, mean: 5, p50: 5, p99: 20, max: 30 };
    const found = await findHighestRate({
      limit: { percentile: 'p99', milliseconds: 10 },
      firstRate: 25,
      durationMs: 600_000,
      measureAt: async (rate) => resultOf(rate, { latencyMs: service, serviceMs: service }),
    });
    expect(rates(found)).toEqual([25, 12.5, 6.25, 3.125, 1.5625, 0.78125]);
    expect(found.search.reason).toBe('p99 is 20 ms even for calls that wait for nothing');
  });

  it('tries no rate that makes fewer than ten calls, and none above a million a second', async () => {
    const search = { limit: LIMIT, firstRate: 20, durationMs: 2000 };
    const none = await findHighestRate({ ...search, measureAt: withinUpTo(0) });
    expect(rates(none)).toEqual([20, 10, 5]);
    expect(none.search.reason).toBe(
      '5 calls a second, the lowest rate with 10 calls in a measurement, are too many: measure longer to try fewer',
    );
    expect(rates(await findHighestRate({ ...search, firstRate: 1, measureAt: withinUpTo(0) }))).toEqual([5]);
    const all = await findHighestRate({ ...search, firstRate: 3e5, measureAt: withinUpTo(Infinity) });
    expect(rates(all)).toEqual([3e5, 6e5, 1e6]);
    expect(all.search).toMatchObject({ highestRatePerSecond: 1e6 });
    expect(all.search).not.toHaveProperty('reason');
  });

  it('keeps what was found when a measurement rejects, and rejects where nothing was', async () => {
    const measureAt = async (rate: number) => {
      if (rate > 250) throw new Error('lost');
      return withinUpTo(1e9)(rate);
    };
    const found = await findHighestRate({ limit: LIMIT, firstRate: 100, measureAt });
    expect(rates(found)).toEqual([100, 200]);
    expect(found.search.highestRatePerSecond).toBe(200);
    expect(found.failure).toEqual({ ratePerSecond: 400, error: new Error('lost') });
    await expect(findHighestRate({ limit: LIMIT, firstRate: 300, measureAt })).rejects.toThrow('lost');
  });

  it('ends with its signal, and where a measurement was not completed', async () => {
    const controller = new AbortController();
    const measureAt: RateSearch['measureAt'] = async (rate) => {
      if (rate === 400) controller.abort();
      return withinUpTo(1e9)(rate);
    };
    const stopped = await findHighestRate({
      limit: LIMIT,
      firstRate: 100,
      measureAt,
      signal: controller.signal,
    });
    expect(rates(stopped)).toEqual([100, 200, 400]);
    const failing = await findHighestRate({
      limit: LIMIT,
      firstRate: 100,
      measureAt: async (rate) => ({
        ...(await withinUpTo(1e9)(rate)),
        end: rate > 150 ? 'failed' : 'complete',
      }),
    });
    expect([rates(failing), failing.results.length]).toEqual([[100], 2]);
    expect(failing.search.highestRatePerSecond).toBe(100);
  });

  it('refuses a percentile that there is not', async () => {
    const limit = { percentile: 'p42', milliseconds: 1 };
    const search = findHighestRate({ limit, firstRate: 1, measureAt: withinUpTo(1) });
    await expect(search).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: 'the result has no p42',
    });
  });
});
