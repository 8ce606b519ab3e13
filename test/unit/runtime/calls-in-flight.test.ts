// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';

import { CallsInFlight } from '../../../lib/runtime/calls-in-flight';

it('releases once, when the last call has settled, whether it succeeded or not', async () => {
  const calls = new CallsInFlight();
  const events: string[] = [];
  let end = (): void => {};
  let fail = (): void => {};
  const first = calls.track(new Promise<string>((resolve) => (end = () => resolve('result'))));
  const second = calls.track(new Promise<never>((_, reject) => (fail = () => reject(new Error('broken')))));
  second.catch(() => events.push('failed'));
  expect(calls.isClosing).toBe(false);
  const release = (): Promise<void> => {
    events.push('released');
    return Promise.resolve();
  };
  const closing = calls.close(release);
  expect(calls.isClosing).toBe(true);
  expect(calls.close(release)).toBe(closing);
  fail();
  await expect(second).rejects.toThrow('broken');
  expect(events).toEqual(['failed']);
  end();
  expect(await first).toBe('result');
  await closing;
  expect(events).toEqual(['failed', 'released']);
});

it('releases at once where no call is in flight, and tells of a release that failed each time', async () => {
  const calls = new CallsInFlight();
  await calls.track(Promise.resolve());
  const closing = calls.close(() => Promise.reject(new Error('kept')));
  await expect(closing).rejects.toThrow('kept');
  await expect(calls.close(() => Promise.resolve())).rejects.toThrow('kept');
});
