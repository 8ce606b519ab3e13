// SPDX-License-Identifier: Apache-2.0
import type { TensorData, TensorLike } from '../../index';
import type { LabelledBox } from '../metrics/detection';
import { dataError } from './data-error';
import type { BatchLabels, LabelledBatch } from './labelled-batch';

/** A batch that was looked at. */
export interface CheckedBatch extends LabelledBatch {
  /** Samples with a label. */
  readonly samples: number;
  /** Samples before this batch. */
  readonly first: number;
  /** How messages call sample `index` of this batch. */
  readonly nameOf: (index: number) => string;
}

/**
 * Looks for what no model can make sense of: a batch without labels, and NaN. Infinity may be a mask and passes.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` naming the sample
 */
export function checkBatch(batch: LabelledBatch, first: number, source: string): CheckedBatch {
  const { names, padding = 0 } = batch;
  const samples = sampleCount(batch.labels);
  if (samples === 0) throw dataError(`A batch after ${first} samples of ${source} has no labels.`, { first });
  const nameOf = (index: number) => names?.[index] ?? `sample ${first + index} of ${source}`;
  for (const [input, feed] of Object.entries(batch.feeds)) {
    const { data, type } = ArrayBuffer.isView(feed) ? { data: feed, type: undefined } : feed;
    const at = findNaN(data, type);
    if (at < 0) continue;
    const width = data.length / (samples + padding);
    const sample = Math.min(samples - 1, Math.floor(at / width));
    throw dataError(`${nameOf(sample)}: input '${input}' has NaN at place ${Math.floor(at % width)}.`, {
      input,
      sample: first + sample,
    });
  }
  return { ...batch, samples, first, nameOf };
}

/** Samples that have a label. */
export function sampleCount(labels: BatchLabels): number {
  if (!isTensor(labels)) return labels.length;
  return labels.dims?.[0] ?? labels.data.length;
}

/** Whether labels are a tensor. */
export function isTensor(labels: BatchLabels): labels is TensorLike {
  return 'data' in labels;
}

/** Whether labels are boxes. */
export function areBoxes(labels: BatchLabels): labels is readonly (readonly LabelledBox[])[] {
  return Array.isArray(labels) && labels.every(Array.isArray);
}

function findNaN(data: TensorData, type: TensorLike['type']): number {
  if (data instanceof Float32Array || data instanceof Float64Array) {
    for (let i = 0; i < data.length; i++) if (data[i] !== data[i]) return i;
    return -1;
  }
  if (!(data instanceof Uint16Array) || (type !== 'float16' && type !== 'bfloat16')) return -1;
  const infinity = type === 'float16' ? 0x7c00 : 0x7f80;
  for (let i = 0; i < data.length; i++) if ((data[i]! & 0x7fff) > infinity) return i;
  return -1;
}
