// SPDX-License-Identifier: Apache-2.0
// The harness against a device whose latencies are known. All of it is in virtual time: no test waits for a clock.

import { describe, expect, it } from 'vitest';
import { CallLog } from '../../../../lib/bench/measure/call-log';
import { measure, type Measured, type MeasureRequest } from '../../../../lib/bench/measure/measure';
import type { BenchSettings, Load } from '../../../../lib/bench/settings';
import {
  exactPercentile,
  latencies,
  simulateDevice,
  type LatencySource,
  type SimulatedDeviceOptions,
  settingsFor,
} from '../../../simulated-device';

const PERCENTS = [50, 90, 95, 99, 99.9, 99.99];
const ONE_PERCENT = 0.01;

const closed = (concurrency = 1): Load => ({ kind: 'closed', concurrency });
const open = (
  ratePerSecond: number,
  maxInFlight = 64,
  arrivals: 'constant' | 'poisson' = 'constant',
): Load => ({
  kind: 'open',
  arrivals,
  ratePerSecond,
  seed: 5,
  maxInFlight,
});

interface Case {
  readonly load: Load;
  readonly device: Omit<SimulatedDeviceOptions, 'time'>;
  readonly settings?: Partial<BenchSettings>;
  readonly request?: Partial<MeasureRequest>;
}

async function run({ load, device: options, settings, request }: Case) {
  const { device, time } = simulateDevice(options);
  const measured = await measure({ target: device, time, settings: settingsFor(load, settings), ...request });
  return { measured, device, time };
}

function expectPercentiles(measured: Measured, truth: readonly number[]): void {
  expect(measured.latency.count).toBe(truth.length);
  for (const percent of PERCENTS) {
    const error = measured.latency.valueAt(percent) / exactPercentile(truth, percent) - 1;
    expect(Math.abs(error), `p${percent}`).toBeLessThan(0.0006);
  }
}

/** A queue by its definition: calls in order, one after the other on as many servers. */
function queueLatencies(arrivalsMs: readonly number[], workMs: readonly number[], servers = 1): number[] {
  const freeMs = Array<number>(servers).fill(0);
  return arrivalsMs.map((atMs, index) => {
    const server = freeMs.indexOf(Math.min(...freeMs));
    freeMs[server] = Math.max(atMs, freeMs[server]!) + workMs[index]!;
    return freeMs[server] - atMs;
  });
}

/** With the length of a closed loop in which its analytic percentiles come out. */
const DISTRIBUTIONS: readonly [name: string, makeSource: () => LatencySource, closedMs: number][] = [
  ['a constant', () => latencies.constant(2.5), 50_000],
  ['two peaks', () => latencies.twoPeaked(1, 12, 0.03, 11), 50_000],
  ['a lognormal', () => latencies.lognormal(2, 0.5, 12), 500_000],
  ['a Pareto', () => latencies.pareto(1, 3, 14), 500_000],
  ['a drifting', () => latencies.drifting(1, 0.02), 100_000],
];

describe('latencies from a known distribution', () => {
  for (const [name, makeSource, closedMs] of DISTRIBUTIONS) {
    it(`come out of a closed loop as they were drawn: ${name} distribution`, async () => {
      const source = makeSource();
      const { measured, device } = await run({
        load: closed(),
        device: { latency: source, keepsDrawn: true },
        settings: { durationMs: closedMs },
      });
      expect(device.drawn.length).toBeGreaterThanOrEqual(20_000);
      expectPercentiles(measured, device.drawn);
      // p99.99 of 200,000 draws is itself 3 % of chance: the analytic value is compared where the sample can hold it.
      for (const percent of [50, 90, 95, 99]) {
        const exact = source.quantile!(percent / 100, closedMs);
        expect(Math.abs(measured.latency.valueAt(percent) / exact - 1), `p${percent}`).toBeLessThan(
          ONE_PERCENT,
        );
      }
    });

    it(`come out of an open loop as they were drawn, with a server for each call: ${name} distribution`, async () => {
      const { measured, device } = await run({
        load: open(500, 2048, 'poisson'),
        device: { latency: makeSource(), keepsDrawn: true },
        settings: { durationMs: 100_000 },
      });
      expect(device.drawn.length).toBeGreaterThan(45_000);
      expectPercentiles(measured, device.drawn);
      expect(measured.service!.valueAt(99)).toBe(measured.latency.valueAt(99));
      expect(measured.sendDelay!.max).toBeLessThan(1e-9);
    });

    it(`are the waiting times of a queue where an open loop meets one server: ${name} distribution`, async () => {
      const callLog = new CallLog(200_000);
      const { measured, device } = await run({
        load: open(250, 8, 'poisson'),
        device: { latency: makeSource(), servers: 1, keepsDrawn: true },
        settings: { durationMs: 100_000 },
        request: { callLog },
      });
      const scheduledMs = [...callLog]
        .sort((a, b) => a.scheduledMs - b.scheduledMs)
        .map((call) => call.scheduledMs);
      expectPercentiles(measured, queueLatencies(scheduledMs, device.drawn));
    });
  }

  it('come out of a closed loop with four calls in flight, and no slot has two', async () => {
    const { measured, device } = await run({
      load: closed(4),
      device: { latency: latencies.lognormal(2, 0.5, 3), keepsDrawn: true },
      settings: { durationMs: 50_000 },
    });
    expect(device.mostInFlight).toBe(4);
    expectPercentiles(measured, device.drawn);
  });
});

describe('a stall of one second', () => {
  const device = { latency: latencies.constant(1), servers: 1, stalls: [{ atMs: 4000.5, lengthMs: 1000 }] };
  const settings = { durationMs: 10_000 };

  it('is one slow call in a closed loop', async () => {
    const { measured } = await run({ load: closed(), device, settings });
    expect(measured.latency.max).toBeCloseTo(1001, 6);
    expect(measured.latency.valueAt(99.98)).toBeLessThan(1.001);
  });

  it('is the queue that it causes in an open loop', async () => {
    const callLog = new CallLog();
    const { measured, time } = await run({ load: open(100), device, settings, request: { callLog } });
    expect(measured.inferences).toBe(1000);
    const startMs = measured.startMs;
    // Call k is scheduled at 10 k ms. From the call in service when the stall began, each waits for its end, then for
    // those before it, one ms each: 1001 ms for the first, and 9 ms less for each one after it.
    const truth = Array.from({ length: 1000 }, (_, k) =>
      k < 400 ? 1 : Math.max(1, 4000 + 1001 - 10 * k + (k - 400)),
    );
    const byTime = [...callLog].sort((a, b) => a.scheduledMs - b.scheduledMs);
    for (const [k, call] of byTime.entries()) {
      expect(call.scheduledMs - startMs).toBeCloseTo(10 * k, 6);
      expect(call.endMs - call.scheduledMs, `call ${k}`).toBeCloseTo(truth[k]!, 6);
    }
    expectPercentiles(measured, truth);
    // A loop that waited for the slow call would have seen 1 ms at p90.
    expect(measured.latency.valueAt(90)).toBeGreaterThan(100);
    expect(time.now()).toBeGreaterThan(startMs + 9990);
  });

  it('is in the latency, not in the service time, of calls that waited in the harness', async () => {
    const { measured } = await run({ load: open(100, 1), device, settings });
    expect(measured.latency.valueAt(95)).toBeGreaterThan(400);
    expect(measured.service!.valueAt(95)).toBeLessThan(1.001);
    expect(measured.sendDelay!.valueAt(95)).toBeGreaterThan(400);
    expect(measured.queueGrew).toBe(false);
  });

  it('counts the calls that were scheduled in it even where it lasts beyond the end', async () => {
    const { measured } = await run({
      load: open(100),
      device: { ...device, stalls: [{ atMs: 9500.5, lengthMs: 1000 }] },
      settings,
    });
    expect(measured.inferences).toBe(1000);
    expect(measured.latency.max).toBeCloseTo(1000 + 10_000 - 9500 - 499, -1);
    expect(measured.queueGrew).toBe(false);
  });
});

describe('the end of a measurement', () => {
  it('comes when both time and number are reached', async () => {
    const device = { latency: latencies.constant(10) };
    const byTime = await run({ load: closed(), device, settings: { durationMs: 1000, iterations: 7 } });
    expect([byTime.measured.inferences, byTime.measured.measuredMs]).toEqual([100, expect.closeTo(1000)]);
    const byNumber = await run({ load: closed(), device, settings: { durationMs: 1000, iterations: 250 } });
    expect(byNumber.measured.inferences).toBe(250);
    const inSchedule = await run({ load: open(10), device, settings: { durationMs: 1000, iterations: 25 } });
    expect(inSchedule.measured.inferences).toBe(25);
  });

  it('counts the calls that are in flight then', async () => {
    let calls = 0;
    // One of four calls takes a minute: a loop that forgot it would never have seen it.
    const latency = { draw: () => ((calls += 1) === 4 ? 60_000 : 10) };
    const { measured } = await run({ load: closed(4), device: { latency }, settings: { durationMs: 1000 } });
    expect(measured.latency.max).toBeCloseTo(60_000, 6);
    expect(measured.end).toBe('complete');
  });

  it('keeps 999 calls when the 1,000th fails', async () => {
    for (const load of [closed(), open(50)]) {
      const { measured } = await run({
        load,
        device: { latency: latencies.constant(2), failAt: 1000 },
        settings: { durationMs: 1e6 },
      });
      expect(measured).toMatchObject({
        end: 'failed',
        inferences: 999,
        stable: false,
        unstableReason: 'a call failed after 999 had ended',
      });
      expect(measured.error).toMatchObject({ message: 'the device fell over' });
      expect(measured.latency.count).toBe(999);
      expect(measured.blocks.reduce((sum, block) => sum + block.inferences, 0)).toBe(999);
    }
  });

  it('awaits and counts the other calls in flight when one fails', async () => {
    const { measured, device } = await run({
      load: closed(4),
      device: { latency: latencies.constant(2), failAt: 1000 },
    });
    expect(device.slotsInUse.size).toBe(0);
    expect(measured.inferences).toBe(device.calls - 1);
  });

  it('rejects with the error of a call where nothing had been measured, in the warm-up too', async () => {
    const latency = latencies.constant(2);
    await expect(run({ load: closed(), device: { latency, failAt: 1 } })).rejects.toThrow('fell over');
    await expect(run({ load: open(10), device: { latency, failAt: 1 } })).rejects.toThrow('fell over');
    const settings = { warmUpIterations: 10 };
    await expect(run({ load: closed(), device: { latency, failAt: 5 }, settings })).rejects.toThrow(
      'fell over',
    );
  });

  it('fails, too, when a call throws instead of rejecting', async () => {
    const target = {
      call: () => {
        throw new Error('thrown');
      },
    };
    await expect(measure({ target, settings: settingsFor(closed()) })).rejects.toThrow('thrown');
  });

  it('keeps what there is when its signal aborts', async () => {
    for (const load of [closed(2), open(100)]) {
      const controller = new AbortController();
      const { device, time } = simulateDevice({ latency: latencies.constant(2) });
      time.at(time.now() + 500, () => controller.abort());
      const measured = await measure({
        target: device,
        time,
        settings: settingsFor(load),
        signal: controller.signal,
      });
      expect(measured.end).toBe('interrupted');
      expect(measured.unstableReason).toBe(`interrupted after ${measured.inferences} calls`);
      expect(measured.inferences).toBe(device.calls);
      expect(Math.abs(measured.measuredMs - 500)).toBeLessThanOrEqual(10);
    }
  });

  it('forgets the calls that were waiting when its signal aborts', async () => {
    const controller = new AbortController();
    const { device, time } = simulateDevice({ latency: latencies.constant(10), servers: 1 });
    time.at(time.now() + 505, () => controller.abort());
    const settings = settingsFor(open(1000, 1));
    const measured = await measure({ target: device, time, settings, signal: controller.signal });
    expect(measured).toMatchObject({ end: 'interrupted', inferences: 51, unserved: 0 });
    expect(measured.latency.count).toBe(51);
    expect(measured.requestedPerSecond).toBeCloseTo(1000, 6);
  });

  it('ends a long wait for the next call of a schedule when its signal aborts', async () => {
    const controller = new AbortController();
    const { device, time } = simulateDevice({ latency: latencies.constant(2) });
    time.at(time.now() + 500, () => controller.abort());
    const startMs = time.now();
    const load: Load = open(1 / 3600);
    await measure({
      target: device,
      time,
      settings: settingsFor(load, { durationMs: 1e7 }),
      signal: controller.signal,
    });
    expect(time.now() - startMs).toBe(500);
  });

  it('measures nothing where its signal had aborted before', async () => {
    const { measured, device } = await run({
      load: closed(),
      device: { latency: latencies.constant(2) },
      settings: { warmUpMs: 100 },
      request: { signal: AbortSignal.abort() },
    });
    expect(device.calls).toBe(0);
    expect(measured).toMatchObject({
      end: 'interrupted',
      inferences: 0,
      measuredMs: 0,
      stable: false,
      blocks: [],
    });
  });
});

describe('an overload', () => {
  it('is seen, measured to its end, and every call counted that was scheduled', async () => {
    const { measured } = await run({
      load: open(150),
      device: { latency: latencies.constant(10), servers: 1 },
      settings: { durationMs: 10_000 },
    });
    expect(measured.queueGrew).toBe(true);
    expect(measured.stable).toBe(false);
    expect(measured.unstableReason).toMatch(
      /^calls came faster than they were served: 50\d of 1500 were waiting .* after 10000 ms\. Ask for a lower rate$/,
    );
    expect(measured).toMatchObject({ inferences: 1500, unserved: 0, requestedPerSecond: 150 });
    // Call k starts at 10 k ms and was scheduled at 6.67 k ms.
    expectPercentiles(
      measured,
      Array.from({ length: 1500 }, (_, k) => 10 * (k + 1) - k / 0.15),
    );
  });

  it('gives up after as long again, and counts what still waited with the time that it had waited', async () => {
    const { measured } = await run({
      load: open(1000, 4),
      device: { latency: latencies.constant(10), servers: 1 },
      settings: { durationMs: 1000 },
    });
    const { inferences, unserved } = measured;
    expect(inferences + unserved!).toBe(1000);
    expect(inferences).toBeGreaterThanOrEqual(200);
    expect(inferences).toBeLessThan(210);
    expect(measured.latency.count).toBe(1000);
    expect(measured.latency.max).toBeGreaterThan(1700);
    expect(measured.measuredMs).toBeLessThan(2050);
    expect(measured.unstableReason).toContain(`${unserved} of them were never made`);
    expect(measured.requestedPerSecond).toBe(1000);
  });

  it('is not seen where a busy server keeps up', async () => {
    const { measured } = await run({
      load: open(90, 64, 'poisson'),
      device: { latency: latencies.constant(10), servers: 1 },
      settings: { durationMs: 60_000 },
    });
    expect(measured.queueGrew).toBe(false);
  });
});

describe('stability', () => {
  it('is judged by latency, not by the chance of arrivals, in a Poisson schedule', async () => {
    const device = { latency: latencies.constant(2) };
    const { measured } = await run({ load: open(20, 64, 'poisson'), device });
    const rates = measured.windows.map((window) => window.inferencesPerSecond);
    expect(Math.max(...rates) / Math.min(...rates)).toBeGreaterThan(1.1);
    expect(measured).toMatchObject({ stable: true, unstableReason: null });
  });

  it('is missing where the latency drifts, in a closed loop and in a constant schedule, and the data is given', async () => {
    for (const load of [closed(), open(20)]) {
      const { measured } = await run({ load, device: { latency: latencies.drifting(5, 2) } });
      expect(measured.stable).toBe(false);
      expect(measured.unstableReason).toMatch(/apart, more than 10 %\. (Close other work|A window had)/);
      expect(measured.end).toBe('complete');
      expect(measured.inferences).toBeGreaterThan(50);
    }
  });
});

describe('the phases', () => {
  it('warms up until both time and number are reached, and counts none of it', async () => {
    const warmUpOf = async (warmUpMs: number, warmUpIterations: number, load = closed()) => {
      const { measured } = await run({
        load,
        device: { latency: latencies.constant(10) },
        settings: { warmUpMs, warmUpIterations, durationMs: 1000 },
      });
      expect(measured.inferences).toBe(load.kind === 'open' ? load.ratePerSecond : 100);
      return measured.warmUp;
    };
    expect(await warmUpOf(200, 5)).toEqual({ inferences: 20, milliseconds: expect.closeTo(200) });
    expect(await warmUpOf(200, 50)).toEqual({ inferences: 50, milliseconds: expect.closeTo(500) });
    expect(await warmUpOf(0, 0)).toEqual({ inferences: 0, milliseconds: 0 });
    expect(await warmUpOf(200, 1, open(2))).toEqual({ inferences: 1, milliseconds: expect.closeTo(200) });
    expect((await warmUpOf(200, 5, open(100))).inferences).toBeGreaterThanOrEqual(20);
    expect((await warmUpOf(0, 30, open(100))).inferences).toBeGreaterThanOrEqual(30);
  });

  it('begins with an empty queue after a warm-up that was too much', async () => {
    const { measured } = await run({
      load: open(150, 1),
      device: { latency: latencies.constant(10), servers: 1 },
      settings: { warmUpMs: 1000, durationMs: 1000 },
    });
    expect(measured.latency.min).toBeCloseTo(10, 6);
  });

  it('watches the measured calls alone, also when one fails', async () => {
    for (const failAt of [undefined, 25]) {
      const told: string[] = [];
      const { device, time } = simulateDevice({ latency: latencies.constant(10), failAt });
      const note = (what: string) => () => void told.push(`${what} ${device.calls}`);
      await measure({
        target: device,
        time,
        settings: settingsFor(closed(), { warmUpIterations: 20, durationMs: 100 }),
        onPhase: (phase) => note(phase)(),
        watch: { start: note('start'), stop: note('stop') },
      });
      expect(told).toEqual(['warm-up 0', 'measure 20', 'start 20', `stop ${failAt ?? 30}`]);
    }
  });

  it('tells the end of each block, and every 16,384 calls where blocks are long', async () => {
    const counts: number[] = [];
    const { device, time } = simulateDevice({ latency: latencies.constant(0.1) });
    const onBlock = () => void counts.push(device.calls);
    const controller = new AbortController();
    // Blocks of 20,000 calls; a few of them are enough.
    time.at(time.now() + 9000, () => controller.abort());
    const settings = settingsFor(closed(), { durationMs: 120_000 });
    await measure({ target: device, time, settings, onBlock, signal: controller.signal });
    const distances = counts.map((count, index) => count - (counts[index - 1] ?? 0));
    expect(Math.max(...distances)).toBeLessThanOrEqual(16_384);
    expect(counts.at(-1)).toBe(device.calls);
    expect(counts.length).toBeGreaterThanOrEqual(8);
  });
});

describe('a recorded schedule', () => {
  it('is played again and again', async () => {
    const callLog = new CallLog();
    const load: Load = { kind: 'schedule', source: 'x', calls: 3, lengthMs: 100, maxInFlight: 4 };
    const { measured } = await run({
      load,
      device: { latency: latencies.constant(1) },
      settings: { durationMs: 200 },
      request: { recordedMs: [0, 5, 90], callLog },
    });
    const moments = [...callLog].map((call) => call.scheduledMs - measured.startMs);
    expect(moments).toEqual([0, 5, 90, 100, 105, 190]);
    expect(measured.requestedPerSecond).toBe(30);
  });
});
