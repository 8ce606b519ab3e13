// SPDX-License-Identifier: Apache-2.0
// Files appear whole or not at all: content goes to a hidden file in the same folder, reaches the disk, and then takes
// the name in one step. What was there before stays until that step, also when the disk is full.

import { randomBytes } from 'node:crypto';
import * as nodeFs from 'node:fs/promises';
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { removeAtExit } from './exit-cleanup';
import { errnoOf } from './file-errors';

/** The file operations used here; tests put failing ones in their place. */
export interface FileOperations {
  open: typeof nodeFs.open;
  copyFile: typeof nodeFs.copyFile;
  rename: typeof nodeFs.rename;
  link: typeof nodeFs.link;
  rm: typeof nodeFs.rm;
}

/** A file that is written but does not have its name yet. */
export interface StagedFile {
  /** Where the content is now. */
  readonly temporary: string;
  /** Gives it its name. */
  commit(): Promise<void>;
  /** Keeps what has the name now. Call it before {@link commit}. */
  keepPrevious(): Promise<PreviousFile>;
  /** Removes it; does nothing after {@link commit}. Never throws. */
  discard(): Promise<void>;
}

/** What had a name before a staged file took it. */
interface PreviousFile {
  /** Gives it the name again; removes the new file if there was none. */
  restore(): Promise<void>;
  /** Lets go of it. Never throws. */
  forget(): Promise<void>;
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
    keepPrevious: () => keepPrevious(target, fs),
    async discard() {
      if (!isCommitted) await remove();
    },
  };
}

/** Under a second name, where the file system has such; elsewhere {@link PreviousFile.restore} does nothing. */
async function keepPrevious(target: string, fs: FileOperations): Promise<PreviousFile> {
  const kept = temporaryBeside(target);
  try {
    await fs.link(target, kept);
  } catch (error) {
    const isNew = errnoOf(error) === 'ENOENT';
    return {
      restore: async () => {
        if (isNew) await fs.rm(target, { force: true });
      },
      forget: () => Promise.resolve(),
    };
  }
  const forgetAtExit = removeAtExit(kept);
  return {
    restore: () => fs.rename(kept, target),
    async forget() {
      await fs.rm(kept, { force: true }).catch(() => undefined);
      forgetAtExit();
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

/** Gives all files their names, or none, if staging or naming one of them failed: what was there stays, or comes back. */
export async function commitTogether(staging: readonly Promise<StagedFile>[]): Promise<void> {
  const results = await Promise.allSettled(staging);
  const files = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  try {
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    await commitAll(files);
  } finally {
    await Promise.all(files.map((file) => file.discard()));
  }
}

async function commitAll(files: readonly StagedFile[]): Promise<void> {
  const previous: PreviousFile[] = [];
  let named = 0;
  try {
    for (const file of files) {
      // After the last nothing can fail any more.
      if (named < files.length - 1) previous.push(await file.keepPrevious());
      await file.commit();
      named++;
    }
  } catch (error) {
    // Why a file could not be named says more than why that could not be undone.
    for (const kept of previous.slice(0, named)) await kept.restore().catch(() => undefined);
    throw error;
  } finally {
    for (const kept of previous) await kept.forget();
  }
}
