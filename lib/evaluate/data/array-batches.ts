// SPDX-License-Identifier: Apache-2.0
import type { TensorData, TensorInfo, TensorLike } from '../../index';
import { elementCount } from '../../tensor/element-arrays';
import { dataError, dimsText } from './data-error';
import { convertElements } from './element-conversion';
import type { BatchFeeds, BatchLabels, LabelledBatch } from './labelled-batch';
import { batchSize, sampleLayout, type SampleLayout } from './sample-layout';

/** Samples in arrays: they lie along the first axis of each. */
export interface SampleInputs {
  /** By the names of the inputs. */
  readonly arrays: Readonly<Record<string, TensorLike & { readonly dims: readonly number[] }>>;
  /** What messages call each: paths. */
  readonly sources: Readonly<Record<string, string>>;
}

/** A whole set in arrays. */
export interface SampleArrays extends SampleInputs {
  readonly labels: TensorLike & { readonly dims: readonly number[] };
  readonly labelSource: string;
}

/** What batches are made for. */
export interface BatchRequest {
  readonly inputs: readonly TensorInfo[];
  /** Samples of a call, where the model leaves it open. */
  readonly batch: number;
}

/**
 * Slices arrays into batches. Batches are views of the arrays: nothing is copied but a last batch that must be filled up,
 * and elements of another type than the input's, a batch at a time.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` for an empty set, numbers of samples that differ, and shapes and types that
 *   do not fit
 */
export function* arrayBatches(set: SampleArrays, request: BatchRequest): Generator<LabelledBatch> {
  checkCounts(set);
  for (const { feeds, from, count, padding } of arrayFeeds(set, request))
    yield { feeds, labels: labelsOf(set.labels, from, count), padding };
}

/** Feeds of some samples in a row. */
export interface ArrayFeeds {
  readonly feeds: BatchFeeds;
  /** Number of the first sample, and how many there are besides the padding. */
  readonly from: number;
  readonly count: number;
  readonly padding: number;
}

/**
 * The same without labels.
 *
 * @throws {TensorRTError} as `arrayBatches`
 */
export function* arrayFeeds(set: SampleInputs, request: BatchRequest): Generator<ArrayFeeds> {
  const { arrays, sources } = set;
  const samples = countSamples(set);
  const layouts: Record<string, SampleLayout> = {};
  for (const input of request.inputs)
    layouts[input.name] = sampleLayout(input, arrays[input.name]!.dims.slice(1), sources[input.name]!);
  const { size, isFixed } = batchSize(request.inputs, layouts, request.batch);
  for (let from = 0; from < samples; from += size) {
    const count = Math.min(size, samples - from);
    const padding = isFixed ? size - count : 0;
    const feeds = Object.fromEntries(
      request.inputs.map((input) => {
        const place = { from, count, padding, layout: layouts[input.name]! };
        return [input.name, sliceOf(arrays[input.name]!, input, { ...place, where: sources[input.name]! })];
      }),
    );
    yield { feeds, from, count, padding };
  }
}

function countSamples({ arrays, sources }: SampleInputs): number {
  const [first, ...others] = Object.entries(arrays);
  const samples = first?.[1].dims[0] ?? 0;
  for (const [name, { dims }] of others) {
    if (dims[0] === samples) continue;
    throw dataError(
      `'${name}' of ${sources[name]} has ${dims[0] ?? 0} samples, and '${first![0]}' has ${samples}.`,
      { data: sources[name], samples: dims[0] ?? 0, expected: samples },
    );
  }
  if (samples > 0) return samples;
  throw dataError(`${sources[first?.[0] ?? ''] ?? 'The data'} is empty: it has no sample.`);
}

function checkCounts({ arrays, labels, sources, labelSource }: SampleArrays): void {
  const samples = labels.dims[0] ?? 0;
  for (const [name, { dims }] of Object.entries(arrays)) {
    if (dims.length > 0 && dims[0] === samples) continue;
    throw dataError(
      `${sources[name]} has ${dims[0] ?? 0} samples, and ${labelSource} has labels for ${samples}.`,
      { data: sources[name], samples: dims[0] ?? 0, labels: labelSource, labelled: samples },
    );
  }
  if (samples === 0)
    throw dataError(`${labelSource} is empty: there is nothing to evaluate.`, { labels: labelSource });
}

interface Slice {
  readonly from: number;
  readonly count: number;
  readonly padding: number;
  readonly layout: SampleLayout;
  readonly where: string;
}

function sliceOf(array: TensorLike, input: TensorInfo, slice: Slice): TensorLike {
  const { from, count, padding, layout, where } = slice;
  const width = elementCount(layout.dims);
  const view = array.data.subarray(from * width, (from + count) * width);
  const converted = convertElements({ ...array, data: view }, input, where);
  const dims = layout.isBatched ? [count + padding, ...layout.dims] : layout.dims;
  return { ...converted, dims, data: filledUp(converted.data, width, padding) };
}

/** The last sample again and again: numbers that the model is made for. */
function filledUp(data: TensorData, width: number, padding: number): TensorData {
  if (padding === 0) return data;
  const filled = new (data.constructor as new (length: number) => Uint8Array)(data.length + padding * width);
  filled.set(data as Uint8Array);
  for (let i = 0; i < padding; i++)
    filled.copyWithin(data.length + i * width, data.length - width, data.length);
  return filled;
}

function labelsOf(
  labels: TensorLike & { readonly dims: readonly number[] },
  from: number,
  count: number,
): BatchLabels {
  const width = elementCount(labels.dims.slice(1));
  if (width === 0) throw dataError(`Labels of shape ${dimsText(labels.dims)} hold no numbers.`);
  const data = labels.data.subarray(from * width, (from + count) * width);
  return { type: labels.type, data, dims: [count, ...labels.dims.slice(1)] };
}
