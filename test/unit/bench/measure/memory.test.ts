// SPDX-License-Identifier: Apache-2.0
// An hour of calls in virtual time: what the harness keeps must not depend on their number.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { CallLog } from '../../../../lib/bench/measure/call-log';
import { measure } from '../../../../lib/bench/measure/measure';
import type { Load } from '../../../../lib/bench/settings';
import { latencies, simulateDevice } from '../../../simulated-device';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const HOUR_MS = 3_600_000;
const SETTINGS = {
  warmUpMs: 0,
  warmUpIterations: 0,
  durationMs: HOUR_MS,
  iterations: 1,
  windowMs: 1000,
  stabilityLatency: 'p99',
  stabilityPercent: 10,
  percentiles: [],
  calls: 'run',
  batch: 1,
  stageTimes: false,
  session: {},
} as const;

/** Memory in use after each tenth of the hour, by JavaScript and by its buffers. */
async function measureAnHour(load: Load, servers: number) {
  const { device, time } = simulateDevice({ latency: latencies.lognormal(10, 0.5, 2), servers });
  const bytes: number[] = [];
  for (let tenth = 1; tenth <= 10; tenth += 1) {
    time.at(time.now() + (tenth * HOUR_MS) / 10 - 1000, () => {
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      bytes.push(heapUsed + arrayBuffers);
    });
  }
  const callLog = new CallLog(1000);
  const measured = await measure({ target: device, time, settings: { ...SETTINGS, load }, callLog });
  return { measured, device, callLog, bytes };
}

describe('an hour', () => {
  it.each<[string, Load, number]>([
    ['closed loop', { kind: 'closed', concurrency: 2 }, 2],
    ['open loop', { kind: 'open', arrivals: 'poisson', ratePerSecond: 100, seed: 1, maxInFlight: 32 }, 32],
    [
      'open loop that asks for twice of what is served',
      { kind: 'open', arrivals: 'constant', ratePerSecond: 180, seed: 1, maxInFlight: 16 },
      1,
    ],
  ])(
    'of a %s leaves the heap as it was, and few blocks',
    async (_name, load, servers) => {
      const { measured, device, callLog, bytes } = await measureAnHour(load, servers);
      expect(device.calls).toBeGreaterThan(300_000);
      expect(bytes).toHaveLength(10);
      // One block a minute, which is 1.7 MB from the third tenth on. Eight bytes that each call left behind would be
      // 3.5 MB more.
      expect(Math.max(...bytes.slice(5)) - bytes[2]!).toBeLessThan(3_000_000);
      expect(measured.blocks.length).toBeGreaterThanOrEqual(30);
      expect(measured.blocks.length).toBeLessThanOrEqual(120);
      expect(measured.windows).toHaveLength(600);
      expect([callLog.count, callLog.dropped]).toEqual([1000, measured.inferences - 1000]);
      expect(measured.blocks.reduce((sum, block) => sum + block.inferences, 0)).toBe(measured.latency.count);
    },
    120_000,
  );
});
