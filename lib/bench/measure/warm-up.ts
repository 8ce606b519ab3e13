// SPDX-License-Identifier: Apache-2.0
import type { BenchSettings } from '../settings';
import { createArrivals } from './arrivals';
import { runClosedLoop } from './closed-loop';
import type { LoopObserver, StopSwitch } from './loop';
import { runOpenLoop } from './open-loop';
import type { Target } from './target';
import type { Time } from './time';

/** What a warm-up works with. */
export interface WarmUpRequest {
  readonly target: Target;
  readonly settings: BenchSettings;
  readonly recordedMs?: readonly number[];
  readonly time: Time;
  readonly stop: StopSwitch;
}

/** Calls that count nowhere else, and how long they took. */
export interface WarmUp {
  readonly inferences: number;
  readonly milliseconds: number;
}

/**
 * Makes calls as the measurement will, until both the time and the number of the settings are reached; none where both
 * are zero. What waits at the end of an open loop's warm-up is forgotten: the measurement begins with an empty queue.
 * The switch is turned then; a failure is in it.
 */
export async function warmUp({ target, settings, recordedMs, time, stop }: WarmUpRequest): Promise<WarmUp> {
  const { load, warmUpMs, warmUpIterations } = settings;
  const startMs = time.now();
  let inferences = 0;
  const observer: LoopObserver = {
    onCall: (_scheduledMs, _startMs, endMs) => {
      inferences += 1;
      const isEnough = endMs - startMs >= warmUpMs && inferences >= warmUpIterations;
      if (isEnough) stop.stop();
      return !isEnough;
    },
  };
  if (warmUpMs > 0 || warmUpIterations > 0) {
    const loop = { target, time, observer, stop };
    if (load.kind === 'closed') await runClosedLoop(load.concurrency, loop);
    else {
      await runOpenLoop(
        {
          arrivals: createArrivals(load, recordedMs),
          startMs,
          durationMs: warmUpMs,
          iterations: warmUpIterations,
          maxInFlight: load.maxInFlight,
        },
        loop,
      );
      // The schedule has no further call in that time.
      if (!stop.isStopped) await time.until(startMs + warmUpMs, stop.signal);
    }
  }
  return { inferences, milliseconds: time.now() - startMs };
}
