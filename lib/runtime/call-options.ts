// SPDX-License-Identifier: Apache-2.0
import type { NativeSession } from '../binding/contract';
import { TensorRTError } from '../errors';
import { describeType, rejectUnknownOptions } from '../option-checks';
import { abortedError, type Call, type PendingCalls } from './pending-calls';

/** Options of every asynchronous call. */
export interface CallOptions {
  /** Withdraws the call while it waits for a context. A call that runs already is not stopped. */
  signal?: AbortSignal;
}

/** The options of a call that gives none: known to be right, so that calls in a hot loop check nothing. */
export const NO_OPTIONS: CallOptions & { readonly outputs?: undefined; readonly deviceOutputs?: undefined } =
  Object.freeze({});

/**
 * Checks the options of a call, except for the names of outputs, which only the session knows.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_ABORTED` if the signal has
 * fired already.
 */
export function checkCallOptions(
  caller: string,
  options: CallOptions & { outputs?: unknown },
  known: readonly string[],
): void {
  if (options === NO_OPTIONS) return;
  rejectUnknownOptions(caller, options, known);
  const { signal } = options;
  if (signal === undefined) return;
  if (!isSignal(signal)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `${caller}() takes an AbortSignal as signal, not ${describeType(signal)}.`,
      { details: { option: 'signal' } },
    );
  }
  if (signal.aborted) throw abortedError(signal);
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

/** Where calls go. */
export interface CallTarget {
  readonly native: NativeSession;
  readonly calls: PendingCalls;
}

/**
 * Submits a call that is not worth a class of its own.
 *
 * @param submit - Hands the call with its ticket to native code.
 * @returns The native result.
 */
export function runCall(
  { native, calls }: CallTarget,
  submit: (ticket: number) => void,
  signal?: AbortSignal,
): Promise<unknown> {
  const call: Call<unknown> = {
    submit,
    withdraw: (ticket) => native.withdraw(ticket),
    finish: (result) => result,
  };
  return calls.start(call, signal);
}
