// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { TensorRTError } from '../errors';
import { manifestPathOf } from '../runtime/manifest-path';

/**
 * Checks before the build that an engine can be put at `path`: nobody wants to learn that after minutes.
 *
 * @throws {TensorRTError} `ERR_TRT_BUILD_OUTPUT`.
 */
export async function checkOutputPath(path: string): Promise<void> {
  const folder = dirname(path);
  const parent = await stat(folder).catch(() => undefined);
  if (!parent)
    throw outputError(path, `the folder ${folder} does not exist`, `Make the folder ${folder} first.`);
  if (!parent.isDirectory()) throw outputError(path, `${folder} is not a folder`);
  if (await isFolder(path))
    throw outputError(path, 'it is a folder', `Name a file, e.g. ${path}/model.engine.`);
  const manifest = manifestPathOf(path);
  if (await isFolder(manifest))
    throw outputError(path, `its manifest would be ${manifest}, which is a folder`);
}

/**
 * Checks that neither the engine at `path` nor its manifest would take the place of a file that the engine is made
 * from, under whatever name.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`.
 */
export async function checkSourcesAreSafe(path: string, sources: readonly string[]): Promise<void> {
  for (const target of [path, manifestPathOf(path)].map((name) => resolve(name))) {
    const identity = await fileIdentity(target);
    for (const source of sources) {
      const isSame =
        resolve(source) === target || (identity !== undefined && (await fileIdentity(source)) === identity);
      if (isSame) throw sourceError(target, source);
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Tells files apart by more than their names: links, and names that differ in case alone on some disks. */
async function fileIdentity(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && `${stats.dev}:${stats.ino}`;
}

function sourceError(target: string, source: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Option "outputPath" would overwrite ${source}, which the engine is built from.`,
    { hint: 'Give the engine a name of its own, such as model.engine.', details: { path: target, source } },
  );
}

function outputError(path: string, why: string, hint?: string): TensorRTError {
  return new TensorRTError('ERR_TRT_BUILD_OUTPUT', `The engine cannot be written to ${path}: ${why}.`, {
    hint,
    details: { path },
  });
}
