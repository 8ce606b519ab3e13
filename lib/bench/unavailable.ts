// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import type { FailureReason, Unavailable } from './result';

/** Something that could not be read: what, why, and what to do where that is known. */
export function unavailable(what: string, error: unknown): Unavailable {
  const { message, hint } = describeFailure(error);
  return { unavailable: `${what}: ${message}${hint === undefined ? '' : ` ${hint}`}` };
}

/** An error as data. One that is not this package's has the code of Node.js, or `ERR_UNKNOWN`. */
export function describeFailure(error: unknown): FailureReason {
  if (error instanceof TensorRTError) return { code: error.code, message: error.message, hint: error.hint };
  const { code, message } = (
    typeof error === 'object' && error !== null ? error : {}
  ) as Partial<FailureReason>;
  return { code: typeof code === 'string' ? code : 'ERR_UNKNOWN', message: message ?? String(error) };
}
