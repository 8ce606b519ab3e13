// SPDX-License-Identifier: Apache-2.0
import { open, stat } from 'node:fs/promises';

/** The beginning of a file, or what is there instead of one. */
export interface FileHead {
  readonly kind: 'file' | 'folder' | 'other';
  /** Empty where there is no file. */
  readonly head: Uint8Array;
  /** Size of the whole file. */
  readonly size: number;
}

/**
 * Reads the first bytes of a file, fewer where it is shorter. A pipe or a device is not opened: that could block, or
 * never end.
 *
 * @throws The error of Node.js where the path cannot be read.
 */
export async function readHead(path: string, bytes: number): Promise<FileHead> {
  const stats = await stat(path);
  if (!stats.isFile()) {
    return { kind: stats.isDirectory() ? 'folder' : 'other', head: new Uint8Array(0), size: 0 };
  }
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return { kind: 'file', head: buffer.subarray(0, bytesRead), size: stats.size };
  } finally {
    await file.close();
  }
}
