// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { commitTogether, stageCopy } from '../runtime/atomic-file';
import { digestFile } from '../runtime/digest';
import { errnoOf, fileReadError } from '../runtime/file-errors';

/** SHA-256 of the timing cache that a build starts from; null if it starts from none. */
export async function digestTimingCache(option: string | boolean | undefined): Promise<string | null> {
  if (typeof option !== 'string') return null;
  try {
    return (await digestFile(resolve(option))).sha256;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw fileReadError('timing cache', resolve(option), error);
  }
}

/**
 * Puts the timing cache that a build left at `written` where the option names it.
 *
 * @returns Warnings: the engine is good, so a cache that cannot be kept does not fail the build.
 */
export async function saveTimingCache(
  written: string | undefined,
  option: string | boolean | undefined,
): Promise<string[]> {
  if (written === undefined || typeof option !== 'string') return [];
  // A library that keeps no timing cache leaves no file.
  if (!(await stat(written).catch(() => undefined))) return [];
  try {
    await commitTogether([stageCopy(resolve(option), written)]);
    return [];
  } catch (error) {
    return [`The timing cache ${option} was not written: ${(error as Error).message}`];
  }
}
