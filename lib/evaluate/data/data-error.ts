// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';

/** Bad data: the message names file and sample. */
export function dataError(
  message: string,
  details: Record<string, unknown> = {},
  { hint, cause }: { hint?: string; cause?: unknown } = {},
): TensorRTError {
  return new TensorRTError('ERR_TRT_EVAL_DATA', message, { details, hint, cause });
}

/** Dims for messages: `[2, 3]`. */
export function dimsText(dims: readonly (number | string)[]): string {
  return `[${dims.map((dim) => (dim === -1 ? '?' : dim)).join(', ')}]`;
}
