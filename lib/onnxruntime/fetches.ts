// SPDX-License-Identifier: Apache-2.0
import type { OnnxValue, SessionHandler } from 'onnxruntime-common';

import type { Tensor as SessionTensor } from '../runtime/tensor';
import type { TensorInfo } from '../tensor/tensor-info';
import { checkTensor, dimsError, rankError, type HostTensor } from './tensor-checks';
import { upstreamError } from './upstream-error';

/** Outputs that a run shall give: null where it makes the tensor, else the tensor of the caller that takes it. */
export type Fetches = ReadonlyMap<string, HostTensor | null>;

/**
 * Checks what a run shall give, before it.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_OUTPUT_NAME`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_TYPE`, `ERR_TRT_RUN_UNSUPPORTED`
 */
export function readFetches(outputs: readonly TensorInfo[], fetches: SessionHandler.FetchesType): Fetches {
  const unknown = Object.keys(fetches).find((name) => !outputs.some((output) => output.name === name));
  if (unknown !== undefined) throw unknownOutput(unknown, outputs);
  // In the order of the model, as onnxruntime-node has it: callers look at the first value of what a run returns.
  const wanted = outputs.filter(({ name }) => Object.hasOwn(fetches, name));
  return new Map(
    wanted.map((info) => {
      const value = fetches[info.name] as OnnxValue | null;
      return [info.name, value === null ? null : checkTensor('output', info, value)];
    }),
  );
}

/**
 * What the caller gets: new tensors, and the very tensors that it gave, with the results written into their data.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` where a result has not the dims of the given tensor; it is left as it was.
 */
export function deliverOutputs(
  fetches: Fetches,
  outputs: Readonly<Record<string, SessionTensor>>,
): SessionHandler.ReturnType {
  // All are checked before the first is written.
  for (const [name, target] of fetches) if (target) checkDims(name, target.dims, outputs[name]!.dims);
  const delivered: Record<string, OnnxValue> = {};
  for (const [name, target] of fetches) {
    const { type, dims } = outputs[name]!;
    const data: unknown = outputs[name]!.data;
    if (target) {
      writeData(target.data, data as HostTensor['data']);
      delivered[name] = target as OnnxValue;
    } else {
      // onnxruntime-common makes a tensor of its own of it.
      delivered[name] = { type, data, dims: [...dims] } as unknown as OnnxValue;
    }
  }
  return delivered;
}

function checkDims(name: string, given: readonly number[], dims: readonly number[]): void {
  if (given.length !== dims.length) throw rankError('output', { name, dims }, given);
  const wrong = given.flatMap((dim, index) => (dim === dims[index] ? [] : [index]));
  if (wrong.length > 0) throw dimsError('output', name, { dims: given, expected: dims, wrong });
}

/** Copies bytes, not elements: float16 is held by arrays of two classes. */
function writeData(target: HostTensor['data'], made: HostTensor['data']): void {
  if (Array.isArray(target) && Array.isArray(made)) {
    made.forEach((text, index) => (target[index] = text));
    return;
  }
  bytesOf(target as ArrayBufferView).set(bytesOf(made as ArrayBufferView));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function unknownOutput(name: string, outputs: readonly TensorInfo[]): Error {
  const expected = outputs.map((output) => output.name);
  return upstreamError(
    'RangeError',
    'ERR_TRT_RUN_OUTPUT_NAME',
    `'fetches' contains invalid output name: ${name}. The outputs are ${expected.join(', ')}.`,
    { details: { output: name, expected } },
  );
}
