// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TensorRTError } from './errors';

/** A folder that does not outlive this process, unless the process is killed. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Makes one among the system's temporary files. Synchronous: no Ctrl-C comes between the folder and its removal.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_TEMPORARY_FOLDER`
 */
export function makeTemporaryFolder(prefix: string): TemporaryFolder {
  const path = makeFolder(prefix);
  const removeNow = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', removeNow);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true });
      process.off('exit', removeNow);
    },
  };
}

function makeFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix));
  } catch (error) {
    throw temporaryFolderError(error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is no folder',
  EROFS: 'is on a file system that is mounted read-only',
  EACCES: 'is not writable for this user',
  EPERM: 'is not writable for this user',
  ENOSPC: 'is on a disk without room',
  EDQUOT: 'is on a disk where this user may not use more',
};

/** The error of a folder or file that could not be made among the system's temporary files. */
export function temporaryFolderError(error: unknown): TensorRTError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const folder = tmpdir();
  // Node.js takes the first of these that is set.
  const variable = ['TMPDIR', 'TMP', 'TEMP'].find((name) => process.env[name]);
  const from = variable === undefined ? 'the default' : `from ${variable}`;
  return new TensorRTError(
    'ERR_TRT_LOAD_TEMPORARY_FOLDER',
    `The folder for temporary files, ${folder} (${from}), ${REASONS[code] ?? `cannot be used: ${message}`}.`,
    { details: { path: folder, variable: variable ?? null, errno: code }, cause: error },
  );
}
