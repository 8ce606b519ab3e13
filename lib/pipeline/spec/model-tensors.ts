// SPDX-License-Identifier: Apache-2.0
// Inputs and outputs of a model by the names that a spec has.

import { formatDims } from '../../runtime/feeds';
import type { TensorInfo } from '../../tensor/tensor-info';
import { didYouMean } from '../../text/nearest-name';
import { specError } from './spec-error';

/** What is known of a model: of a session, an engine's manifest, or an ONNX file. */
export interface ModelTensors {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** Types of scores and coordinates. */
export const SCORE_TYPES: readonly string[] = ['float32', 'float16', 'bfloat16'];

/** A size that the model fixes, else undefined. */
export function fixedSize(info: TensorInfo, axis: number): number | undefined {
  const size = info.dims.at(axis);
  return typeof size === 'number' && size >= 0 ? size : undefined;
}

/** Names, types and dims, as messages have them. */
export function listTensors(tensors: readonly TensorInfo[]): string {
  return tensors.map((info) => `"${info.name}" (${info.type} ${formatDims(info)})`).join(', ');
}

/** What a spec names, and what there is. */
export interface Choice {
  readonly name: string | undefined;
  readonly tensors: readonly TensorInfo[];
  /** The field of the spec. Default: as the kind. */
  readonly option?: string;
}

/** @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for a name that there is not, and for none where there are several. */
export function chooseTensor(
  at: string,
  kind: 'input' | 'output',
  { name, tensors, option = kind }: Choice,
): TensorInfo {
  const names = tensors.map((info) => info.name);
  if (name === undefined) {
    if (tensors.length === 1) return tensors[0]!;
    throw specError('ERR_TRT_ARG_VALUE', at, {
      problem:
        tensors.length === 0
          ? `no ${kind} of the model is left.`
          : `"${option}" must name one, as the model has ${tensors.length}: ${listTensors(tensors)}.`,
      details: { option, expected: names },
    });
  }
  const found = tensors.find((info) => info.name === name);
  if (found) return found;
  throw specError('ERR_TRT_ARG_VALUE', at, {
    problem: `the model has no ${kind} "${name}".${didYouMean(name, names)} It has ${listTensors(tensors)}.`,
    details: { option, expected: names, received: name },
  });
}

/** The error of an output that a post cannot end with. */
export function unfitOutput(kind: string, expected: string, info: TensorInfo): Error {
  return specError('ERR_TRT_ARG_VALUE', 'post', {
    problem: `${kind} needs ${expected}, but the model's "${info.name}" is ${info.type} ${formatDims(info)}.`,
    details: { option: 'output', tensor: info.name, type: info.type, dims: info.dims },
  });
}

/** @throws {TensorRTError} `ERR_TRT_ARG_VALUE` where labels and classes are not as many. */
export function fitLabels(
  { labels }: { labels?: readonly string[] | string },
  info: TensorInfo,
  classes: number | undefined,
): void {
  if (!Array.isArray(labels) || classes === undefined || labels.length === classes) return;
  throw specError('ERR_TRT_ARG_VALUE', 'post', {
    problem: `"labels" has ${labels.length} names, but the model's "${info.name}" ${formatDims(info)} has ${classes} classes.`,
    details: { option: 'labels', received: labels.length, expected: classes },
  });
}
