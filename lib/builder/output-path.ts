// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { TensorRTError } from '../errors';

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
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory())
    throw outputError(path, 'it is a folder', `Name a file, e.g. ${path}/model.engine.`);
}

function outputError(path: string, why: string, hint?: string): TensorRTError {
  return new TensorRTError('ERR_TRT_BUILD_OUTPUT', `The engine cannot be written to ${path}: ${why}.`, {
    hint,
    details: { path },
  });
}
