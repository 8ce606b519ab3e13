// SPDX-License-Identifier: Apache-2.0
// The file of kernels that TensorRT-RTX compiled for this GPU, so that the next session need not.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { stageBytes } from './atomic-file';
import { errnoOf, fileReadError, fileWriteError } from './file-errors';
import { readWholeFile } from './read-file';

/**
 * Reads the file.
 *
 * @returns Undefined if it is not there yet; its folder must be, or the file could not be written later.
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`
 */
export async function readRuntimeCache(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readWholeFile(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileReadError('runtime cache', path, error);
  }
  const folder = dirname(path);
  await stat(folder).catch((error: unknown) => {
    throw fileReadError('folder of the runtime cache', folder, error);
  });
  return undefined;
}

/**
 * Writes the file in one step: a session that reads it at the same time sees the old one or the new one.
 *
 * @throws {TensorRTError} `ERR_TRT_BUILD_OUTPUT`, `ERR_TRT_BUILD_DISK_FULL`
 */
export async function writeRuntimeCache(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const staged = await stageBytes(path, bytes);
    await staged.commit().finally(() => staged.discard());
  } catch (error) {
    throw fileWriteError(path, error);
  }
}
