// SPDX-License-Identifier: Apache-2.0
// SHA-256 of large files and buffers in pieces small enough (under a millisecond each) that the event loop keeps
// turning: node:crypto hashes on the calling thread.

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';

const PIECE_BYTES = 256 * 1024;

/** SHA-256 in hexadecimal and the number of bytes that went into it. */
export interface Digest {
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Digest of a file's content. Rejects with the Node.js error if it cannot be read, and with the reason of a signal
 * that fires.
 */
export async function digestFile(path: string, signal?: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  const file = await open(path, 'r');
  try {
    for (let bytes = 0; ;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return { sha256: hash.digest('hex'), bytes };
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Digest of a buffer, which must not change meanwhile. Rejects with the reason of a signal that fires. */
export async function digestBytes(data: Uint8Array, signal?: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < data.length; offset += PIECE_BYTES) {
    if (offset > 0) await nextTurn();
    signal?.throwIfAborted();
    hash.update(data.subarray(offset, offset + PIECE_BYTES));
  }
  return { sha256: hash.digest('hex'), bytes: data.length };
}

/** Digest of a short text, at once. */
export function digestText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
