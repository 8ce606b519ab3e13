// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';

/** An error in the command line itself; the process then exits with 2. */
export function usageError(message: string, hint?: string, details?: Record<string, unknown>): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_USAGE', message, { hint, details });
}
