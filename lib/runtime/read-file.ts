// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises';

const PIECE_BYTES = 16 * 1024 * 1024;

/** Reads a whole file, also one above the 2 GiB at which `fs.readFile` gives up. */
export async function readWholeFile(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await file.read(bytes, filled, Math.min(PIECE_BYTES, size - filled), filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}
