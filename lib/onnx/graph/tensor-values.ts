// SPDX-License-Identifier: Apache-2.0
import { TENSOR_SCHEMA, type TensorMessage } from './onnx-messages';
import { emptyMessage } from './wire-message';

const SUPPORTED = { FLOAT: 1, INT8: 3, INT64: 7, FLOAT16: 10, BFLOAT16: 16 } as const;

/** Values of a FLOAT tensor, copied. Its bytes must be in the message, not in an external file. */
export function readFloats(tensor: TensorMessage): Float32Array<ArrayBuffer> {
  if (tensor.rawData === undefined) return Float32Array.from(tensor.floatData);
  // Views need aligned memory, and bytes inside a file are aligned by chance only.
  return new Float32Array(new Uint8Array(tensor.rawData).buffer);
}

/** Values of an INT64 tensor. */
export function readWholeNumbers(tensor: TensorMessage): number[] {
  if (tensor.rawData === undefined) return tensor.int64Data.map(Number);
  return Array.from(new BigInt64Array(new Uint8Array(tensor.rawData).buffer), Number);
}

/** A tensor over the bytes of `data`, which are not copied. */
export function makeTensor(
  name: string,
  type: keyof typeof SUPPORTED,
  dims: readonly number[],
  data: ArrayBufferView,
): TensorMessage {
  const tensor = emptyMessage(TENSOR_SCHEMA) as TensorMessage;
  tensor.name = name;
  tensor.dims = [...dims];
  tensor.dataType = SUPPORTED[type];
  tensor.rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return tensor;
}

/** Number of elements. */
export function elementsOf(tensor: TensorMessage): number {
  return tensor.dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes of the tensor's values in the model, whichever list holds them; a little more for lists of numbers. */
export function contentBytes(tensor: TensorMessage): number {
  const texts = tensor.stringData.reduce((sum, text) => sum + text.length + 5, 0);
  const wide = tensor.doubleData.length + 1.25 * (tensor.int64Data.length + tensor.uint64Data.length);
  return (
    (tensor.rawData?.length ?? 0) +
    texts +
    4 * tensor.floatData.length +
    10 * tensor.int32Data.length +
    8 * wide
  );
}
