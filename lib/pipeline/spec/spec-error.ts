// SPDX-License-Identifier: Apache-2.0
import { TensorRTError, type TensorRTErrorCode } from '../../errors';
import { didYouMean } from '../../text/nearest-name';

/** Where in a spec something is: `'pre'`, `'post.nms'`; empty for the whole. */
export type SpecPlace = string;

/** The error of a spec. */
export function specError(
  code: TensorRTErrorCode,
  at: SpecPlace,
  { problem, details = {}, cause }: { problem: string; details?: Record<string, unknown>; cause?: unknown },
): TensorRTError {
  const place = at === '' ? '' : ` at "${at}"`;
  return new TensorRTError(code, `The pipeline's spec is wrong${place}: ${problem}`, {
    details: { at, ...details },
    ...(cause instanceof TensorRTError ? { hint: cause.hint, cause } : cause === undefined ? {} : { cause }),
  });
}

/** Runs a check of an operator's options, whose errors then say where in the spec they are. */
export function checkedAt<T>(at: SpecPlace, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof TensorRTError)) throw error;
    throw specError(error.code, at, { problem: error.message, details: error.details, cause: error });
  }
}

/** @throws {TensorRTError} `ERR_TRT_ARG_UNKNOWN_OPTION` naming the nearest key. */
export function refuseUnknownKeys(at: SpecPlace, object: object, known: readonly string[]): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw specError('ERR_TRT_ARG_UNKNOWN_OPTION', at, {
    problem: `there is no key "${unknown}".${didYouMean(unknown, known)}`,
    details: { option: unknown, known },
  });
}
