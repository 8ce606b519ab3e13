// SPDX-License-Identifier: Apache-2.0
import { open, stat } from 'node:fs/promises';

/** Files that `inspect` understands. */
export type InspectedKind = 'onnx' | 'plan' | 'manifest';

const HEAD_BYTES = 64;

/**
 * Tells a file's kind by its first bytes. Everything that is neither a plan nor JSON goes as ONNX, also a path that
 * cannot be read: the ONNX reader's errors name what a file is instead.
 */
export async function detectKind(path: string): Promise<InspectedKind> {
  const head = await readHead(path);
  if (/^[fv]trt/.test(head)) return 'plan';
  return /^\s*\{/.test(head) ? 'manifest' : 'onnx';
}

async function readHead(path: string): Promise<string> {
  try {
    // A pipe would block in open(): ask before opening.
    if (!(await stat(path)).isFile()) return '';
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
