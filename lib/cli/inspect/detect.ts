// SPDX-License-Identifier: Apache-2.0
import { readHead } from '../../runtime/read-head';

/** Files that `inspect` understands. */
export type InspectedKind = 'onnx' | 'plan' | 'manifest';

const HEAD_BYTES = 64;

/**
 * Tells a file's kind by its first bytes. Everything that is neither a plan nor JSON goes as ONNX, also a path that
 * cannot be read: the ONNX reader's errors name what a file is instead.
 */
export async function detectKind(path: string): Promise<InspectedKind> {
  const head = await readText(path);
  if (/^[fv]trt/.test(head)) return 'plan';
  return /^\s*\{/.test(head) ? 'manifest' : 'onnx';
}

async function readText(path: string): Promise<string> {
  const { head } = await readHead(path, HEAD_BYTES).catch(() => ({ head: new Uint8Array(0) }));
  return Buffer.from(head).toString('latin1');
}
