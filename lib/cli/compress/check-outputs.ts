// SPDX-License-Identifier: Apache-2.0
// Files that a command writes are looked at before hours of work, and not after them.

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TensorRTError } from '../../errors';
import { usageError } from '../args/usage-error';

/** Why a place is no place to write to. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EACCES: 'its folder may not be written to',
  EPERM: 'its folder may not be written to',
  EROFS: 'the file system is read-only',
};

/**
 * Fails where a file cannot be written, or would replace one that is read: under the same name, another spelling of it, a
 * symbolic or a hard link. A file that is there and is none of them may be replaced.
 *
 * @param outputs - Paths that are written; undefined for those that were not asked for.
 * @param inputs - Paths that are read.
 * @throws {TensorRTError} `ERR_TRT_ONNX_WRITE`; `ERR_TRT_ARG_USAGE` for a file that is written twice
 */
export async function checkOutputs(
  outputs: readonly (string | undefined)[],
  inputs: readonly string[],
): Promise<void> {
  const wanted = outputs.filter((path) => path !== undefined);
  const twice = wanted.find((path, index) => wanted.indexOf(path) !== index);
  if (twice !== undefined)
    throw usageError(`${twice} is written twice.`, 'Give each result a file of its own.');
  const origins = new Map<string, string>();
  for (const path of inputs) {
    const identity = await identityOf(path);
    if (identity !== undefined) origins.set(identity, path);
  }
  for (const path of wanted) {
    // Weights of a model that has them in a file of their own go beside it.
    for (const file of path.endsWith('.onnx') ? [path, `${path}.data`] : [path]) {
      const origin = origins.get((await identityOf(file)) ?? '');
      if (origin !== undefined) throw wouldReplace(file, origin);
    }
    await checkPlace(path);
  }
}

/** Stands for a file under all of its names; undefined where there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  );
}

async function checkPlace(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) throw cannotWrite(path, 'it is a folder', 'EISDIR');
  const folder = dirname(path);
  const parent = await stat(folder).catch(() => undefined);
  if (parent?.isDirectory() === false) throw cannotWrite(path, REASONS['ENOTDIR']!, 'ENOTDIR');
  await access(folder, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw cannotWrite(path, REASONS[code] ?? message, code, error);
  });
}

function cannotWrite(path: string, reason: string, systemCode: string, cause?: unknown): TensorRTError {
  return new TensorRTError('ERR_TRT_ONNX_WRITE', `"${path}" cannot be written: ${reason} (${systemCode}).`, {
    hint: 'Give a file in a folder that exists and can be written. Nothing was done yet.',
    details: { path, systemCode },
    cause,
  });
}

function wouldReplace(path: string, origin: string): TensorRTError {
  const same = origin === path ? '' : `, which is "${origin}" too`;
  return new TensorRTError('ERR_TRT_ONNX_WRITE', `Writing to "${path}"${same} would replace what is read.`, {
    hint: 'Write to another path with -o; no file was changed.',
    details: { path, origin },
  });
}
