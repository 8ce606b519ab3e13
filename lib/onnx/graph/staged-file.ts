// SPDX-License-Identifier: Apache-2.0
// Files that appear as a whole or not at all. Content goes to a hidden file in the same folder, reaches the disk, and
// then takes the name in one step; what had the name stays until then.

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TensorRTError } from '../../errors';
import { FileBytes } from './file-bytes';
import type { MessagePart } from './wire-message';

/** More is never held of a file that is copied. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** Where a part of a file goes. */
export interface PlacedPart {
  readonly offset: number;
  readonly part: MessagePart;
}

/** A file to be written. */
export interface NewFile {
  readonly path: string;
  readonly parts: Iterable<PlacedPart>;
}

/** Parts one after the other. */
export function inSequence(parts: readonly MessagePart[]): PlacedPart[] {
  let end = 0;
  return parts.map((part) => {
    const offset = end;
    end += part.length;
    return { part, offset };
  });
}

/**
 * Writes files and gives them their names in order: all of them, or none.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_WRITE; what reading the parts throws
 */
export async function writeTogether(files: readonly NewFile[]): Promise<void> {
  const staged: StagedFile[] = [];
  const named: StagedFile[] = [];
  try {
    for (const { path, parts } of files) staged.push(await StagedFile.write(path, parts));
    for (const file of staged) {
      await file.commit();
      named.push(file);
    }
  } catch (error) {
    for (const file of named.reverse()) await file.restore().catch(() => undefined);
    throw error;
  } finally {
    for (const file of staged) await file.discard();
  }
}

/** A file that is written but does not have its name yet. */
class StagedFile {
  private readonly draft: string;
  private readonly kept: string;
  private readonly removeNow: () => void;
  private isKept = false;

  private constructor(readonly path: string) {
    const stem = `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}`;
    this.draft = join(dirname(path), stem);
    this.kept = `${this.draft}.old`;
    this.removeNow = () => {
      for (const file of [this.draft, this.kept]) rmSync(file, { force: true });
    };
    process.on('exit', this.removeNow);
  }

  /** Writes the parts, each at its offset, and waits until they are on the disk. */
  static async write(path: string, parts: Iterable<PlacedPart>): Promise<StagedFile> {
    const file = new StagedFile(path);
    try {
      const handle = await open(file.draft, 'wx');
      try {
        for (const { part, offset } of parts) await writePart(handle, part, offset);
        await handle.sync();
      } finally {
        await handle.close();
      }
      return file;
    } catch (error) {
      await file.discard();
      throw writeError(path, error);
    }
  }

  /** Gives the file its name; the one that had it can come back until {@link discard}. */
  async commit(): Promise<void> {
    try {
      this.isKept = await link(this.path, this.kept).then(
        () => true,
        () => false,
      );
      await rename(this.draft, this.path);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Undoes {@link commit}: the previous file has the name again, or nothing has. */
  async restore(): Promise<void> {
    if (this.isKept) await rename(this.kept, this.path);
    else await rm(this.path, { force: true });
  }

  /** Lets go of the draft and of the previous file. Never throws. */
  async discard(): Promise<void> {
    for (const file of [this.draft, this.kept]) await rm(file, { force: true }).catch(() => undefined);
    process.off('exit', this.removeNow);
  }
}

async function writePart(handle: FileHandle, part: MessagePart, offset: number): Promise<void> {
  if (!(part instanceof FileBytes)) {
    await writeAll(handle, part instanceof Uint8Array ? part : part.read(), offset);
    return;
  }
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, part.length));
  for (let at = 0; at < part.length; at += chunk.length) {
    const piece = chunk.subarray(0, Math.min(chunk.length, part.length - at));
    part.readInto(piece, at);
    await writeAll(handle, piece, offset + at);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(
      bytes,
      at,
      Math.min(bytes.length - at, CHUNK_BYTES),
      offset + at,
    );
    at += bytesWritten;
  }
}

function writeError(path: string, error: unknown): Error {
  if (error instanceof TensorRTError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const systemCode = code ?? '';
  return new TensorRTError(
    'ERR_TRT_ONNX_WRITE',
    `"${path}" cannot be written: ${REASONS[systemCode] ?? message} (${systemCode || 'unknown error'}).`,
    { details: { path, systemCode }, cause: error },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'its folder may not be written to',
  EPERM: 'its folder may not be written to',
  EROFS: 'the file system is read-only',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
};
