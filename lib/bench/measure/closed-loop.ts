// SPDX-License-Identifier: Apache-2.0
import { TurnWatch, type Loop } from './loop';

/**
 * Keeps `concurrency` calls in flight until the observer has seen enough, a call fails or the switch is turned. Calls
 * that are then in flight are awaited and told, too: the slow ones are the likeliest to be among them.
 */
export async function runClosedLoop(concurrency: number, loop: Loop): Promise<void> {
  const turns = new TurnWatch();
  await Promise.all(Array.from({ length: concurrency }, (_, slot) => runLane(slot, loop, turns)));
}

/** One call after the other. This is the harness's own time in each call: two readings of the clock and the observer. */
async function runLane(
  slot: number,
  { target, time, observer, stop }: Loop,
  turns: TurnWatch,
): Promise<void> {
  while (!stop.isStopped) {
    try {
      const startMs = time.now();
      await target.call(slot);
      const endMs = time.now();
      if (!observer.onCall(startMs, startMs, endMs, slot)) stop.stop();
      if (turns.isDue(endMs)) await time.until(endMs);
    } catch (error) {
      stop.fail(error);
    }
  }
}
