// SPDX-License-Identifier: Apache-2.0
// The networks of this benchmark, their data, and how often a model is right about it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSession } from 'tensorrt-node';
import { readNpy } from '../precision/data.mjs';

const FOLDER = fileURLToPath(new URL('networks', import.meta.url));
const RUN = 8;

/** More threads cost more than they save here, and times of one can be compared. */
export const ON_ONE_THREAD = { device: 'cpu', intraOpNumThreads: 1 };

/** `{ name: { about, data, accuracy, validation } }`. */
export const NETWORKS = JSON.parse(readFileSync(join(FOLDER, 'networks.json'), 'utf8'));

/** Path of a network. */
export function networkPath(name) {
  return join(FOLDER, `${name}.onnx`);
}

/** `{ inputs: { data, dims }, labels: { data, dims } }` of `train`, `validation` or `test`. */
export function readSamples(data, part) {
  return {
    inputs: readTensor(join(FOLDER, `${data}-${part}.npy`)),
    labels: readTensor(join(FOLDER, `${data}-${part}-labels.npy`)),
  };
}

/** A file of NumPy's as FP32. */
export function readTensor(path) {
  const { values, dims } = readNpy(path);
  return { data: Float32Array.from(values), dims };
}

/** Calibration data, a run of eight samples after the other. */
export function calibrationFeeds(data) {
  const { data: values, dims } = readTensor(join(FOLDER, `${data}-calibration.npy`));
  const [count, ...rest] = dims;
  const size = values.length / count;
  return Array.from({ length: Math.floor(count / RUN) }, (_, run) => ({
    input: { data: values.slice(run * RUN * size, (run + 1) * RUN * size), dims: [RUN, ...rest] },
  }));
}

/** Share of samples that a model is right about. */
export async function accuracyOf(model, { inputs, labels }) {
  const session = await createSession(model, ON_ONE_THREAD);
  try {
    const { logits } = await session.run({ input: inputs });
    const classes = logits.data.length / labels.data.length;
    const right = labels.data.reduce((sum, label, row) => {
      const scores = logits.data.subarray(row * classes, (row + 1) * classes);
      return sum + (scores.indexOf(Math.max(...scores)) === label ? 1 : 0);
    }, 0);
    return right / labels.data.length;
  } finally {
    await session.close();
  }
}
