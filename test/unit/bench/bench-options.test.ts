// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { BenchOptions } from '../../../lib/bench/bench-options';
import { decidePipelined, decideSettings, type SettingFacts } from '../../../lib/bench/decide-settings';

const cpu: SettingFacts = { device: 'cpu', contexts: 2, hasStageTimes: false, batch: 4 };
const gpu: SettingFacts = { device: 'cuda:0', contexts: 1, hasStageTimes: true, batch: 1 };
const decide = (options: object, facts = cpu) => decideSettings(options, facts);

describe('what is left out', () => {
  it('is one call at a time for three seconds', () => {
    expect(decide({})).toEqual({
      load: { kind: 'closed', concurrency: 1 },
      warmUpMs: 500,
      warmUpIterations: 1,
      durationMs: 3000,
      iterations: 10,
      windowMs: 500,
      stabilityLatency: 'mean',
      stabilityPercent: 10,
      percentiles: [],
      calls: 'binding',
      batch: 4,
      stageTimes: false,
      session: { transfers: true },
    });
  });

  it('is the same as undefined', () => {
    expect(decide({ warmUpMs: undefined, trtexecCompat: undefined, load: undefined })).toEqual(decide({}));
  });

  it('warms up each call in flight once', () => {
    expect(decide({ load: { concurrency: 3 } }).warmUpIterations).toBe(3);
    expect(decide({ load: { ratePerSecond: 10 } }).warmUpIterations).toBe(1);
  });

  it('takes bindings where each call in flight has a context of its own', () => {
    expect(decide({ load: { concurrency: 2 } }).calls).toBe('binding');
    expect(decide({ load: { concurrency: 3 } }).calls).toBe('run');
    expect(decide({ load: { ratePerSecond: 3 } }).calls).toBe('run');
    expect(decide({ load: { concurrency: 3 }, calls: 'binding' }).calls).toBe('binding');
  });

  it('takes the times of the device where the session has them', () => {
    expect(decide({}, gpu).stageTimes).toBe(true);
    expect(decide({ stageTimes: false }, gpu).stageTimes).toBe(false);
    expect(() => decide({ stageTimes: true })).toThrow(/does not record the times of the device/);
  });

  it('measures pipelined on GPUs, after one call at a time', () => {
    const isPipelined = (options: BenchOptions, facts: SettingFacts) =>
      decidePipelined(options, decide(options, facts), facts.device);
    expect(isPipelined({}, gpu)).toBe(true);
    expect(isPipelined({ pipelined: false }, gpu)).toBe(false);
    expect(isPipelined({ load: { concurrency: 2 } }, gpu)).toBe(false);
    expect(isPipelined({}, cpu)).toBe(false);
  });
});

describe('loads', () => {
  it('are decided with their defaults', () => {
    expect(decide({ load: { ratePerSecond: 250 } }).load).toEqual({
      kind: 'open',
      arrivals: 'constant',
      ratePerSecond: 250,
      seed: 0,
      maxInFlight: 1024,
    });
    const schedule = { source: 'day.txt', offsetsMs: [0, 5, 5, 20] };
    expect(decide({ load: { schedule: 'day.txt', maxInFlight: 8 } }, { ...cpu, schedule }).load).toEqual({
      kind: 'schedule',
      source: 'day.txt',
      calls: 4,
      lengthMs: 20 + 20 / 3,
      maxInFlight: 8,
    });
  });
});

describe('the number of calls', () => {
  it('is one at least in an open loop, where ten could take hours, and what was asked for', () => {
    expect(decide({ load: { ratePerSecond: 0.001 } }).iterations).toBe(1);
    expect(decide({ load: { ratePerSecond: 5 }, iterations: 20 }).iterations).toBe(20);
    expect(decide({ load: { concurrency: 2 } }).iterations).toBe(10);
  });
});

describe('bad input', () => {
  it.each([
    [{ load: { ratePerSecond: 0 } }, 'ERR_TRT_ARG_VALUE', /load\.ratePerSecond.*not 0/],
    [{ load: { ratePerSecond: -5 } }, 'ERR_TRT_ARG_VALUE', /not -5/],
    [{ load: { ratePerSecond: NaN } }, 'ERR_TRT_ARG_VALUE', /not NaN/],
    [{ load: { ratePerSecond: Infinity } }, 'ERR_TRT_ARG_VALUE', /not Infinity/],
    [{ load: { ratePerSecond: 1_000_001 } }, 'ERR_TRT_ARG_VALUE', /up to 1000000/],
    [{ load: { ratePerSecond: '9' } }, 'ERR_TRT_ARG_TYPE', /not "9"/],
    [{ load: { ratePerSecond: 9, maxInFlight: 0 } }, 'ERR_TRT_ARG_VALUE', /load\.maxInFlight/],
    [{ load: { ratePerSecond: 9, arrivals: 'poison' } }, 'ERR_TRT_ARG_VALUE', /'constant', 'poisson'/],
    [{ load: { ratePerSecond: 9, seed: -1 } }, 'ERR_TRT_ARG_VALUE', /load\.seed/],
    [{ load: { ratePerSecond: 9, concurrency: 2 } }, 'ERR_TRT_ARG_UNKNOWN_OPTION', /concurrency/],
    [{ load: { concurency: 2 } }, 'ERR_TRT_ARG_UNKNOWN_OPTION', /Did you mean "concurrency"/],
    [{ load: { concurrency: 1.5 } }, 'ERR_TRT_ARG_VALUE', /whole number/],
    [{ load: 5 }, 'ERR_TRT_ARG_TYPE', /as an object, not 5/],
    [{ load: null }, 'ERR_TRT_ARG_TYPE', /not null/],
    [{ durationMs: 0 }, 'ERR_TRT_ARG_VALUE', /durationMs.*above 0/],
    [{ durationMs: Infinity }, 'ERR_TRT_ARG_VALUE', /durationMs/],
    [{ durationMs: '3s' }, 'ERR_TRT_ARG_TYPE', /durationMs/],
    [{ warmUpMs: -1 }, 'ERR_TRT_ARG_VALUE', /warmUpMs/],
    [{ iterations: 0 }, 'ERR_TRT_ARG_VALUE', /iterations/],
    [{ percentiles: [0] }, 'ERR_TRT_ARG_VALUE', /percentiles\[0\]/],
    [{ percentiles: [50, 100.5] }, 'ERR_TRT_ARG_VALUE', /percentiles\[1\]/],
    [{ percentiles: ['p99'] }, 'ERR_TRT_ARG_TYPE', /percentiles\[0\]/],
    [{ percentiles: 99 }, 'ERR_TRT_ARG_TYPE', /an array/],
    [{ stabilityLatency: 'median' }, 'ERR_TRT_ARG_VALUE', /stabilityLatency/],
    [{ stabilityLatency: 'p0' }, 'ERR_TRT_ARG_VALUE', /stabilityLatency/],
    [{ stabilityPercent: 0 }, 'ERR_TRT_ARG_VALUE', /stabilityPercent/],
    [{ calls: 'bind' }, 'ERR_TRT_ARG_VALUE', /'binding'/],
    [{ coldStart: 0 }, 'ERR_TRT_ARG_VALUE', /coldStart/],
    [{ coldStart: 'yes' }, 'ERR_TRT_ARG_TYPE', /coldStart/],
    [{ transfers: false }, 'ERR_TRT_ARG_VALUE', /transfers/],
    [{ pipelined: true }, 'ERR_TRT_ARG_VALUE', /pipelined/],
    [{ trtexecCompat: 9 }, 'ERR_TRT_ARG_VALUE', /10 or 11/],
    [{ durration: 5 }, 'ERR_TRT_ARG_UNKNOWN_OPTION', /"durration"/],
    [{ durationMS: 5 }, 'ERR_TRT_ARG_UNKNOWN_OPTION', /Did you mean "durationMs"/],
  ])('refuses %j', (options, code, message) => {
    expect(() => decide(options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('says how to write a percentile with a fraction', () => {
    expect(decide({ stabilityLatency: 'p99.9' }).stabilityLatency).toBe('p99.9');
    expect(() => decide({ stabilityLatency: 'p999' })).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE', hint: "Write 'p99.9'." }),
    );
  });
});
