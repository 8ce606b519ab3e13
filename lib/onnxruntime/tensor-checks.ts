// SPDX-License-Identifier: Apache-2.0
// What a tensor of onnxruntime-common must be like to be fed to a model or to take an output. Tensors are known by their
// face, not by their class: they may come from any copy of onnxruntime-common.

import type { OnnxValue, Tensor } from 'onnxruntime-common';

import { TensorRTError, type TensorRTErrorCode } from '../errors';
import { describeType } from '../option-checks';
import type { TensorInfo } from '../tensor/tensor-info';
import { upstreamError } from './upstream-error';

/** `'input'` or `'output'`. */
export type Role = 'input' | 'output';

/** A tensor whose data is in the memory of the host. */
export type HostTensor = Pick<Tensor, 'type' | 'dims' | 'data'>;

/** What ONNX Runtime calls element types in its messages; the others have the same name in both. */
const ORT_NAMES: Readonly<Record<string, string>> = { float32: 'float', float64: 'double' };

/**
 * Checks what a caller gives for an input or an output.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_INPUT_TYPE` or `ERR_TRT_RUN_INPUT_SHAPE`, for outputs `ERR_TRT_ARG_VALUE`;
 *   `ERR_TRT_RUN_UNSUPPORTED` for data that is on a device.
 */
export function checkTensor(role: Role, info: TensorInfo, value: OnnxValue | null): HostTensor {
  const tensor = value as Partial<Tensor> | null | undefined;
  if (typeof tensor !== 'object' || tensor === null || !Array.isArray(tensor.dims)) {
    throw upstreamError(
      'TypeError',
      'ERR_TRT_ARG_TYPE',
      `Tensor must be an object of type, data and dims, but ${role} "${info.name}" is ${describeType(value)}.`,
      { details: { [role]: info.name } },
    );
  }
  const { location = 'cpu', type } = tensor;
  if (location !== 'cpu' && location !== 'cpu-pinned') throw elsewhereError(role, info, location);
  if (type !== info.type) throw typeError(role, info, String(type));
  checkShape(role, info, tensor.dims);
  return tensor as HostTensor;
}

/** Holds dims against those of the model. An output without any may be of unknown rank: what it has is seen after a run. */
function checkShape(role: Role, info: TensorInfo, dims: readonly number[]): void {
  if (info.hasShape === false || (role === 'output' && info.dims.length === 0)) return;
  if (dims.length !== info.dims.length) throw rankError(role, info, dims);
  const wrong = dims.flatMap((dim, index) => {
    const expected = info.dims[index]!;
    return typeof expected === 'string' || expected === -1 || expected === dim ? [] : [index];
  });
  if (wrong.length > 0) throw dimsError(role, info.name, { dims, expected: info.dims, wrong });
}

/** The error of dims that the model, or this run of it, does not have. */
export function dimsError(
  role: Role,
  name: string,
  { dims, expected, wrong }: { dims: readonly number[]; expected: TensorInfo['dims']; wrong: number[] },
): TensorRTError {
  const lines = wrong.map((index) => ` index: ${index} Got: ${dims[index]} Expected: ${expected[index]}`);
  return shapeError(
    role,
    `Got invalid dimensions for ${role}: ${name} for the following indices\n${lines.join('\n')}\n Please fix either the inputs/outputs or the model.`,
    { [role]: name, expected, received: dims },
  );
}

/** The error of a rank that the model, or this run of it, does not have. */
export function rankError(
  role: Role,
  { name, dims: expected }: Pick<TensorInfo, 'name' | 'dims'>,
  dims: readonly number[],
): TensorRTError {
  return shapeError(
    role,
    `Invalid rank for ${role}: ${name} Got: ${dims.length} Expected: ${expected.length} Please fix either the inputs/outputs or the model.`,
    { [role]: name, expected, received: dims },
  );
}

function shapeError(role: Role, message: string, details: Record<string, unknown>): TensorRTError {
  return upstreamError('Error', codeFor(role, 'ERR_TRT_RUN_INPUT_SHAPE'), message, { details });
}

function typeError(role: Role, info: TensorInfo, came: string): TensorRTError {
  const ort = (type: string) => `tensor(${ORT_NAMES[type] ?? type})`;
  return upstreamError(
    'Error',
    codeFor(role, 'ERR_TRT_RUN_INPUT_TYPE'),
    `Unexpected ${role} data type. Actual: (${ort(came)}) , expected: (${ort(info.type)}), for ${role} "${info.name}"`,
    { details: { [role]: info.name, expected: info.type, received: came } },
  );
}

function codeFor(role: Role, code: TensorRTErrorCode): TensorRTErrorCode {
  return role === 'input' ? code : 'ERR_TRT_ARG_VALUE';
}

function elsewhereError(role: Role, info: TensorInfo, location: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_RUN_UNSUPPORTED',
    `Tensor.location is not supported: ${role} "${info.name}" has its data at '${location}', and only tensors on the CPU can be used.`,
    {
      hint: 'Download the data with tensor.getData() and make a tensor on the CPU of it. Sessions of createSession() take and give tensors in the memory of a GPU.',
      details: { [role]: info.name, location },
    },
  );
}
