// SPDX-License-Identifier: Apache-2.0
// Files appear whole or not at all: content goes to a hidden file in the same folder, reaches the disk, and then takes
// the name in one step. What was there before stays until that step, also when the disk is full.

import { randomBytes } from 'node:crypto';
import * as nodeFs from 'node:fs/promises';
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { removeAtExit } from './exit-cleanup';

/** The file operations used here; tests put failing ones in their place. */
export interface FileOperations {
  open: typeof nodeFs.open;
  copyFile: typeof nodeFs.copyFile;
  rename: typeof nodeFs.rename;
  rm: typeof nodeFs.rm;
}

/** A file that is written but does not have its name yet. */
export interface StagedFile {
  /** Where the content is now. */
  readonly temporary: string;
  /** Gives it its name. */
  commit(): Promise<void>;
  /** Removes it; does nothing after {@link commit}. Never throws. */
  discard(): Promise<void>;
}

/** A free name for a hidden file beside `target`. */
export function temporaryBeside(target: string): string {
  return join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
}

/** Writes bytes beside `target`. */
export async function stageBytes(
  target: string,
  bytes: Uint8Array | string,
  fs: FileOperations = nodeFs,
): Promise<StagedFile> {
  return stage(target, temporaryBeside(target), fs, async (temporary) => {
    const file = await fs.open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Copies a file beside `target`; shares its blocks where the file system can. */
export async function stageCopy(
  target: string,
  source: string,
  fs: FileOperations = nodeFs,
): Promise<StagedFile> {
  return stage(target, temporaryBeside(target), fs, async (temporary) => {
    await fs.copyFile(source, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await syncFile(temporary, fs);
  });
}

/** Takes a finished file in the folder of `target` over. */
export async function stageExisting(
  target: string,
  temporary: string,
  fs: FileOperations = nodeFs,
): Promise<StagedFile> {
  return stage(target, temporary, fs, (path) => syncFile(path, fs));
}

async function stage(
  target: string,
  temporary: string,
  fs: FileOperations,
  fill: (temporary: string) => Promise<void>,
): Promise<StagedFile> {
  const forget = removeAtExit(temporary);
  const remove = async (): Promise<void> => {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    forget();
  };
  try {
    await fill(temporary);
  } catch (error) {
    await remove();
    throw error;
  }
  let isCommitted = false;
  return {
    temporary,
    async commit() {
      await fs.rename(temporary, target);
      isCommitted = true;
      forget();
      await syncFolder(dirname(target), fs);
    },
    async discard() {
      if (!isCommitted) await remove();
    },
  };
}

async function syncFile(path: string, fs: FileOperations): Promise<void> {
  const file = await fs.open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new name durable. Some file systems cannot; the file itself is safe by then. */
async function syncFolder(folder: string, fs: FileOperations): Promise<void> {
  try {
    const handle = await fs.open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Nothing is lost but the guarantee against a power failure in the next seconds.
  }
}

/** Gives all files their names, or, if staging one of them failed, none. */
export async function commitTogether(staging: readonly Promise<StagedFile>[]): Promise<void> {
  const results = await Promise.allSettled(staging);
  const files = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  try {
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    for (const file of files) await file.commit();
  } finally {
    await Promise.all(files.map((file) => file.discard()));
  }
}

/** Writes a small file in one step. */
export async function writeFileAtomically(
  target: string,
  bytes: Uint8Array | string,
  fs: FileOperations = nodeFs,
): Promise<void> {
  await commitTogether([stageBytes(target, bytes, fs)]);
}
