// SPDX-License-Identifier: Apache-2.0
// The trained networks of benchmarks/precision with their data, and how often a model is right.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSession } from '../lib/index';

const FOLDER = join(__dirname, '../benchmarks/precision/networks');
/** Samples of one run. */
export const BATCH = 8;
/** More threads cost more than they save here. */
export const ON_ONE_THREAD = { device: 'cpu', intraOpNumThreads: 1 } as const;

/** Names of the networks, which data each takes and how often it is right. */
export const TRAINED_NETWORKS = JSON.parse(readFileSync(join(FOLDER, 'networks.json'), 'utf8')) as Record<
  string,
  { data: string; accuracy: number }
>;

/** Path of a network. */
export function networkPath(name: string): string {
  return join(FOLDER, `${name}.onnx`);
}

/** Inputs that are neither trained nor tested on, a run of eight at a time: all 200 unless told. */
export function calibrationFeeds(data: string, runs = 25) {
  const { values, dims } = readNpy(`${data}-calibration.npy`);
  const size = (BATCH * values.length) / dims[0]!;
  return Array.from({ length: runs }, (_, run) => ({
    input: {
      data: Float32Array.from(values.subarray(run * size, (run + 1) * size)),
      dims: [BATCH, ...dims.slice(1)],
    },
  }));
}

/** Share of the test samples that a model of a network's form is right about. */
export async function accuracyOf(model: string | Uint8Array, data: string): Promise<number> {
  const inputs = readNpy(`${data}-test.npy`);
  const labels = readNpy(`${data}-labels.npy`).values;
  const session = await createSession(model, ON_ONE_THREAD);
  try {
    const { logits } = await session.run({
      input: { data: Float32Array.from(inputs.values), dims: inputs.dims },
    });
    const scores = logits!.data as Float32Array;
    const classes = scores.length / labels.length;
    let right = 0;
    labels.forEach((label, sample) => {
      const row = scores.subarray(sample * classes, (sample + 1) * classes);
      if (row.indexOf(Math.max(...row)) === label) right++;
    });
    return right / labels.length;
  } finally {
    await session.close();
  }
}

/** What NumPy's `save` wrote: bytes or FP32. */
function readNpy(name: string): { values: Uint8Array | Float32Array; dims: number[] } {
  const bytes = readFileSync(join(FOLDER, name));
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  const dims = [.../'shape': \(([^)]*)\)/.exec(header)![1]!.matchAll(/\d+/g)].map(Number);
  const content = Uint8Array.from(bytes.subarray(start));
  return { values: header.includes("'|u1'") ? content : new Float32Array(content.buffer), dims };
}
