// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { upstreamError } from './upstream-error';

/** An error of a creation in the words that onnxruntime-node has for it; those that it has not are left as they are. */
export function explainCreation(error: unknown, source: string | Uint8Array): unknown {
  if (!(error instanceof TensorRTError)) return error;
  const { code, hint, details, log } = error;
  if (code !== 'ERR_TRT_LOAD_FILE' && code !== 'ERR_TRT_RUN_MODEL') return error;
  const what = typeof source === 'string' ? `Load model from ${source} failed` : 'Failed to load model';
  const why = source.length === 0 ? 'No graph was found in the protobuf. ' : '';
  return upstreamError('Error', code, `${what}: ${why}${error.message}`, {
    hint,
    details,
    log,
    cause: error,
  });
}
