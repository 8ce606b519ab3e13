// SPDX-License-Identifier: Apache-2.0
// The networks of the precision benchmark and their data as feeds.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the committed networks and their data. */
export const NETWORKS = fileURLToPath(new URL('networks', import.meta.url));
/** Samples of one run, for all tools; as in feeds.py. */
export const BATCH = 8;

/** `{ name: { about, data, accuracy } }` of the committed networks, each network before its unequal variant. */
export function listNetworks() {
  return JSON.parse(readFileSync(join(NETWORKS, 'networks.json'), 'utf8'));
}

/** Feeds of one run after another; `data` is `digits`, `clusters` or `sentence`. */
export function loadFeeds(data, part, folder = NETWORKS) {
  const { values, dims } = readNpy(join(folder, `${data}-${part}.npy`));
  const size = values.length / dims[0];
  return Array.from({ length: Math.ceil(dims[0] / BATCH) }, (_, run) => {
    const some = values.subarray(run * BATCH * size, (run + 1) * BATCH * size);
    const shape = [some.length / size, ...dims.slice(1)];
    if (data !== 'sentence') return { input: { data: Float32Array.from(some), dims: shape } };
    return {
      input_ids: { data: some, dims: shape },
      attention_mask: { data: some.map((id) => (id === 0n ? 0n : 1n)), dims: shape },
    };
  });
}

const ARRAYS = { '|u1': Uint8Array, '<f4': Float32Array, '<i8': BigInt64Array };

/** What NumPy's `save` wrote, version 1 of the format, C order. */
export function readNpy(path) {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  const ArrayType = ARRAYS[/'descr': '(..?.)'/.exec(header)[1]];
  const dims = [.../'shape': \(([^)]*)\)/.exec(header)[1].matchAll(/\d+/g)].map(Number);
  const content = bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length);
  return { values: new ArrayType(content), dims };
}
