// SPDX-License-Identifier: Apache-2.0
import type { Engine } from './engine';
import type { LoadOptions } from './load-options';

export type { LoadOptions } from './load-options';

/**
 * Loads a built engine: checks its header, its manifest and the digest in it, and holds both against the installed
 * TensorRT and GPU, all before a byte reaches TensorRT. A file stays on disk until its bytes are asked for.
 *
 * @param source - Path of an engine file, or the plan's bytes; bytes are kept, not copied.
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_PLAN_*` or `ERR_TRT_LOAD_MANIFEST_*`.
 * @example
 * ```ts
 * const engine = await loadEngine('model.engine');
 * console.log(engine.inputs, engine.report().buildMs);
 * ```
 */
export async function loadEngine(source: string | Uint8Array, options: LoadOptions = {}): Promise<Engine> {
  // Loaded when asked for: importing the package must cost next to nothing.
  const { loadEngineOn } = await import('./load-pipeline.js');
  return loadEngineOn(source, options);
}
