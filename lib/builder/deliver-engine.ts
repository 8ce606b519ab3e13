// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

import { commitTogether, stageBytes, stageCopy, stageExisting } from '../runtime/atomic-file';
import { digestBytes, digestFile, type Digest } from '../runtime/digest';
import { fileReadError, fileWriteError } from '../runtime/file-errors';
import { formatManifest, type Manifest } from '../runtime/manifest';
import { manifestPathOf } from '../runtime/manifest-path';
import { readPlanHeader } from '../runtime/plan-header';
import { readWholeFile } from '../runtime/read-file';
import { throwIfCancelled } from './cancellation';

/**
 * Puts a finished plan where the caller wants it: at `outputPath` with its manifest beside it, or in memory.
 *
 * @param how - Whether the file may be moved, or has to stay (it is the cache's).
 * @throws {TensorRTError} `ERR_TRT_BUILD_DISK_FULL` or `ERR_TRT_BUILD_OUTPUT`.
 */
export async function deliverFile(
  plan: string,
  manifest: Manifest,
  outputPath: string | undefined,
  how: 'move' | 'copy',
): Promise<{ path: string } | { bytes: Uint8Array }> {
  if (outputPath === undefined) return { bytes: await readPlan(plan) };
  const target = resolve(outputPath);
  try {
    await commitTogether([
      how === 'move' ? stageExisting(target, plan) : stageCopy(target, plan),
      stageBytes(manifestPathOf(target), formatManifest(manifest)),
    ]);
  } catch (error) {
    throw fileWriteError(target, error);
  }
  return { path: target };
}

async function readPlan(path: string): Promise<Uint8Array> {
  try {
    return await readWholeFile(path);
  } catch (error) {
    throw fileReadError('engine', path, error);
  }
}

/** Digest of a plan in a file or in memory. */
export async function digestPlan(plan: string | Uint8Array, signal?: AbortSignal): Promise<Digest> {
  try {
    return await (typeof plan === 'string' ? digestFile(plan, signal) : digestBytes(plan, signal));
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  }
}

/**
 * Version that a new plan names, with its build number; `fallback` if it names none: not every kind of plan that
 * TensorRT can write has the header that we read.
 */
export async function planVersion(plan: string | Uint8Array, fallback: string): Promise<string> {
  const header = await readPlanHeader(plan).catch(() => null);
  return header?.version ?? fallback;
}
