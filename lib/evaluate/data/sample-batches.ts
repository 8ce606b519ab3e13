// SPDX-License-Identifier: Apache-2.0
import type { TensorData, TensorInfo, TensorLike } from '../../index';
import { elementCount } from '../../tensor/element-arrays';
import type { LabelledBox } from '../metrics/detection';
import type { BatchRequest } from './array-batches';
import { dataError } from './data-error';
import { convertElements } from './element-conversion';
import type { BatchLabels, LabelledBatch, Sample, SampleLabel } from './labelled-batch';
import { batchSize, sampleLayout, type SampleLayout } from './sample-layout';

interface FittedSample {
  readonly sample: Sample;
  readonly layouts: Readonly<Record<string, SampleLayout>>;
}

/**
 * Puts samples that come one by one into batches. Samples of another shape than those before them begin a new batch.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` for an empty set, inputs that are missing or unknown, and shapes and types
 *   that do not fit
 */
export async function* sampleBatches(
  samples: Iterable<Sample> | AsyncIterable<Sample>,
  request: BatchRequest,
  source: string,
): AsyncGenerator<LabelledBatch> {
  let waiting: FittedSample[] = [];
  let isEmpty = true;
  for await (const sample of samples) {
    isEmpty = false;
    const fitted = fit(sample, request.inputs);
    if (waiting.length > 0 && !isSameShape(waiting[0]!, fitted)) {
      yield toBatch(waiting, request);
      waiting = [];
    }
    waiting.push(fitted);
    if (waiting.length < batchSize(request.inputs, fitted.layouts, request.batch).size) continue;
    yield toBatch(waiting, request);
    waiting = [];
  }
  if (isEmpty) throw dataError(`${source} holds no sample: there is nothing to evaluate.`, { data: source });
  if (waiting.length > 0) yield toBatch(waiting, request);
}

function fit(sample: Sample, inputs: readonly TensorInfo[]): FittedSample {
  const layouts: Record<string, SampleLayout> = {};
  const tensors: Record<string, TensorLike> = {};
  for (const input of inputs) {
    const tensor = sample.tensors[input.name];
    if (tensor === undefined)
      throw dataError(`${sample.name} has no input '${input.name}'.`, {
        sample: sample.name,
        input: input.name,
      });
    layouts[input.name] = sampleLayout(input, tensor.dims ?? [tensor.data.length], sample.name);
    tensors[input.name] = convertElements(tensor, input, sample.name);
  }
  return { sample: { ...sample, tensors }, layouts };
}

function isSameShape(a: FittedSample, b: FittedSample): boolean {
  return Object.entries(a.layouts).every(([name, { dims }]) => dims.join() === b.layouts[name]!.dims.join());
}

function toBatch(fitted: readonly FittedSample[], request: BatchRequest): LabelledBatch {
  const { layouts } = fitted[0]!;
  const { size, isFixed } = batchSize(request.inputs, layouts, request.batch);
  const padding = isFixed ? size - fitted.length : 0;
  const samples = fitted.map(({ sample }) => sample);
  const filled = [...samples, ...Array<Sample>(padding).fill(samples.at(-1)!)];
  const feeds = Object.fromEntries(
    request.inputs.map(({ name, type }) => {
      const { dims, isBatched } = layouts[name]!;
      const data = joined(filled.map(({ tensors }) => tensors[name]!.data));
      return [name, { type, data, dims: isBatched ? [filled.length, ...dims] : dims }];
    }),
  );
  return { feeds, labels: labelsOf(samples), names: samples.map(({ name }) => name), padding };
}

function joined(parts: readonly TensorData[]): TensorData {
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new (parts[0]!.constructor as new (length: number) => Uint8Array)(length);
  let at = 0;
  for (const part of parts) {
    all.set(part as Uint8Array, at);
    at += part.length;
  }
  return all;
}

function labelsOf(samples: readonly Sample[]): BatchLabels {
  const labels = samples.map(({ label }) => label);
  if (labels.every((label): label is number => typeof label === 'number')) return labels;
  if (labels.every(isBoxes)) return labels;
  const [first] = labels;
  const width = Array.isArray(first) ? first.length : 1;
  const numbers = labels.map((label, index) => {
    if (Array.isArray(label) && label.length === width && !isBoxes(label)) return label as readonly number[];
    throw dataError(`${samples[index]!.name} has another kind of label than the samples before it.`, {
      sample: samples[index]!.name,
    });
  });
  return { data: Float64Array.from(numbers.flat()), dims: [samples.length, elementCount([width])] };
}

function isBoxes(label: SampleLabel): label is readonly LabelledBox[] {
  return Array.isArray(label) && label.every((one) => typeof one === 'object');
}
