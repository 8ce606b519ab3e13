// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EventLoopSensor, watchEventLoop } from '../../../../lib/bench/sensors/event-loop';

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('watchEventLoop', () => {
  it('sees a turn that took long as a delay', async () => {
    const delay = await watchEventLoop(async () => {
      await sleep(20);
      block(60);
      await sleep(20);
    });
    // Long against what an idle loop has, short against what a busy machine adds.
    expect(delay.max).toBeGreaterThan(55);
    expect(delay.count).toBeGreaterThan(0);
    expect(delay.p50).toBeLessThanOrEqual(delay.p99);
    expect(delay.p99).toBeLessThanOrEqual(delay.max);
    expect(delay.min).toBeLessThanOrEqual(delay.mean);
  });

  it('stops watching when the work fails', async () => {
    await expect(watchEventLoop(() => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
  });
});

describe('EventLoopSensor', () => {
  it('tells which share of the time the loop was busy', async () => {
    const sensor = new EventLoopSensor();
    sensor.start();
    block(50);
    await sleep(1);
    sensor.stop();
    expect(sensor.utilization).toBeGreaterThan(0);
    expect(sensor.utilization).toBeLessThanOrEqual(1);
  });

  it('is all zero where nothing was watched', () => {
    const { count, min, mean, max, deviation } = new EventLoopSensor().distribution();
    expect([count, min, mean, max, deviation]).toEqual([0, 0, 0, 0, 0]);
  });
});
