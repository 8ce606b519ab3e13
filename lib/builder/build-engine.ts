// SPDX-License-Identifier: Apache-2.0
import { captureCallSite } from '../binding/native-error';
import type { Engine } from '../runtime/engine';
import type { BuildOptions } from './build-options';

export type { BuildOptions, BuildQuantization } from './build-options';
export type { BuildProgress } from './build-progress';

/**
 * Builds a TensorRT engine from an ONNX model, off the event loop.
 *
 * A path is read by the native library itself. Bytes are written to a private temporary folder with `isolation:
 * 'process'`, and with `externalData`, whose files go beside them, in any case; else they are copied in memory. Do not
 * change them until the promise settles.
 *
 * @param model - Path of an .onnx file, or its content (with `externalData` if it has any).
 * @returns The engine: in memory, or in the file that `outputPath` names, with its manifest beside it.
 * @throws {TensorRTError} `ERR_TRT_ARG_*` for wrong options and profiles, `ERR_TRT_ONNX_*` for the model,
 * `ERR_TRT_LOAD_TENSORRT_*` and `ERR_TRT_CUDA_*` if nothing can build here, `ERR_TRT_BUILD_*` for the build itself.
 * @example
 * ```ts
 * const engine = await buildEngine('model.onnx', {
 *   dynamicAxes: { batch: [1, 8, 32] },
 *   onProgress: ({ fraction }) => console.log(`${Math.round(fraction * 100)} %`),
 * });
 * await engine.save('model.engine');
 * ```
 */
export async function buildEngine(model: string | Uint8Array, options: BuildOptions = {}): Promise<Engine> {
  const callSite = captureCallSite(buildEngine);
  // Loaded at the first build: importing the package must cost next to nothing.
  const { buildEngineIn, currentContext } = await import('./build-pipeline.js');
  return buildEngineIn(model, options, currentContext, callSite);
}
