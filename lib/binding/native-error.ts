// SPDX-License-Identifier: Apache-2.0
import { isErrorCode, TensorRTError, type LogLine, type TensorRTErrorCode } from '../errors';

/** What the addon puts on the errors that it throws or rejects with. All of it may be absent. */
interface NativeErrorShape {
  message?: unknown;
  code?: unknown;
  where?: unknown;
  details?: unknown;
  log?: unknown;
}

/** Frames of the JavaScript that asked for native work, kept until its error arrives. */
export interface CallSite {
  stack?: string;
}

/**
 * Remembers the stack of an asynchronous native call. An error that arrives from another thread has none.
 *
 * @param below - Frames of this function and above are left out.
 */
export function captureCallSite(below: (...args: never[]) => unknown): CallSite {
  const site: CallSite = {};
  Error.captureStackTrace(site, below);
  return site;
}

/**
 * Turns what native code threw into a `TensorRTError` with the table's hint and the caller's stack. A
 * `TensorRTError` is returned as it is.
 *
 * @param fallback - The code for errors that carry none of ours.
 */
export function fromNativeError(error: unknown, fallback: TensorRTErrorCode, site?: CallSite): TensorRTError {
  if (error instanceof TensorRTError) return error;
  const shape: NativeErrorShape = typeof error === 'object' && error !== null ? error : { message: error };
  const result = new TensorRTError(
    isErrorCode(shape.code) ? shape.code : fallback,
    typeof shape.message === 'string' ? shape.message : String(shape.message ?? 'unknown native error'),
    { details: detailsOf(shape), log: logOf(shape), cause: isErrorCode(shape.code) ? undefined : error },
  );
  const frames = site?.stack?.split('\n').slice(1).join('\n');
  if (frames) result.stack = `${result.name}: ${result.message}\n${frames}`;
  return result;
}

function detailsOf({ details, where }: NativeErrorShape): Record<string, unknown> {
  const facts: Record<string, unknown> =
    typeof details === 'object' && details !== null ? { ...details } : {};
  if (typeof where === 'string' && where !== '') facts.where = where;
  return facts;
}

function logOf({ log }: NativeErrorShape): LogLine[] {
  return Array.isArray(log) ? (log as LogLine[]) : [];
}
