// SPDX-License-Identifier: Apache-2.0
import type { NativeFinished } from '../binding/contract';

/** How a call ended: with an error, or with a result. */
export interface Outcome {
  readonly error: unknown;
  readonly result: unknown;
}

/**
 * Tickets of calls in flight. An outcome is never a rejection: the async function that waits throws, so that the
 * error's stack leads to its caller.
 *
 * `settle` must not keep the session alive: native code holds it for as long as the session's object exists.
 */
export class PendingCalls {
  #lastTicket = 0;
  readonly #waiting = new Map<number, { resolve: (outcome: Outcome) => void; held: unknown }>();

  /** A new ticket. */
  take(): number {
    return ++this.#lastTicket;
  }

  /** Settles when the ticket comes back. `held` stays reachable until then. */
  wait(ticket: number, held?: unknown): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#waiting.set(ticket, { resolve, held });
    });
  }

  /** Ends a call that will not come back. */
  withdraw(ticket: number, error: unknown): void {
    this.#end(ticket, { error, result: undefined });
  }

  /** Takes what a backend delivers. */
  readonly settle = (finished: NativeFinished): void => {
    for (let index = 0; index < finished.length; index += 3) {
      this.#end(finished[index] as number, { error: finished[index + 1], result: finished[index + 2] });
    }
  };

  #end(ticket: number, outcome: Outcome): void {
    const call = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    call?.resolve(outcome);
  }
}
