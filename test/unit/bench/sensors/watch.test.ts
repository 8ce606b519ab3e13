// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watch } from '../../../../lib/bench/sensors/watch';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Watch', () => {
  it('starts sensors in order, lets them look now and then, and stops them the other way round', () => {
    const events: string[] = [];
    const sensor = (name: string) => ({
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
  });
});
