// SPDX-License-Identifier: Apache-2.0
import type { NativeSession } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { TensorRTError } from '../errors';
import { describeType, rejectUnknownOptions } from './option-checks';
import type { Outcome, PendingCalls } from './pending-calls';

/** Options of every asynchronous call. */
export interface CallOptions {
  /** Withdraws the call while it waits for a context. A call that runs already is not stopped. */
  signal?: AbortSignal;
}

/** The options of a call that gives none: known to be right, so that calls in a hot loop check nothing. */
export const NO_OPTIONS: CallOptions & { readonly outputs?: undefined } = Object.freeze({});

/**
 * Checks the options of a call, except for the names of outputs, which only the session knows.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`
 */
export function checkCallOptions(
  caller: string,
  options: CallOptions & { outputs?: unknown },
  known: readonly string[],
): void {
  if (options === NO_OPTIONS) return;
  rejectUnknownOptions(caller, options, known);
  const { signal } = options;
  if (signal === undefined || isSignal(signal)) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_TYPE',
    `${caller}() takes an AbortSignal as signal, not ${describeType(signal)}.`,
    { details: { option: 'signal' } },
  );
}

/** By its face, not its class: signals of other realms and of polyfills serve as well. */
function isSignal(value: unknown): boolean {
  const signal = value as Partial<AbortSignal> | null;
  return (
    typeof signal === 'object' &&
    typeof signal?.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function'
  );
}

/** Where a call goes. */
export interface CallTarget {
  readonly native: NativeSession;
  readonly calls: PendingCalls;
  /** Kept reachable until the call has ended. */
  readonly held: unknown;
}

/**
 * Submits a call and waits for its end.
 *
 * @param submit - Hands the call with its ticket to native code.
 * @returns The native result.
 * @throws {TensorRTError} The call's error, `ERR_TRT_RUN_ABORTED` with the signal's reason as cause.
 */
export async function runCall(
  target: CallTarget,
  submit: (ticket: number) => void,
  { signal }: CallOptions = NO_OPTIONS,
): Promise<unknown> {
  if (signal?.aborted) throw abortedError(signal);
  const { calls } = target;
  const ticket = calls.take();
  try {
    submit(ticket);
  } catch (error) {
    throw fromNativeError(error, 'ERR_TRT_RUN_FAILED');
  }
  const ended = calls.wait(ticket, target.held);
  const outcome = signal ? await withSignal(ended, signal, target, ticket) : await ended;
  if (outcome.error !== undefined) throw fromNativeError(outcome.error, 'ERR_TRT_RUN_FAILED');
  return outcome.result;
}

async function withSignal(
  ended: Promise<Outcome>,
  signal: AbortSignal,
  { native, calls }: CallTarget,
  ticket: number,
): Promise<Outcome> {
  const onAbort = (): void => {
    if (native.withdraw(ticket)) calls.withdraw(ticket, abortedError(signal));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await ended;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function abortedError(signal: AbortSignal): TensorRTError {
  return new TensorRTError('ERR_TRT_RUN_ABORTED', 'The call was withdrawn before it ran.', {
    cause: signal.reason,
  });
}
