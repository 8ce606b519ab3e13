// SPDX-License-Identifier: Apache-2.0
// The data of benchmarks/precision and benchmarks/compression as training takes it.

import { join } from 'node:path';
import type { TrainingData, TrainingTensor } from '../lib/compress';
import { readNpy } from '../lib/tensor/npy';

const ROOT = join(__dirname, '..', 'benchmarks');

/** A trained network of benchmarks/precision. */
export function networkPath(name: string): string {
  return join(ROOT, 'precision', 'networks', `${name}.onnx`);
}

async function readFloats(path: string): Promise<TrainingTensor> {
  const { data, dims } = await readNpy(path);
  return { data: Float32Array.from(data as Uint8Array, Number), dims };
}

/** The first samples of a set: those that networks were trained on, or those that they are tested on. */
export async function readSamples(
  set: 'digits' | 'clusters',
  part: 'train' | 'test',
  count = Infinity,
): Promise<TrainingData & { readonly labels: TrainingTensor }> {
  const [inputs, labels] =
    part === 'train'
      ? [`compression/data/${set}-train.npy`, `compression/data/${set}-train-labels.npy`]
      : [`precision/networks/${set}-test.npy`, `precision/networks/${set}-labels.npy`];
  return {
    inputs: { input: first(await readFloats(join(ROOT, inputs)), count) },
    labels: first(await readFloats(join(ROOT, labels)), count),
  };
}

function first({ data, dims }: TrainingTensor, count: number): TrainingTensor {
  const taken = Math.min(count, dims[0]!);
  const size = data.length / dims[0]!;
  return { data: (data as Float32Array).slice(0, taken * size), dims: [taken, ...dims.slice(1)] };
}
