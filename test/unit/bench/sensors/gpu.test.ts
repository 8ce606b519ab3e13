// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { TensorRTError, type GpuReadings } from '../../../../lib/index';
import type { GpuUsage } from '../../../../lib/bench/result';
import { GpuSensor } from '../../../../lib/bench/sensors/gpu';

const column = (...values: number[]) => Float64Array.from(values);

/** A sample every 100 ms from 1000 on; the measured phase is from 1150 to 1450. */
const readings: GpuReadings = {
  intervalMs: 100,
  startMs: 1000,
  samples: {
    timeMs: column(1000, 1100, 1200, 1300, 1400, 1500),
    powerW: column(50, 50, 200, NaN, 220, 60),
    energyJoules: column(0, 5, 15, 35, 57, 67),
    smClockMhz: column(300, 300, 1800, 1700, 1600, 300),
    throttleReasons: column(1, 1, 4, 4, 0, 1),
    memoryUsedBytes: column(1, 2, 3, 4, 5, 6),
  },
  energyJoules: 67,
  energySource: 'counter',
  maxSmClockMhz: 1980,
  missing: { temperatureC: 'Not Supported' },
};

async function usageOf(given: GpuReadings = readings): Promise<GpuUsage> {
  let nowMs = 1150;
  const stop = () => Promise.resolve(given);
  const monitor = { name: 'H200', uuid: 'GPU-1', driver: '580', isMig: false, stop };
  const sensor = await GpuSensor.open('cuda:0', { open: async () => monitor, now: () => nowMs });
  sensor.start();
  nowMs = 1450;
  sensor.stop();
  return (await sensor.usage(10, 4096)) as GpuUsage;
}

describe('GpuSensor', () => {
  it('tells what was seen while measuring, and nothing from before or after', async () => {
    const usage = await usageOf();
    expect(usage).toMatchObject({
      name: 'H200',
      uuid: 'GPU-1',
      driver: '580',
      intervalMs: 100,
      sessionBytes: 4096,
      maxSmClockMhz: 1980,
      memoryUsedBytes: 5,
    });
    expect(usage.smClockMhz).toEqual({
      mean: 1700,
      min: 1600,
      max: 1800,
      samples: [
        [50, 1800],
        [150, 1700],
        [250, 1600],
      ],
    });
  });

  it('leaves out readings that failed', async () => {
    expect((await usageOf()).powerW).toMatchObject({
      mean: 210,
      samples: [
        [50, 200],
        [250, 220],
      ],
    });
  });

  it('takes the energy between both ends of the phase, evenly within a sample', async () => {
    const { energy } = await usageOf();
    // 10 J at 1150 (half way from 5 to 15), 62 J at 1450 (half way from 57 to 67).
    expect(energy).toEqual({
      joules: expect.closeTo(52, 9),
      joulesPerInference: expect.closeTo(5.2, 9),
      meanW: expect.closeTo(52 / 0.3, 6),
    });
  });

  it('tells reasons for lowered clocks with the share of the samples', async () => {
    expect((await usageOf()).throttling).toEqual({ sw_power_cap: expect.closeTo(2 / 3, 9) });
  });

  it('says what the device has not, and never zero', async () => {
    const usage = await usageOf({ ...readings, endedBy: 'GPU is lost' });
    expect(usage.missing).toEqual({ temperatureC: 'Not Supported', sampling: 'GPU is lost' });
    expect(usage).not.toHaveProperty('temperatureC');
    const none = await usageOf({ ...readings, samples: { timeMs: readings.samples.timeMs } });
    expect(none).not.toHaveProperty('energy');
    expect(none).not.toHaveProperty('powerW');
  });

  it('keeps at most 600 samples of a quantity', async () => {
    const many = 2000;
    const timeMs = Float64Array.from({ length: many }, (_, i) => 1150 + (i * 300) / many);
    const powerW = timeMs.map((_, i) => i);
    const usage = await usageOf({ ...readings, samples: { timeMs, powerW } });
    expect(usage.powerW!.samples.length).toBeGreaterThan(300);
    expect(usage.powerW!.samples.length).toBeLessThanOrEqual(600);
    expect(usage.powerW!.max).toBe(many - 1);
  });

  it('gives the reason where the sensors cannot be opened', async () => {
    const open = () =>
      Promise.reject(new TensorRTError('ERR_TRT_RUN_DEVICE', 'No such device.', { hint: 'Look.' }));
    const sensor = await GpuSensor.open('cuda:7', { open });
    sensor.start();
    sensor.stop();
    expect(await sensor.usage(5)).toEqual({ unavailable: 'GPU sensors: No such device. Look.' });
    await sensor.close();
  });

  it('gives the reason where they cannot be read any more', async () => {
    const stop = () => Promise.reject(new Error('gone'));
    const monitor = { name: 'H200', uuid: 'GPU-1', driver: '580', isMig: false, stop };
    const sensor = await GpuSensor.open('cuda:0', { open: async () => monitor });
    expect(await sensor.usage(5)).toEqual({ unavailable: 'GPU sensors: gone' });
    // Ending them is no worse: what was measured is complete.
    await expect(sensor.close()).resolves.toBeUndefined();
  });
});
