// SPDX-License-Identifier: Apache-2.0
import * as nodeFs from 'node:fs/promises';

import { commitTogether, stageBytes, stageCopy, type FileOperations, type StagedFile } from './atomic-file';
import { fileWriteError } from './file-errors';
import { formatManifest, type Manifest } from './manifest';
import { manifestPathOf } from './manifest-path';

/** What is saved. */
export interface SavedEngine {
  /** The plan's bytes, or the file that has them. */
  readonly plan: Uint8Array | string;
  readonly manifest: Manifest | null;
  /** Replaced by tests. */
  readonly fs?: FileOperations;
}

/**
 * Writes plan and manifest, both completely before either takes its name.
 *
 * @throws {TensorRTError} `ERR_TRT_BUILD_DISK_FULL` or `ERR_TRT_BUILD_OUTPUT`.
 */
export async function saveEngine(
  target: string,
  { plan, manifest, fs = nodeFs }: SavedEngine,
): Promise<void> {
  const staged: Promise<StagedFile>[] = [
    typeof plan === 'string' ? stageCopy(target, plan, fs) : stageBytes(target, plan, fs),
  ];
  if (manifest) staged.push(stageBytes(manifestPathOf(target), formatManifest(manifest), fs));
  try {
    await commitTogether(staged);
    if (!manifest) await nodeFs.rm(manifestPathOf(target), { force: true });
  } catch (error) {
    throw fileWriteError(target, error);
  }
}
