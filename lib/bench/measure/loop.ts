// SPDX-License-Identifier: Apache-2.0
// What the closed and the open loop share: what they call, whom they tell, and what ends them.

import type { Target } from './target';
import type { Time } from './time';

/** What a loop works with. */
export interface Loop {
  readonly target: Target;
  readonly time: Time;
  readonly observer: LoopObserver;
  readonly stop: StopSwitch;
}

/** What a loop tells. Called between calls: it must be quick, and allocate nothing that stays. */
export interface LoopObserver {
  /**
   * A call ended. In a closed loop it was scheduled when it was made.
   *
   * @returns false when enough was seen: a closed loop then makes no further calls.
   */
  onCall(scheduledMs: number, startMs: number, endMs: number, slot: number): boolean;
  /** Open loop, after all calls: a call of the schedule was not made, and had waited so long. */
  onUnserved?(waitedMs: number): void;
}

/** Ends a loop: calls in flight are awaited, no further ones are made. */
export class StopSwitch {
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #controller = new AbortController();
  readonly #onAbort = () => this.stop();

  /** @param outer stops the loop, too, when it aborts. */
  constructor(private readonly outer?: AbortSignal) {
    outer?.addEventListener('abort', this.#onAbort);
    if (outer?.aborted) this.stop();
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Aborts when the loop ends early, so that nothing waits for its next call. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The first failure of a call. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  stop(): void {
    this.#isStopped = true;
    this.#controller.abort();
  }

  /** Stops because a call failed. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.stop();
  }

  /** Lets go of the outer signal. */
  dispose(): void {
    this.outer?.removeEventListener('abort', this.#onAbort);
  }
}

const LONGEST_WITHOUT_A_TURN_MS = 50;

/**
 * Calls that resolve without leaving the microtask queue would keep the event loop from turning until the end of the
 * measurement, and Ctrl-C with it: every 50 ms a lane lets it turn.
 */
export class TurnWatch {
  #nextMs = -Infinity;

  /** Whether it is time for a turn; the one who asks makes it. */
  isDue(nowMs: number): boolean {
    if (nowMs < this.#nextMs) return false;
    this.#nextMs = nowMs + LONGEST_WITHOUT_A_TURN_MS;
    return true;
  }
}
