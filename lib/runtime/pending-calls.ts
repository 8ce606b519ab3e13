// SPDX-License-Identifier: Apache-2.0
import type { NativeFinished } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { TensorRTError } from '../errors';

/** A call of native code that takes a ticket. It stays reachable until the ticket has come back. */
export interface Call<T> {
  /** Hands the call to native code. A throw means that the ticket will not come back. */
  submit(ticket: number): void;
  /** Takes the call back while it waits; false if it runs or has run. */
  withdraw(ticket: number): boolean;
  /** Makes what the caller gets of the native result; what it throws, the caller gets. */
  finish(result: unknown): T;
  /** Told of a call that was submitted and ended without a result. */
  failed?(): void;
  /** Makes the error that the caller gets of a native one. Default: {@link fromNativeError}. */
  explain?(error: unknown): TensorRTError;
}

interface Entry {
  readonly call: Call<unknown>;
  resolve(value: unknown): void;
  /** Stops listening to the call's signal. */
  forget: (() => void) | undefined;
}

/**
 * Tickets of calls in flight: one promise and one slot of a table for each, since short inferences cost little more
 * than what is done here. A ticket is the slot's index; it is free again when it has come back.
 *
 * `settle` must not keep the session alive: native code holds it for as long as the session's object exists. So
 * nothing here knows the session but the calls in flight.
 */
export class PendingCalls {
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: number[] = [];

  /**
   * Submits a call; the promise settles when its ticket comes back.
   *
   * @param signal - Withdraws the call while it waits. It must not have fired yet.
   */
  start<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve) => {
      const ticket = this.#free.pop() ?? this.#entries.length;
      const entry: Entry = { call, resolve, forget: undefined };
      this.#entries[ticket] = entry;
      try {
        call.submit(ticket);
      } catch (error) {
        this.#release(ticket);
        throw fromNativeError(error, 'ERR_TRT_RUN_FAILED');
      }
      if (signal) entry.forget = this.#listen(ticket, signal);
    });
  }

  /** Ends all calls that still wait with an error. */
  withdrawAll(makeError: () => TensorRTError): void {
    for (let ticket = 0; ticket < this.#entries.length; ticket++) {
      if (this.#entries[ticket]?.call.withdraw(ticket)) this.#end(ticket, makeError(), undefined);
    }
  }

  /** Takes what a backend delivers. */
  readonly settle = (finished: NativeFinished): void => {
    for (let index = 0; index < finished.length; index += 3) {
      this.#end(finished[index] as number, finished[index + 1], finished[index + 2]);
    }
  };

  #listen(ticket: number, signal: AbortSignal): () => void {
    const onAbort = (): void => {
      if (this.#entries[ticket]?.call.withdraw(ticket)) this.#end(ticket, abortedError(signal), undefined);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    return () => signal.removeEventListener('abort', onAbort);
  }

  #end(ticket: number, error: unknown, result: unknown): void {
    const entry = this.#entries[ticket];
    if (entry === undefined) return;
    this.#release(ticket);
    // At once, not when the caller goes on: the next call may have the same ticket by then.
    entry.forget?.();
    if (error === undefined || error === null) {
      try {
        entry.resolve(entry.call.finish(result));
      } catch (failure) {
        entry.resolve(rejection(failure));
      }
      return;
    }
    entry.call.failed?.();
    entry.resolve(rejection(error, entry.call));
  }

  #release(ticket: number): void {
    this.#entries[ticket] = undefined;
    this.#free.push(ticket);
  }
}

/**
 * A promise that is rejected. The error is made in an async function that the caller waits for by then, which takes
 * two turns: its stack leads to the caller, while native code's own error has none.
 */
async function rejection(error: unknown, call?: Call<unknown>): Promise<never> {
  await Promise.resolve();
  await Promise.resolve();
  if (call?.explain) throw call.explain(error);
  throw fromNativeError(error, 'ERR_TRT_RUN_FAILED');
}

/** The promise of a call that was refused before it was submitted. */
export async function refused(error: unknown): Promise<never> {
  throw error;
}

/** The error of a call whose signal has fired. */
export function abortedError(signal: AbortSignal): TensorRTError {
  return new TensorRTError('ERR_TRT_RUN_ABORTED', 'The call was withdrawn before it ran.', {
    cause: signal.reason,
  });
}
