// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { createRandom, type RandomBits } from '../../random';
import type { TensorData } from '../../tensor/element-arrays';
import type { TrainingTensor } from './trainer';

/** Samples in memory: the first axis of every tensor counts them. */
export interface TrainingData {
  /** By input of the model, all but the parameters. */
  readonly inputs: Readonly<Record<string, TrainingTensor>>;
  /** Class of each sample, or of each position `[samples, positions]`; -1 for those that have none. */
  readonly labels?: TrainingTensor;
  /** Values that the output shall have, for `loss: 'mse'`. */
  readonly targets?: TrainingTensor;
}

/** Data as the loop reads it. */
export interface SampleSource {
  readonly count: number;
  /** The tensors of some samples, by input of the training graph. */
  read(samples: ArrayLike<number>): Readonly<Record<string, TrainingTensor>>;
  /** The class of each, where there are labels. */
  labelsOf(samples: ArrayLike<number>): ArrayLike<number> | undefined;
}

/** What the loss takes beside the model's inputs. */
export const LABELS_INPUT = 'training_labels';
export const TARGETS_INPUT = 'training_targets';

/** OneHot gives zeros for classes that there are not; negative ones it would count from behind. */
const NO_CLASS = 2n ** 31n;

/** @throws {TensorRTError} ERR_TRT_ARG_VALUE, ERR_TRT_ARG_TYPE for data that does not fit together */
export function openTrainingData(
  { inputs, labels, targets }: TrainingData,
  further: Readonly<Record<string, TrainingTensor>> = {},
): SampleSource {
  const tensors: Record<string, TrainingTensor> = { ...inputs, ...further };
  if (labels !== undefined) tensors[LABELS_INPUT] = { dims: labels.dims, data: classNumbers(labels) };
  if (targets !== undefined) tensors[TARGETS_INPUT] = targets;
  const count = checkCounts(tensors);
  return {
    count,
    read: (samples) =>
      Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, takeSamples(one, samples)])),
    labelsOf: (samples) =>
      labels === undefined
        ? undefined
        : Array.from(takeSamples(labels, samples).data as Float32Array, Number),
  };
}

function classNumbers({ data }: TrainingTensor): BigInt64Array<ArrayBuffer> {
  const classes = new BigInt64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (!Number.isInteger(value) || value < -1)
      throw new TensorRTError(
        'ERR_TRT_ARG_VALUE',
        `Labels are whole numbers from 0 on, or -1 for samples without one; ${value} came.`,
      );
    classes[i] = value === -1 ? NO_CLASS : BigInt(value);
  }
  return classes;
}

function checkCounts(tensors: Readonly<Record<string, TrainingTensor>>): number {
  let known: { name: string; count: number } | undefined;
  for (const [name, { data, dims }] of Object.entries(tensors)) {
    const needed = dims.reduce((product, dim) => product * dim, 1);
    if (dims.length === 0 || data.length !== needed)
      throw new TensorRTError(
        'ERR_TRT_ARG_VALUE',
        `Training data "${name}": dims [${dims.join(', ')}] do not fit ${data.length} elements; the first axis counts samples.`,
      );
    const count = dims[0]!;
    known ??= { name, count };
    if (known.count !== count)
      throw new TensorRTError(
        'ERR_TRT_ARG_VALUE',
        `Training data "${name}" has ${count} samples, "${known.name}" has ${known.count}.`,
      );
  }
  if (known === undefined || known.count === 0)
    throw new TensorRTError('ERR_TRT_ARG_VALUE', 'The training data has no samples.');
  return known.count;
}

function takeSamples({ data, dims }: TrainingTensor, samples: ArrayLike<number>): TrainingTensor {
  const size = data.length / dims[0]!;
  const taken = new (data.constructor as new (length: number) => TensorData)(samples.length * size);
  for (let i = 0; i < samples.length; i++) {
    const start = samples[i]! * size;
    (taken as Float32Array).set((data as Float32Array).subarray(start, start + size), i * size);
  }
  return { data: taken, dims: [samples.length, ...dims.slice(1)] };
}

/** Samples of one run of all of them in order. */
export interface SampleBatch {
  readonly batch: Uint32Array;
  /** The first of them. */
  readonly at: number;
  /** How many are new: a batch that is fixed is filled up with the last sample. */
  readonly count: number;
}

/** All samples in order, `size` at a time. */
export function* sampleBatches(total: number, size: number, isFixed: boolean): Generator<SampleBatch> {
  for (let at = 0; at < total; at += size) {
    const count = Math.min(size, total - at);
    const batch = Uint32Array.from({ length: isFixed ? size : count }, (_, index) =>
      Math.min(at + index, total - 1),
    );
    yield { batch, at, count };
  }
}

/** The same samples in another order, which depends on the seed alone. Fisher and Yates. */
export function shuffled(samples: ArrayLike<number>, random: RandomBits): Uint32Array {
  const order = Uint32Array.from(samples);
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor((random() / 2 ** 32) * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/** Random numbers of an epoch: no state has to be kept between epochs. */
export function epochRandom(seed: number, epoch: number): RandomBits {
  return createRandom((Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b)) >>> 0);
}

/** Sample numbers of training and of validation; the same for the same seed. */
export function splitSamples(
  count: number,
  share: number,
  seed: number,
): { readonly train: Uint32Array; readonly validation: Uint32Array } {
  const order = shuffled(
    Uint32Array.from({ length: count }, (_, index) => index),
    createRandom(seed),
  );
  const held = Math.round(count * share);
  return { train: order.slice(held).sort(), validation: order.slice(0, held).sort() };
}
