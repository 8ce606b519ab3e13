// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { ProcessSensor, type ProcessMeter } from '../../../../lib/bench/sensors/process-usage';

function fakeMeter() {
  const state = { user: 0, system: 0, rss: 1000, maxRssKb: 10, heap: 50, nowMs: 0 };
  const meter: ProcessMeter = {
    cpuUsage: () => ({ user: state.user, system: state.system }),
    rss: () => state.rss,
    maxRssKb: () => state.maxRssKb,
    heapUsed: () => state.heap,
    now: () => state.nowMs,
  };
  return { state, sensor: new ProcessSensor(meter) };
}

describe('ProcessSensor', () => {
  it('tells the time of all threads between start and stop', () => {
    const { state, sensor } = fakeMeter();
    Object.assign(state, { user: 5_000_000, system: 1_000_000, nowMs: 100 });
    sensor.start();
    Object.assign(state, { user: 6_500_000, system: 1_500_000, nowMs: 1100, heap: 80 });
    sensor.stop();
    expect(sensor.usage()).toMatchObject({
      cpuUserMs: 1500,
      cpuSystemMs: 500,
      cpuCores: 2,
      heapUsedBytes: { start: 50, end: 80 },
    });
  });

  it('has the most that was seen as peak, where the system saw more before', () => {
    const { state, sensor } = fakeMeter();
    sensor.start();
    state.rss = 7000;
    sensor.tick();
    state.rss = 3000;
    sensor.stop();
    expect(sensor.usage().residentBytes).toEqual({ start: 1000, end: 3000, peak: 7000 });
  });

  it("has the system's peak, where that was reached while measuring", () => {
    const { state, sensor } = fakeMeter();
    sensor.start();
    state.maxRssKb = 12;
    sensor.stop();
    expect(sensor.usage().residentBytes.peak).toBe(12 * 1024);
  });

  it('reads this process', () => {
    const sensor = new ProcessSensor();
    sensor.start();
    sensor.tick();
    sensor.stop();
    const { residentBytes } = sensor.usage();
    expect(residentBytes.peak).toBeGreaterThanOrEqual(Math.max(residentBytes.start, residentBytes.end));
    expect(residentBytes.start).toBeGreaterThan(1e6);
  });
});
