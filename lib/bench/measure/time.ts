// SPDX-License-Identifier: Apache-2.0
import { performance } from 'node:perf_hooks';

/** The clock and the waiting of a measurement. Tests put a simulated one here and run hours in a second. */
export interface Time {
  /** Milliseconds, monotonic, with a resolution far below a microsecond. */
  now(): number;
  /**
   * Resolves as soon after `atMs` as the event loop allows, at once (after a turn of the event loop) for moments that
   * have passed, and early when the signal aborts.
   */
  until(atMs: number, signal?: AbortSignal): Promise<void>;
}

// setTimeout() may come a millisecond late and counts in whole ones: the rest is waited for turn by turn.
const TIMER_SLACK_MS = 2;
// setTimeout() takes more as 1 ms.
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** The real clock. */
export const systemTime: Time = {
  now: () => performance.now(),
  async until(atMs, signal) {
    const left = () => (signal?.aborted ? 0 : atMs - performance.now());
    for (let leftMs = left(); leftMs >= TIMER_SLACK_MS + 1; leftMs = left()) {
      await sleep(Math.min(leftMs - TIMER_SLACK_MS, LONGEST_SLEEP_MS), signal);
    }
    do await new Promise((resolve) => setImmediate(resolve));
    while (left() > 0);
  },
};

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    signal?.addEventListener('abort', wake);
  });
}
