// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto';
import type { FeedSource } from '../runner';

/**
 * SHA-256, in hex, over all runs of data: names of inputs in alphabetical order, classes of arrays, types and dims where
 * they are given, and the bytes. Memory holds one run. The same data in the same order has the same digest, whatever it was
 * read from.
 */
export async function digestFeeds<Feeds>(feeds: FeedSource<Feeds>): Promise<string> {
  const hash = createHash('sha256');
  for await (const one of feeds) {
    hash.update('run;');
    addValue(hash, one);
  }
  return hash.digest('hex');
}

/** The digest of a single run. */
export function digestRun(feeds: unknown): string {
  const hash = createHash('sha256');
  addValue(hash, feeds);
  return hash.digest('hex');
}

/** Each part is written with its kind and length, so that no two values are written alike. */
function addValue(hash: Hash, value: unknown): void {
  if (ArrayBuffer.isView(value)) {
    hash.update(`${kindOf(value)}:${value.byteLength};`);
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    return;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Array.isArray(value)
      ? value.map((one, index): [string, unknown] => [String(index), one])
      : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    const present = entries.filter(([, one]) => one !== undefined);
    hash.update(`${Array.isArray(value) ? 'list' : 'record'}:${present.length};`);
    for (const [name, one] of present) {
      addText(hash, name);
      addValue(hash, one);
    }
    return;
  }
  addText(hash, `${typeof value} ${String(value)}`);
}

function addText(hash: Hash, text: string): void {
  hash.update(`${Buffer.byteLength(text)}:${text};`);
}

/** A Buffer holds bytes as a Uint8Array does. */
function kindOf(view: ArrayBufferView): string {
  return String((view as unknown as Record<symbol, unknown>)[Symbol.toStringTag] ?? 'DataView');
}
