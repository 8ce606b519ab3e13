// SPDX-License-Identifier: Apache-2.0
// What the stages behind the model share.

import { TensorRTError } from '../../errors';
import { type DeviceTensor } from '../../runtime/device-tensor';
import { Tensor } from '../../runtime/tensor';
import type { ScoredClass } from '../results';

/** Outputs of a run by name. */
export type Outputs = Readonly<Record<string, Tensor | DeviceTensor>>;

/** @throws {TensorRTError} `ERR_TRT_RUN_FAILED` for an output that does not have the batch in front. */
export function requireBatch(name: string, dims: readonly number[], batch: number): void {
  if (dims[0] === batch) return;
  throw new TensorRTError(
    'ERR_TRT_RUN_FAILED',
    `The model's output "${name}" has dims [${dims.join(', ')}] for a batch of ${batch}: its first dimension is not the batch.`,
    {
      hint: 'Export the model so that each output has the batch as its first dimension.',
      details: { output: name, dims, batch },
    },
  );
}

/** `[N, columns, 1, 1]` as `[N, columns]`. */
export function asRows(tensor: Tensor | DeviceTensor): Tensor | DeviceTensor {
  const { type, dims } = tensor;
  const isLong = dims.length > 2 && dims.slice(2).every((size) => size === 1);
  return isLong && tensor instanceof Tensor ? new Tensor(type, dims.slice(0, 2), tensor.data) : tensor;
}

/** The class of a number, with its name where there is one. */
export function scored(classId: number, score: number, labels: readonly string[] | undefined): ScoredClass {
  const label = labels?.[classId];
  return { classId, score, ...(label === undefined ? {} : { label }) };
}

export function namesOf(labels: readonly string[] | string | undefined): readonly string[] | undefined {
  return typeof labels === 'string' ? undefined : labels;
}
