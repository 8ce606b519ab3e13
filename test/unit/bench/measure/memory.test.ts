// SPDX-License-Identifier: Apache-2.0
// An hour of calls in virtual time: what the harness keeps must not depend on their number.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { CallLog } from '../../../../lib/bench/measure/call-log';
import { measure } from '../../../../lib/bench/measure/measure';
import type { Load } from '../../../../lib/bench/settings';
import { latencies, settingsFor, simulateDevice } from '../../../simulated-device';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const HOUR_MS = 3_600_000;
/** Memory in use after each tenth of the hour, by JavaScript and by its buffers. */
async function measureAnHour(load: Load, servers: number) {
  const { device, time } = simulateDevice({ latency: latencies.lognormal(20, 0.5, 2), servers });
  const bytes: number[] = [];
  for (let tenth = 1; tenth <= 10; tenth += 1) {
    time.at(time.now() + (tenth * HOUR_MS) / 10 - 1000, () => {
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      bytes.push(heapUsed + arrayBuffers);
    });
  }
  const callLog = new CallLog(1000);
  const measured = await measure({
    target: device,
    time,
    settings: settingsFor(load, { durationMs: HOUR_MS, stabilityLatency: 'p99' }),
    callLog,
  });
  return { measured, device, callLog, bytes };
}

describe('an hour', () => {
  it.each<[string, Load, servers: number, mostBytes: number]>([
    ['closed loop', { kind: 'closed', concurrency: 2 }, 2, 2_000_000],
    [
      'open loop',
      { kind: 'open', arrivals: 'poisson', ratePerSecond: 50, seed: 1, maxInFlight: 32 },
      32,
      1_500_000,
    ],
    [
      'open loop that asks for twice of what is served',
      { kind: 'open', arrivals: 'constant', ratePerSecond: 90, seed: 1, maxInFlight: 16 },
      1,
      1_000_000,
    ],
  ])(
    'of a %s leaves the heap as it was, and few blocks',
    async (_name, load, servers, mostBytes) => {
      const { measured, device, callLog, bytes } = await measureAnHour(load, servers);
      expect(device.calls).toBeGreaterThan(150_000);
      expect(bytes).toHaveLength(10);
      // One block a minute, which is 0.8 to 1.2 MB from the third tenth on where latencies are scattered. Eight bytes that
      // each call left behind would be 1 to 1.8 MB more.
      expect(Math.max(...bytes.slice(5)) - bytes[2]!).toBeLessThan(mostBytes);
      expect(measured.blocks.length).toBeGreaterThanOrEqual(30);
      expect(measured.blocks.length).toBeLessThanOrEqual(120);
      expect(measured.windows).toHaveLength(600);
      expect([callLog.count, callLog.dropped]).toEqual([1000, measured.inferences - 1000]);
      expect(measured.blocks.reduce((sum, block) => sum + block.inferences, 0)).toBe(measured.inferences);
    },
    120_000,
  );
});
