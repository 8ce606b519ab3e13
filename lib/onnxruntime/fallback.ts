// SPDX-License-Identifier: Apache-2.0
import { TensorRTError, type TensorRTErrorCode } from '../errors';
import type { Fallback } from './tensorrt-options';

/** The machine cannot run the provider at all. */
const UNUSABLE: ReadonlySet<TensorRTErrorCode> = new Set<TensorRTErrorCode>([
  'ERR_TRT_CUDA_DRIVER_NOT_FOUND',
  'ERR_TRT_CUDA_DRIVER_TOO_OLD',
  'ERR_TRT_CUDA_DRIVER_MISMATCH',
  'ERR_TRT_CUDA_NO_DEVICE',
  'ERR_TRT_CUDA_INIT',
  'ERR_TRT_LOAD_TENSORRT_NOT_FOUND',
  'ERR_TRT_LOAD_TENSORRT_UNSUPPORTED',
  'ERR_TRT_LOAD_TENSORRT_BROKEN',
]);

/** No engine can be made of the model, although TensorRT is there. */
const NO_ENGINE: ReadonlySet<TensorRTErrorCode> = new Set<TensorRTErrorCode>([
  'ERR_TRT_ARG_PROFILE_MISSING',
  'ERR_TRT_ONNX_OPSET',
  'ERR_TRT_ONNX_IR_VERSION',
  'ERR_TRT_ONNX_UNSUPPORTED_OPERATOR',
  'ERR_TRT_ONNX_UNSUPPORTED_TYPE',
  'ERR_TRT_BUILD_PARSE',
  'ERR_TRT_BUILD_FAILED',
  'ERR_TRT_BUILD_WORKSPACE',
  'ERR_TRT_BUILD_OUT_OF_MEMORY',
  'ERR_TRT_BUILD_CRASHED',
  'ERR_TRT_BUILD_OPTION_UNSUPPORTED',
  'ERR_TRT_RUN_MODEL',
  'ERR_TRT_RUN_UNSUPPORTED',
]);

/**
 * True where the next execution provider shall serve in place of the one that failed.
 *
 * @param hasRanges - Whether the provider was given ranges of shapes. Code that was written for onnxruntime-node gives
 *   none, and shall run; ranges that do not fit the model are a mistake of the caller.
 */
export function isReasonToFallBack(
  error: unknown,
  fallback: Fallback,
  hasRanges: boolean,
): error is TensorRTError {
  if (!(error instanceof TensorRTError) || fallback === 'never') return false;
  if (error.code === 'ERR_TRT_ARG_PROFILE_MISSING' && !hasRanges) return true;
  return UNUSABLE.has(error.code) || (fallback === 'always' && NO_ENGINE.has(error.code));
}
