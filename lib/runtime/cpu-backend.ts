// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { loadAddon } from '../binding/load';
import type { NativeFinished, NativeSession } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { TensorRTError } from '../errors';
import type { ExecutionBackend } from './backend';
import { fileWriteError } from './file-errors';
import { locateOnnxRuntime, type RuntimeSearch } from './locate-onnxruntime';

/** How the CPU backend loads a model. */
export interface CpuBackendOptions {
  /** Path of an ONNX file, or its content. */
  model: string | Uint8Array;
  contexts: number;
  intraOpNumThreads: number;
  /** Leaves out ONNX Runtime's rewritings of the graph but for the basic ones: the others change what FP8 pairs compute. */
  basicOptimizations?: boolean;
  maxQueue: number;
  /** Record when runs begin and end. */
  stageTimes?: boolean;
  /** Where ONNX Runtime's profile goes when the session closes; default: there is none. */
  profileFilePrefix?: string;
  /** Library file or folder; default: searched. */
  runtimeLibrary?: string;
  /** For tests: false forbids ArrayBuffers over native memory. */
  externalBuffers?: boolean;
}

/** ONNX Runtime's C API, opened at run time by the addon, on the addon's own threads. */
export class CpuBackend implements ExecutionBackend {
  readonly name = 'onnxruntime';
  readonly device = 'cpu';
  readonly #options: CpuBackendOptions;

  constructor(options: CpuBackendOptions) {
    this.#options = options;
  }

  /**
   * Loads the model with the first library that opens.
   *
   * @throws {TensorRTError} `ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND` with all paths tried, `ERR_TRT_RUN_MODEL`,
   *   `ERR_TRT_BUILD_OUTPUT` if no profile could be written.
   */
  async load(onFinished: (finished: NativeFinished) => void): Promise<NativeSession> {
    const { model, runtimeLibrary, ...settings } = this.#options;
    if (settings.profileFilePrefix !== undefined) await checkProfileFolder(settings.profileFilePrefix);
    const addon = loadAddon();
    const source = typeof model === 'string' ? { modelPath: model } : { modelBytes: model };
    const search = await locateOnnxRuntime(runtimeLibrary);
    for (const { path, from } of search.candidates) {
      try {
        return await addon.createSession(
          { backend: this.name, library: path, ...source, ...settings },
          onFinished,
        );
      } catch (error) {
        const failure = fromNativeError(error, 'ERR_TRT_RUN_MODEL');
        if (failure.code !== 'ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND') throw failure;
        search.tried.push({ path, reason: `${from}: ${failure.message}` });
      }
    }
    throw notFoundError(search);
  }
}

/** ONNX Runtime says nothing about a profile that it cannot write. */
async function checkProfileFolder(prefix: string): Promise<void> {
  const folder = dirname(prefix);
  try {
    await access(folder, constants.W_OK);
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is no folder`);
  } catch (error) {
    throw fileWriteError(`${prefix}_<date>.json`, error);
  }
}

function notFoundError({ tried }: RuntimeSearch): TensorRTError {
  const list = tried.map(({ path, reason }) => `  ${path}: ${reason}`).join('\n');
  return new TensorRTError(
    'ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND',
    `No usable libonnxruntime, the CPU runtime, was found. Looked at:\n${list}`,
    { details: { tried } },
  );
}
