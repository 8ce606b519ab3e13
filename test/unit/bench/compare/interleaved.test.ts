// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { compareInterleaved, type RunOnce } from '../../../../lib/bench/compare/interleaved';
import { TensorRTError } from '../../../../lib/errors';
import { sampleResult } from '../../../bench-documents';

const withP50 = (p50: number) => {
  const base = sampleResult();
  return { ...base, latencyMs: { ...base.latencyMs, p50 } };
};

/** A machine that becomes 2 % slower with every measurement on it. */
function slowingMachine(order: string[]): (name: string, p50: number) => RunOnce {
  let runs = 0;
  return (name, p50) => () => {
    order.push(name);
    return Promise.resolve(withP50(p50 * 1.02 ** runs++));
  };
}

describe('interleaved measurements', () => {
  it('take turns at going first, so that a machine that slows down is no difference', async () => {
    const order: string[] = [];
    const on = slowingMachine(order);
    const comparison = await compareInterleaved({ a: on('a', 10), b: on('b', 10), rounds: 6 });
    expect(order.join('')).toBe('abbaabbaabba');
    expect(comparison.verdict).toBe('no difference seen');
    expect(comparison.cases[0]!.metrics.find(({ name }) => name === 'p50')!.changePercent).toBeCloseTo(0, 6);
  });

  it('see a difference beyond that', async () => {
    const on = slowingMachine([]);
    const comparison = await compareInterleaved({ a: on('a', 10), b: on('b', 11.5) });
    expect(comparison).toMatchObject({ rounds: 7, verdict: 'slower', method: 'interleaved' });
  });

  it('tell of each measurement', async () => {
    const told: string[] = [];
    await compareInterleaved({
      a: async () => withP50(1),
      b: async () => withP50(1),
      rounds: 3,
      onRound: ({ round, rounds, side }) => told.push(`${round}/${rounds}${side}`),
    });
    expect(told).toEqual(['1/3a', '1/3b', '2/3b', '2/3a', '3/3a', '3/3b']);
  });

  it('refuse what cannot be compared after the first round', async () => {
    let runs = 0;
    const run: RunOnce = async () => ({ ...sampleResult(), device: `cuda:${runs++}` });
    await expect(compareInterleaved({ a: run, b: run })).rejects.toMatchObject({
      code: 'ERR_TRT_BENCH_INCOMPARABLE',
    });
    expect(runs).toBe(2);
  });

  it('compare the complete rounds where they are interrupted, and say so', async () => {
    const stop = new AbortController();
    let runs = 0;
    const run: RunOnce = async () => {
      runs += 1;
      if (runs < 8) return withP50(10 + runs / 100);
      stop.abort();
      throw new TensorRTError('ERR_TRT_RUN_ABORTED', 'killed');
    };
    const comparison = await compareInterleaved({ a: run, b: run, signal: stop.signal });
    expect(comparison.rounds).toBe(3);
    expect(comparison.warnings[0]).toBe('Interrupted after 3 of 7 rounds.');
  });

  it.each<[string, RunOnce]>([
    ['rejects', () => Promise.reject(new TensorRTError('ERR_TRT_RUN_FAILED', 'no memory'))],
    [
      'ends early',
      async () => ({
        ...sampleResult(),
        end: 'failed',
        error: { code: 'ERR_TRT_RUN_FAILED', message: 'no memory' },
      }),
    ],
    ['is of another device', async () => ({ ...sampleResult(), device: 'cuda:7' })],
  ])('keep the rounds before one that %s, and say that it failed', async (_, fail) => {
    let runs = 0;
    const b: RunOnce = (stop) => ((runs += 1) < 5 ? Promise.resolve(withP50(20 + runs / 100)) : fail(stop));
    const comparison = await compareInterleaved({ a: async () => withP50(10), b });
    expect(comparison).toMatchObject({ rounds: 4, verdict: 'slower' });
    expect(comparison.failures).toEqual([expect.stringMatching(/^Round 5 of 7 failed, 4 before it/)]);
    expect(comparison.warnings[0]).toBe(comparison.failures![0]);
  });

  it('judge nothing where the first round ends early', async () => {
    const b: RunOnce = async () => ({ ...withP50(1), end: 'failed' });
    const comparison = await compareInterleaved({ a: async () => withP50(10), b });
    expect(comparison).toMatchObject({ rounds: 1, verdict: 'not judged' });
    expect(comparison.failures).toHaveLength(1);
  });

  it('reject where they are interrupted before a round is complete, and with what a measurement fails with', async () => {
    const run: RunOnce = async () => sampleResult();
    await expect(compareInterleaved({ a: run, b: run, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
      message: expect.stringContaining('Ctrl-C') as string,
    });
    const failing: RunOnce = () => Promise.reject(new Error('no memory'));
    await expect(compareInterleaved({ a: run, b: failing })).rejects.toThrow('no memory');
  });

  it.each([0, 1.5, NaN, 1e6])('refuse %d rounds', async (rounds) => {
    const run: RunOnce = async () => sampleResult();
    await expect(compareInterleaved({ a: run, b: run, rounds })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
  });
});
