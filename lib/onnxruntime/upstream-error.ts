// SPDX-License-Identifier: Apache-2.0
import { TensorRTError, type TensorRTErrorCode, type TensorRTErrorOptions } from '../errors';

/** Names of the errors that onnxruntime-node throws. */
export type UpstreamName = 'Error' | 'TypeError' | 'RangeError';

/**
 * An error that onnxruntime-node has too: with the `name` and the wording that code written for it looks at, and with
 * the code, hint and details of this package.
 */
export function upstreamError(
  name: UpstreamName,
  code: TensorRTErrorCode,
  message: string,
  options: TensorRTErrorOptions = {},
): TensorRTError {
  const error = new TensorRTError(code, message, options);
  error.name = name;
  return error;
}

/** An error of a run: whatever goes wrong in one, onnxruntime-node throws an `Error`. */
export function runError(error: unknown): unknown {
  if (error instanceof TensorRTError && error.name === 'TensorRTError') error.name = 'Error';
  return error;
}

/** The error of a session that was released. */
export function disposedError(cause?: unknown): TensorRTError {
  return upstreamError('Error', 'ERR_TRT_RUN_CLOSED', 'Session already disposed.', { cause });
}

/** The error of an option whose value is of a wrong kind. */
export function optionTypeError(option: string, expected: string): TensorRTError {
  const message = `Invalid argument: ${option} must be ${expected}.`;
  return upstreamError('TypeError', 'ERR_TRT_ARG_TYPE', message, { details: { option, expected } });
}
