// SPDX-License-Identifier: Apache-2.0
import type { CheckedBatch } from '../data/check-batch';
import { dataError, dimsText } from '../data/data-error';
import type { ModelOutputs } from '../evaluated-model';
import { numbersOf } from '../numbers-of';

/** Puts outputs and labels into measures, a batch at a time. */
export interface Scorer<Measures> {
  /** @throws {TensorRTError} `ERR_TRT_EVAL_DATA` for labels that do not fit, `ERR_TRT_EVAL_OUTPUT` */
  add(batch: CheckedBatch, outputs: ModelOutputs): void;
  /** The measures of what was added. */
  finish(): Measures;
}

/** An output as rows of numbers, without those of samples that only fill the batch. */
export interface OutputRows {
  readonly values: ArrayLike<number>;
  /** Rows of samples with labels. */
  readonly rows: number;
  /** Numbers of a row. */
  readonly width: number;
}

/**
 * Cuts an output into rows along its last axis (`[N, classes]`, also `[N, tokens, classes]`); one axis alone has a row for
 * each of its numbers, or is one row where there is one sample.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` where the rows cannot be shared out among the samples
 */
export function outputRows(batch: CheckedBatch, outputs: ModelOutputs, name: string): OutputRows {
  const tensor = outputs[name]!;
  const { dims } = tensor;
  const values = numbersOf(tensor, name);
  const fed = batch.samples + (batch.padding ?? 0);
  const isRow = dims.length === 1 && dims[0] !== fed && fed === 1;
  const width = isRow ? dims[0]! : dims.length < 2 ? 1 : dims.at(-1)!;
  const all = width === 0 ? 0 : values.length / width;
  if (all === 0 || all % fed !== 0)
    throw dataError(
      `The batch of ${batch.nameOf(0)} has labels for ${batch.samples} samples, and output '${name}' has the shape ${dimsText(dims)}.`,
      { output: name, dims, samples: batch.samples, first: batch.first },
    );
  return { values, width, rows: (all / fed) * batch.samples };
}
