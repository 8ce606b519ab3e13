// SPDX-License-Identifier: Apache-2.0
// Tensors as values to compute with. INT64 is kept in doubles: whole numbers that a double does not hold exactly are
// refused where they are computed with, and NaN stands for an element that is not known (a dynamic dimension).

import { bfloat16ToNumber, float16ToNumber } from '../../tensor/half';
import { DATA_TYPE } from '../data-type';
import type { TensorMessage } from '../graph/onnx-messages';
import { elementsOf, makeTensor, readElements } from '../graph/tensor-values';

/** Elements of a value. FLOAT16 and BFLOAT16 are their bits, BOOL is 0 and 1, INT64 whole numbers or NaN. */
export type ConstantData =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>;

/** A tensor that is known before the model runs. */
export interface ConstantValue {
  /** Number of its ONNX type. */
  readonly type: number;
  readonly dims: readonly number[];
  readonly data: ConstantData;
}

const ARRAYS: Readonly<Record<number, new (content: ArrayBuffer | number) => ConstantData>> = {
  [DATA_TYPE.FLOAT]: Float32Array,
  [DATA_TYPE.UINT8]: Uint8Array,
  [DATA_TYPE.INT8]: Int8Array,
  [DATA_TYPE.UINT16]: Uint16Array,
  [DATA_TYPE.INT16]: Int16Array,
  [DATA_TYPE.INT32]: Int32Array,
  [DATA_TYPE.INT64]: Float64Array,
  [DATA_TYPE.BOOL]: Uint8Array,
  [DATA_TYPE.FLOAT16]: Uint16Array,
  [DATA_TYPE.DOUBLE]: Float64Array,
  [DATA_TYPE.UINT32]: Uint32Array,
  [DATA_TYPE.BFLOAT16]: Uint16Array,
};

/** Says that something cannot be computed here; the node then stays in the graph. */
export class NotEvaluable extends Error {}

/** True for the element types that constants are computed in. */
export function isEvaluableType(type: number): boolean {
  return ARRAYS[type] !== undefined;
}

/** Elements of the largest arrays. */
const MOST_COUNT = 2 ** 32;

/** Room for `count` elements of a type. */
export function allocate(type: number, count: number): ConstantData {
  const Data = ARRAYS[type];
  if (Data === undefined || !(count >= 0 && count <= MOST_COUNT)) throw new NotEvaluable();
  return new Data(count);
}

/** Number of elements. */
export function countOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes of one element in a file. */
export function bytesOfElement(type: number): number {
  return allocate(type, 0).BYTES_PER_ELEMENT;
}

/**
 * The values of a tensor.
 *
 * @returns undefined for types that are not computed with: texts, complex numbers, UINT64, packed and 8-bit floats
 */
export function decodeTensor(tensor: TensorMessage): ConstantValue | undefined {
  const { dataType: type, dims } = tensor;
  if (!isEvaluableType(type)) return undefined;
  const elements = readElements(tensor);
  const data = elements instanceof BigInt64Array ? Float64Array.from(elements, Number) : elements;
  // A message whose list is shorter than its dims say is left to those that refuse it.
  return data.length === elementsOf(tensor) ? { type, dims, data: data as ConstantData } : undefined;
}

/** A tensor of a value, over the same memory where it is stored as it is computed with. */
export function encodeTensor(name: string, { type, dims, data }: ConstantValue): TensorMessage {
  const stored = type === DATA_TYPE.INT64 ? BigInt64Array.from(data as Float64Array, BigInt) : data;
  return makeTensor(name, type, dims, stored);
}

/** An INT64 value of whole numbers. */
export function wholeNumbers(values: readonly number[], dims: readonly number[]): ConstantValue {
  return { type: DATA_TYPE.INT64, dims, data: Float64Array.from(values) };
}

/** Elements as numbers to compute with: half-wide ones decoded. */
export function numbersOf({ type, data }: ConstantValue): ArrayLike<number> {
  if (type !== DATA_TYPE.FLOAT16 && type !== DATA_TYPE.BFLOAT16) return data;
  const decode = type === DATA_TYPE.FLOAT16 ? float16ToNumber : bfloat16ToNumber;
  const numbers = new Float32Array(data.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = decode(data[i]!);
  return numbers;
}

/** True if an element is not known. */
export function hasUnknown({ type, data }: ConstantValue): boolean {
  if (type !== DATA_TYPE.INT64) return false;
  for (let i = 0; i < data.length; i++) if (Number.isNaN(data[i]!)) return true;
  return false;
}

/** True if each whole number, if known, is one that a double holds exactly. */
export function isExact({ type, data }: ConstantValue): boolean {
  if (type !== DATA_TYPE.INT64) return true;
  for (let i = 0; i < data.length; i++) if (Math.abs(data[i]!) > Number.MAX_SAFE_INTEGER) return false;
  return true;
}
