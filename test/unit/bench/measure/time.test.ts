// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { measure } from '../../../../lib/bench/measure/measure';
import { systemTime } from '../../../../lib/bench/measure/time';
import { settingsFor } from '../../../simulated-device';

describe('the system clock', () => {
  it('never wakes before the moment, near or far', async () => {
    for (const milliseconds of [0.05, 1, 2.5, 12]) {
      const atMs = systemTime.now() + milliseconds;
      await systemTime.until(atMs);
      expect(systemTime.now()).toBeGreaterThanOrEqual(atMs);
    }
  });

  it('lets the event loop turn for moments that have passed', async () => {
    let hasTurned = false;
    setImmediate(() => (hasTurned = true));
    await systemTime.until(0);
    expect(hasTurned).toBe(true);
  });

  it('wakes early when the signal aborts, asleep or not', async () => {
    const controller = new AbortController();
    const hourAway = systemTime.now() + 3_600_000;
    const waits = [
      systemTime.until(hourAway, controller.signal),
      systemTime.until(hourAway, controller.signal),
    ];
    setTimeout(() => controller.abort(), 5);
    await Promise.all(waits);
    await systemTime.until(hourAway, controller.signal);
    expect(systemTime.now()).toBeLessThan(hourAway);
  });

  it('waits for moments that are further away than a timer can count', async () => {
    const controller = new AbortController();
    let isAwake = false;
    const wait = systemTime.until(systemTime.now() + 2 ** 40, controller.signal).then(() => (isAwake = true));
    for (let turn = 0; turn < 20; turn += 1) await systemTime.until(0);
    expect(isAwake).toBe(false);
    controller.abort();
    await wait;
  });

  it('lets a signal end the measurement of calls that never leave the microtask queue', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1);
    const measured = await measure({
      target: { call: () => Promise.resolve() },
      signal: controller.signal,
      settings: settingsFor({ kind: 'closed', concurrency: 1 }, { durationMs: 3_600_000 }),
    });
    expect(measured.end).toBe('interrupted');
    expect(measured.inferences).toBeGreaterThan(0);
  });
});
