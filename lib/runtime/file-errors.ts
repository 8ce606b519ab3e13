// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { TensorRTError, type TensorRTErrorCode } from '../errors';

/** The `code` of a Node.js file error, '' if it has none. */
export function errnoOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

const READ_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file: check the path.',
  EACCES: 'The file is not readable for this user: check its permissions.',
  EISDIR: 'The path is a folder: name a file in it.',
  ENOTDIR: 'A part of the path is a file, not a folder.',
};

/** An `ERR_TRT_LOAD_FILE` that says which file could not be read and why. */
export function fileReadError(what: string, path: string, error: unknown): TensorRTError {
  const text = error instanceof Error ? error.message : String(error);
  return new TensorRTError('ERR_TRT_LOAD_FILE', `The ${what} ${path} cannot be read: ${text}`, {
    hint: READ_HINTS[errnoOf(error)],
    details: { path, errno: errnoOf(error) },
    cause: error,
  });
}

const WRITE_HINTS: Readonly<Record<string, string>> = {
  EROFS:
    'The file system is mounted read-only: name a folder of a volume that can be written; in a container mount one.',
  EACCES: 'The folder is not writable for this user: change its permissions, or name another one.',
  EPERM: 'The system does not let this user write there: name another folder.',
  ENOENT: 'The folder is not there: make it first, or correct the path.',
  ENOTDIR: 'A part of the path is a file, not a folder.',
};

/** True if an error means that the disk, or the user's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errnoOf(error));
}

/**
 * An error for a file that could not be written: `ERR_TRT_BUILD_DISK_FULL` if there is no space, else `code`. A
 * `TensorRTError` is returned as it is.
 */
export function fileWriteError(
  path: string,
  error: unknown,
  code: TensorRTErrorCode = 'ERR_TRT_BUILD_OUTPUT',
): TensorRTError {
  if (error instanceof TensorRTError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const options = { details: { path, errno: errnoOf(error) }, cause: error };
  return isDiskFull(error)
    ? new TensorRTError('ERR_TRT_BUILD_DISK_FULL', `No space is left to write ${path}: ${text}`, options)
    : new TensorRTError(code, `${path} cannot be written: ${text}`, {
        ...options,
        ...hintOnWriting(path, errnoOf(error)),
      });
}

function hintOnWriting(path: string, errno: string): { hint?: string } {
  const hint = WRITE_HINTS[errno === 'ENOENT' ? (whyNoFolder(path) ?? errno) : errno];
  return hint === undefined ? {} : { hint };
}

/** Making a folder and those above it fails with ENOENT where the first of them is on a read-only file system. */
function whyNoFolder(path: string): string | undefined {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    try {
      accessSync(folder, constants.W_OK);
      return undefined;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== 'ENOENT' || dirname(folder) === folder) return errno;
    }
  }
}
