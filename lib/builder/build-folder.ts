// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';

import { TensorRTError, type TensorRTErrorCode } from '../errors';
import { removeAtExit } from '../runtime/exit-cleanup';
import { fileWriteError, isDiskFull } from '../runtime/file-errors';
import { temporaryFolderError } from '../temporary-folder';
import { throwIfCancelled } from './cancellation';

/**
 * A private folder for the files of one build, on the disk where the engine shall end up, so that the finished engine
 * is moved and not copied. It is removed on success, failure and cancel, at the end of this process, and by the
 * building child if this process dies.
 */
export class BuildFolder {
  private constructor(
    readonly path: string,
    private readonly forget: () => void,
  ) {}

  /**
   * Makes one inside `parent`, readable by this user alone.
   *
   * @param code - Of the error if that fails for another reason than a full disk.
   */
  static async create(
    parent: string,
    code: TensorRTErrorCode = 'ERR_TRT_BUILD_OUTPUT',
  ): Promise<BuildFolder> {
    try {
      const path = await mkdtemp(join(parent, '.tensorrt-node-'));
      return new BuildFolder(path, removeAtExit(path));
    } catch (error) {
      if (parent === tmpdir() && !isDiskFull(error)) throw temporaryFolderError(error);
      throw fileWriteError(parent, error, code);
    }
  }

  /** Path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  /**
   * Writes a model given as bytes with its external data.
   *
   * @returns Path of the model.
   * @throws {TensorRTError} `ERR_TRT_BUILD_CANCELLED` if the signal fires, and what writing fails with.
   */
  async writeModel(
    model: Uint8Array,
    externalData: Readonly<Record<string, Uint8Array>> = {},
    signal?: AbortSignal,
  ): Promise<string> {
    const folder = this.file('model');
    const path = join(folder, 'model.onnx');
    for (const [name, bytes] of [['model.onnx', model] as const, ...Object.entries(externalData)]) {
      await this.#write(
        name === 'model.onnx' && bytes === model ? path : insideFolder(folder, name),
        bytes,
        signal,
      );
    }
    return path;
  }

  async #write(path: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes, { signal });
    } catch (error) {
      throwIfCancelled(signal);
      throw fileWriteError(path, error);
    }
  }

  /** Removes it with all that is left in it. Never rejects: a build that succeeded does not fail by its leftovers. */
  async remove(): Promise<void> {
    try {
      // A killed child may still be writing; rm tries again where a folder was not empty.
      await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
      this.forget();
    } catch {
      // It is tried again when the process ends.
    }
  }
}

/** Path of an external data file; names come from the caller and, through it, from a model. */
function insideFolder(folder: string, name: string): string {
  const path = resolve(folder, name);
  const inside = relative(folder, path);
  if (isAbsolute(name) || inside === '' || inside.startsWith('..') || inside === 'model.onnx') {
    throw new TensorRTError(
      'ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE',
      `externalData names "${name}", which is no file beside the model.`,
      {
        details: { name },
      },
    );
  }
  return path;
}
