// SPDX-License-Identifier: Apache-2.0
import type { Engine } from '../runtime/engine';
import type { Session } from '../runtime/session';
import type { SessionOptions } from './session-options';

export type { SessionOptions } from './session-options';

/**
 * Makes a session that runs a model: an ONNX model on the CPU with ONNX Runtime, or on a GPU after building its engine;
 * a built engine on a GPU. A model in ONNX Runtime's own format (`.ort`) runs on the CPU alone.
 *
 * @param source - Path of an ONNX model or of a built engine, the bytes of either, or an `Engine`. The
 *   bytes of a model are copied on the calling thread: for a large model a path is the better source.
 * @throws {TensorRTError} `ERR_TRT_ARG_*` for wrong arguments, `ERR_TRT_RUN_DEVICE`, `ERR_TRT_RUN_UNSUPPORTED` and
 *   `ERR_TRT_CUDA_*` if the device cannot be used so, `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND`,
 *   `ERR_TRT_LOAD_TENSORRT_NOT_FOUND`, `ERR_TRT_LOAD_DESERIALIZE`, `ERR_TRT_LOAD_PLUGIN`, `ERR_TRT_RUN_MODEL`, and what
 *   `loadEngine()` and `buildEngine()` throw.
 * @example
 * ```ts
 * await using session = await createSession('model.onnx', { device: 'cpu', contexts: 2 });
 * const { logits } = await session.run({ images });
 * ```
 */
export async function createSession(
  source: Engine | string | Uint8Array,
  options: SessionOptions = {},
): Promise<Session> {
  // Loaded when asked for: importing the package must cost next to nothing.
  const { createSessionFor } = await import('./session-pipeline.js');
  return createSessionFor(source, options);
}
