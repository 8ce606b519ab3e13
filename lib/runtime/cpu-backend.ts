// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { loadAddon } from '../binding/load';
import type { NativeFinished, NativeSession } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { TensorRTError } from '../errors';
import type { ExecutionBackend } from './backend';
import { cpuRuntimeCommand } from './cpu-runtime-advice';
import { fileWriteError } from './file-errors';
import { locateOnnxRuntime, type RuntimeSearch } from './locate-onnxruntime';
import { toNativeSettings, type OnnxRuntimeOptions } from './onnx-runtime-options';

/** How the CPU backend loads a model. */
export interface CpuBackendOptions {
  /** Path of an ONNX file, or its content. */
  model: string | Uint8Array;
  contexts: number;
  intraOpNumThreads: number;
  maxQueue: number;
  /** Record when runs begin and end. */
  stageTimes?: boolean;
  /** Where ONNX Runtime's profile goes when the session closes; default: there is none. */
  profileFilePrefix?: string;
  /** Checked; default: ONNX Runtime's own settings. */
  onnxRuntime?: OnnxRuntimeOptions;
  /** Inputs whose number of dimensions the model does not tell. */
  unranked?: ReadonlySet<string>;
  /** Library file or folder; default: searched. */
  runtimeLibrary?: string;
  /** For tests: false forbids ArrayBuffers over native memory. */
  externalBuffers?: boolean;
}

/** ONNX Runtime's C API, opened at run time by the addon, on the addon's own threads. */
export class CpuBackend implements ExecutionBackend {
  readonly name = 'onnxruntime';
  readonly device = 'cpu';
  readonly unranked: ReadonlySet<string>;
  readonly #options: CpuBackendOptions;

  constructor(options: CpuBackendOptions) {
    this.#options = options;
    this.unranked = options.unranked ?? new Set();
  }

  /**
   * Loads the model with the first library that opens.
   *
   * @throws {TensorRTError} `ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND` with all paths tried, `ERR_TRT_RUN_MODEL`,
   *   `ERR_TRT_BUILD_OUTPUT` if the profile or the optimised model could not be written.
   */
  async load(onFinished: (finished: NativeFinished) => void): Promise<NativeSession> {
    const { model, runtimeLibrary, onnxRuntime, unranked: _unranked, ...settings } = this.#options;
    const native = onnxRuntime === undefined ? {} : { onnxRuntime: toNativeSettings(onnxRuntime) };
    const { profileFilePrefix } = settings;
    if (profileFilePrefix !== undefined) await checkFolderOf(`${profileFilePrefix}_<date>.json`);
    const optimized = native.onnxRuntime?.optimizedModelFilePath;
    if (optimized !== undefined) await checkFolderOf(optimized);
    const addon = loadAddon();
    const source = typeof model === 'string' ? { modelPath: model } : { modelBytes: model };
    const search = await locateOnnxRuntime(runtimeLibrary);
    for (const { path, from } of search.candidates) {
      try {
        return await addon.createSession(
          { backend: this.name, library: path, ...source, ...settings, ...native },
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

/** ONNX Runtime says nothing about a profile that it cannot write, and of other files not why. */
async function checkFolderOf(file: string): Promise<void> {
  const folder = dirname(file);
  try {
    await access(folder, constants.W_OK);
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is no folder`);
  } catch (error) {
    throw fileWriteError(file, error);
  }
}

function notFoundError({ tried }: RuntimeSearch): TensorRTError {
  const list = tried.map(({ path, reason }) => `  ${path}: ${reason}`).join('\n');
  return new TensorRTError(
    'ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND',
    `No usable libonnxruntime, the CPU runtime, was found. Looked at:\n${list}`,
    { hint: `Add the CPU runtime with \`${cpuRuntimeCommand(tried)}\`.`, details: { tried } },
  );
}
