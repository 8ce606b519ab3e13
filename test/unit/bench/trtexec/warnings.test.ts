// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { decideSettings } from '../../../../lib/bench/decide-settings';
import type { Distribution, GpuUsage } from '../../../../lib/bench/result';
import { emptyDistribution } from '../../../../lib/bench/stats/distribution';
import { LatencyHistogram } from '../../../../lib/bench/stats/histogram';
import type { DeviceTimes } from '../../../../lib/bench/trtexec/summary';
import { warningsFor, type WarningFacts } from '../../../../lib/bench/trtexec/warnings';

const facts: WarningFacts = {
  settings: decideSettings({}, { device: 'cuda:0', contexts: 1, hasStageTimes: true, batch: 1 }),
  contexts: 1,
  device: 'cuda:0',
  latencyMs: { ...emptyDistribution, count: 100_000, p50: 2 },
  queueGrew: false,
  eventLoopUtilization: 0.2,
  machine: { loadAverage: 0.5, cores: 8 },
};

function constant(ms: number): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (let i = 0; i < 20; i++) histogram.record(ms);
  return histogram;
}

function times(changed: Partial<DeviceTimes> = {}): DeviceTimes {
  return {
    enqueue: constant(0.1),
    h2d: constant(0.2),
    compute: constant(1),
    d2h: constant(0.2),
    deviceLatency: constant(1.4),
    firstStartMs: 0,
    lastEndMs: 30,
    ...changed,
  };
}

const gpuUsage = (throttling: Record<string, number>): GpuUsage => ({
  name: 'GPU',
  uuid: 'GPU-1',
  driver: '580',
  intervalMs: 100,
  throttling,
  missing: {},
});
const delay = (p99: number): Distribution => ({ ...emptyDistribution, count: 1000, p99 });
const warn = (changed: Partial<WarningFacts>) => warningsFor({ ...facts, ...changed });
const codes = (changed: Partial<WarningFacts>) => warn(changed).map(({ code }) => code);

describe('warningsFor', () => {
  it('is silent where there is nothing to say', () => {
    expect(warn({ times: times(), gpu: gpuUsage({ idle: 1 }), sendDelayMs: delay(0.1) })).toEqual([]);
  });

  it('sees an enqueue of more than 0.8 of the compute time', () => {
    expect(codes({ times: times({ enqueue: constant(0.79) }) })).toEqual([]);
    expect(codes({ times: times({ enqueue: constant(0.81) }) })).toEqual(['enqueue-bound']);
  });

  it('sees copies that take as long as the network, each way', () => {
    expect(codes({ times: times({ h2d: constant(0.99) }) })).toEqual([]);
    expect(codes({ times: times({ h2d: constant(1), d2h: constant(1.5) }) })).toEqual([
      'transfer-bound',
      'transfer-bound',
    ]);
    expect(codes({ times: times({ h2d: constant(0), d2h: new LatencyHistogram() }) })).toEqual([]);
  });

  it('sees a compute time that varies by more than 2.5 %', () => {
    const compute = constant(1);
    compute.record(1.09);
    expect(codes({ times: times({ compute }) })).toEqual([]);
    compute.record(1.2);
    const [warning] = warn({ times: times({ compute }) });
    expect(warning!.code).toBe('unstable-clock');
    expect(warning!.message).toMatch(/4\.\d %.*nvidia-smi/);
    expect(codes({ times: times({ compute }), device: 'cpu' })).toEqual([]);
  });

  it('says that contexts wait for each other, on a GPU', () => {
    expect(codes({ contexts: 2 })).toEqual(['shared-streams']);
    expect(codes({ contexts: 2, device: 'cpu' })).toEqual([]);
  });

  it('names the reasons for lowered clocks that hold a run back', () => {
    const [warning] = warn({ gpu: gpuUsage({ idle: 0.5, sw_power_cap: 0.25, applications_clocks: 1 }) });
    expect(warning).toMatchObject({
      code: 'throttled',
      message: expect.stringContaining('sw_power_cap in 25.0 %'),
    });
    expect(codes({ gpu: { unavailable: 'no NVML' } })).toEqual([]);
  });

  it('sees calls that were made late: by a millisecond, or by a tenth of the latency', () => {
    expect(codes({ sendDelayMs: delay(0.19) })).toEqual([]);
    expect(codes({ sendDelayMs: delay(0.21) })).toEqual(['late-schedule']);
    const slow = { ...facts.latencyMs, p50: 500 };
    expect(codes({ sendDelayMs: delay(0.9), latencyMs: slow })).toEqual([]);
    expect(codes({ sendDelayMs: delay(1.1), latencyMs: slow })).toEqual(['late-schedule']);
  });

  it('sees a queue that grew', () => {
    expect(codes({ queueGrew: true })).toEqual(['queue-growing']);
  });

  it('sees percentiles that rest on too few calls, and says how many they want', () => {
    const count = (n: number) => ({ latencyMs: { ...facts.latencyMs, count: n } });
    const message = (n: number, changed = {}) => warn({ ...count(n), ...changed })[0]!.message;
    expect(codes(count(1000))).toEqual([]);
    expect(message(999)).toMatch(/p95 is the highest .* p99 wants 1000 calls/);
    expect(message(19)).toMatch(/no percentile has 10 calls beyond it.* p50 wants 20 calls/);
    const settings = { ...facts.settings, percentiles: [97.5, 100] };
    expect(message(500, { settings })).toMatch(/p97\.5 is the highest .* p99 wants/);
    const asked = { ...facts.settings, percentiles: [99.999] };
    expect(message(100_000, { settings: asked })).toMatch(
      /p99 is the highest .* p99\.999 wants 1000000 calls/,
    );
    const usual = { ...facts.settings, percentiles: [99.9] };
    expect(message(1000, { settings: usual })).toBe(
      'Of 1000 measured calls, p99 is the highest percentile with 10 calls beyond it. Quote none above it, or measure longer: p99.9 wants 10000 calls.',
    );
  });

  it('sees a busy event loop and a busy machine', () => {
    expect(codes({ eventLoopUtilization: 0.95 })).toEqual(['busy-event-loop']);
    expect(codes({ machine: { loadAverage: 8.1, cores: 8 } })).toEqual(['busy-machine']);
  });

  it('says that device times were lost', () => {
    expect(codes({ droppedTimes: 3 })).toEqual(['sensor']);
  });

  it('says what failed beside the calls', () => {
    expect(warningsFor({ ...facts, problems: ['event loop: gone'] })).toEqual([
      { code: 'sensor', message: 'event loop: gone' },
    ]);
  });
});
