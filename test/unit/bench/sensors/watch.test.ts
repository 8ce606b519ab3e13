// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watch } from '../../../../lib/bench/sensors/watch';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Watch', () => {
  it('starts sensors in order, lets them look now and then, and stops them the other way round', () => {
    const events: string[] = [];
    const sensor = (name: string) => ({
      name,
      start: () => void events.push(`start ${name}`),
      tick: () => void events.push(`tick ${name}`),
      stop: () => void events.push(`stop ${name}`),
    });
    const { tick: _none, ...blind } = sensor('c');
    const watch = new Watch([sensor('a'), sensor('b'), blind]);
    watch.start();
    vi.advanceTimersByTime(250);
    watch.stop();
    vi.advanceTimersByTime(1000);
    expect(events).toEqual([
      'start a',
      'start b',
      'start c',
      'tick a',
      'tick b',
      'stop c',
      'stop b',
      'stop a',
    ]);
    expect(watch.problems).toEqual([]);
  });

  it('goes on without a sensor that fails, stops the others, and says why', () => {
    const events: string[] = [];
    const sensor = (name: string, failsAt?: string) => {
      const on = (event: string) => {
        events.push(`${event} ${name}`);
        if (event === failsAt) throw new Error(`no ${event}`);
      };
      return { name, start: () => on('start'), tick: () => on('tick'), stop: () => on('stop') };
    };
    const watch = new Watch([sensor('a'), sensor('b', 'start'), sensor('c', 'tick'), sensor('d', 'stop')]);
    watch.start();
    vi.advanceTimersByTime(450);
    watch.stop();
    // After its failure a sensor is left alone.
    expect(events.filter((event) => event.endsWith('b'))).toEqual(['start b']);
    expect(events.filter((event) => event.endsWith('c'))).toEqual(['start c', 'tick c']);
    expect(events.slice(-2)).toEqual(['stop d', 'stop a']);
    expect(watch.problems).toEqual(['b: no start', 'c: no tick', 'd: no stop']);
  });
});
