// SPDX-License-Identifier: Apache-2.0
import { performance } from 'node:perf_hooks';
import type { Lane } from './lanes';

/** What a loop tells about each inference. */
export interface LoopObserver {
  /** An inference ended at `endMs` after taking `latencyMs`; returns false to stop all lanes. */
  onInference(endMs: number, latencyMs: number): boolean;
}

/** A clock in milliseconds; tests put their own. */
export type Clock = () => number;

/** The clock of measurements: monotonic, with a resolution far below a microsecond. */
export const systemClock: Clock = () => performance.now();

/**
 * Keeps one call in flight per lane until the observer stops the loop; calls then in flight are awaited, and not
 * told. Rejects with the first failure after all lanes have ended.
 */
export async function runClosedLoop(
  lanes: readonly Lane[],
  observer: LoopObserver,
  now: Clock,
): Promise<void> {
  let isRunning = true;
  const runLane = async (lane: Lane) => {
    while (isRunning) {
      const startMs = now();
      try {
        await lane.infer();
      } catch (error) {
        isRunning = false;
        throw error;
      }
      const endMs = now();
      // A lane that ends after the stop would lengthen the period that throughput is taken over.
      if (isRunning) isRunning = observer.onInference(endMs, endMs - startMs);
    }
  };
  const results = await Promise.allSettled(lanes.map(runLane));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
