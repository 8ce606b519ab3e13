// SPDX-License-Identifier: Apache-2.0
import { performance } from 'node:perf_hooks';

/** The clock and the waiting of a measurement. Tests put a simulated one here and run hours in a second. */
export interface Time {
  /** Milliseconds, monotonic, with a resolution far below a microsecond. */
  now(): number;
  /**
   * Resolves as soon after `atMs` as the event loop allows, at once (after a turn of the event loop) for moments that
   * have passed.
   */
  until(atMs: number): Promise<void>;
}

// setTimeout() may come a millisecond late and counts in whole ones: the rest is waited for turn by turn.
const TIMER_SLACK_MS = 2;

/** The real clock. */
export const systemTime: Time = {
  now: () => performance.now(),
  async until(atMs) {
    const sleepMs = atMs - performance.now() - TIMER_SLACK_MS;
    if (sleepMs >= 1) await new Promise((resolve) => setTimeout(resolve, sleepMs));
    do await new Promise((resolve) => setImmediate(resolve));
    while (performance.now() < atMs);
  },
};
