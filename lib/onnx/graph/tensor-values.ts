// SPDX-License-Identifier: Apache-2.0
// The one way to read a tensor: its content may lie in the message, in one of five lists of it, or in a file.

import { TensorRTError } from '../../errors';
import { bfloat16ToNumber, float16ToNumber } from '../../tensor/half';
import { DATA_TYPE, dataTypeName, tensorBytes as bytesOfType } from '../data-type';
import { NARROW_VALUES, unpackNibbles } from './narrow-values';
import { TENSOR_SCHEMA, type TensorMessage } from './onnx-messages';
import { emptyMessage } from './wire-message';

/** Arrays of elements as they lie in a tensor. */
export type ElementArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

/** Arrays of elements as numbers to compute with. */
export type NumberArray = Exclude<ElementArray, BigInt64Array | BigUint64Array>;

interface Layout {
  readonly ArrayClass: new (buffer: ArrayBuffer) => ElementArray;
  /** The list of the message that holds values of the type, where they are not raw. */
  readonly list: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  FLOAT: { ArrayClass: Float32Array, list: 'floatData' },
  UINT8: { ArrayClass: Uint8Array, list: 'int32Data' },
  INT8: { ArrayClass: Int8Array, list: 'int32Data' },
  UINT16: { ArrayClass: Uint16Array, list: 'int32Data' },
  INT16: { ArrayClass: Int16Array, list: 'int32Data' },
  INT32: { ArrayClass: Int32Array, list: 'int32Data' },
  INT64: { ArrayClass: BigInt64Array, list: 'int64Data' },
  BOOL: { ArrayClass: Uint8Array, list: 'int32Data' },
  FLOAT16: { ArrayClass: Uint16Array, list: 'int32Data' },
  DOUBLE: { ArrayClass: Float64Array, list: 'doubleData' },
  UINT32: { ArrayClass: Uint32Array, list: 'uint64Data' },
  UINT64: { ArrayClass: BigUint64Array, list: 'uint64Data' },
  BFLOAT16: { ArrayClass: Uint16Array, list: 'int32Data' },
  FLOAT8E4M3FN: { ArrayClass: Uint8Array, list: 'int32Data' },
  FLOAT8E5M2: { ArrayClass: Uint8Array, list: 'int32Data' },
  UINT4: { ArrayClass: Uint8Array, list: 'int32Data' },
  INT4: { ArrayClass: Uint8Array, list: 'int32Data' },
  FLOAT4E2M1: { ArrayClass: Uint8Array, list: 'int32Data' },
};

/**
 * The little-endian bytes of a tensor, as its raw data has them. A view of the message where they lie in it, so not to
 * be changed; content of a file is read, which blocks, and is not kept.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_UNSUPPORTED_TYPE for strings and complex numbers in lists;
 * ERR_TRT_ONNX_EXTERNAL_DATA_MISSING if a file of weights is gone or was changed
 */
export function tensorBytes(tensor: TensorMessage): Uint8Array {
  const { rawData } = tensor;
  if (rawData instanceof Uint8Array) return rawData;
  if (rawData !== undefined) return rawData.read();
  const { buffer, byteLength } = fromList(tensor, layoutOf(tensor));
  return new Uint8Array(buffer, 0, byteLength);
}

/**
 * A tensor's elements as they are stored, copied: BOOL in a Uint8Array, half floats as bits in a Uint16Array, 8-bit
 * floats as bits and types of 4 bits as packed bytes in a Uint8Array, 64-bit integers exact as bigints.
 *
 * @throws {TensorRTError} as {@link tensorBytes}
 */
export function readElements(tensor: TensorMessage): ElementArray {
  const layout = layoutOf(tensor);
  const { rawData } = tensor;
  if (rawData === undefined) return fromList(tensor, layout);
  // Views need aligned memory, and bytes inside a file are aligned by chance only.
  const own = rawData instanceof Uint8Array ? new Uint8Array(rawData) : rawData.read();
  const isWhole = own.byteOffset === 0 && own.byteLength === own.buffer.byteLength;
  return new layout.ArrayClass((isWhole ? own : own.slice()).buffer as ArrayBuffer);
}

/**
 * A tensor's elements as numbers, one each, copied: half and 8-bit floats in a Float32Array, 64-bit integers in a
 * Float64Array (rounded beyond 2^53), types of 4 bits in an Int8Array, Uint8Array or Float32Array.
 *
 * @throws {TensorRTError} as {@link tensorBytes}
 */
export function readNumbers(tensor: TensorMessage): NumberArray {
  const stored = readElements(tensor);
  if (stored instanceof BigInt64Array || stored instanceof BigUint64Array) {
    const numbers = new Float64Array(stored.length);
    for (let i = 0; i < stored.length; i++) numbers[i] = Number(stored[i]);
    return numbers;
  }
  switch (dataTypeName(tensor.dataType)) {
    case 'FLOAT16':
      return widen(stored, float16ToNumber);
    case 'BFLOAT16':
      return widen(stored, bfloat16ToNumber);
    case 'FLOAT8E4M3FN':
      return widen(stored, (bits) => NARROW_VALUES.float8e4m3[bits]!);
    case 'FLOAT8E5M2':
      return widen(stored, (bits) => NARROW_VALUES.float8e5m2[bits]!);
    case 'INT4':
    case 'UINT4':
    case 'FLOAT4E2M1':
      return unpackNibbles(stored as Uint8Array, elementsOf(tensor), dataTypeName(tensor.dataType));
    default:
      return stored;
  }
}

/** Values of a tensor of any type of numbers as a Float32Array, copied; those of FLOAT are not converted. */
export function readFloats(tensor: TensorMessage): Float32Array<ArrayBuffer> {
  const numbers = readNumbers(tensor);
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
}

/** Values of a tensor of integers, e.g. axes or a shape; rounded beyond 2^53. */
export function readWholeNumbers(tensor: TensorMessage): number[] {
  return Array.from(readNumbers(tensor));
}

/** Types that tensors are made of here. */
const MADE_TYPES = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  UINT4: 21,
  INT4: 22,
} as const;

/** A tensor over the bytes of `data`, which are not copied. */
export function makeTensor(
  name: string,
  type: keyof typeof MADE_TYPES | number,
  dims: readonly number[],
  data: ArrayBufferView,
): TensorMessage {
  const tensor = emptyMessage(TENSOR_SCHEMA) as TensorMessage;
  tensor.name = name;
  tensor.dims = [...dims];
  tensor.dataType = typeof type === 'number' ? type : MADE_TYPES[type];
  tensor.rawData = bytesOf(data);
  return tensor;
}

/**
 * A tensor of another type over the converted values of `source`. They are converted now or, where `source` lies in a
 * file, each time that somebody reads them: a large model is then changed without having its weights in memory.
 */
export function convertTensor(
  source: TensorMessage,
  { name, type }: { readonly name: string; readonly type: keyof typeof MADE_TYPES },
  convert: (values: Float32Array<ArrayBuffer>) => ArrayBufferView,
): TensorMessage {
  const { rawData, dims } = source;
  if (rawData === undefined || rawData instanceof Uint8Array)
    return makeTensor(name, type, dims, convert(readFloats(source)));
  const original = { ...source };
  const tensor = makeTensor(name, type, dims, new Uint8Array());
  tensor.rawData = {
    length: bytesOfType(tensor.dataType, elementsOf(tensor))!,
    read: () => bytesOf(convert(readFloats(original))),
  };
  return tensor;
}

/** Number of elements. */
export function elementsOf(tensor: TensorMessage): number {
  return tensor.dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes of the tensor's values: those of its type and dims, for strings those of the texts. */
export function contentBytes(tensor: TensorMessage): number {
  if (tensor.dataType === DATA_TYPE.STRING)
    return tensor.stringData.reduce((sum, { length }) => sum + length, 0);
  return bytesOfType(tensor.dataType, elementsOf(tensor)) ?? tensor.rawData?.length ?? 0;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** True for tensors of a type that can be read as numbers: not for texts and complex numbers. */
export function isReadable({ dataType }: TensorMessage): boolean {
  return Object.hasOwn(LAYOUTS, dataTypeName(dataType));
}

function layoutOf({ name = '', dataType }: TensorMessage): Layout {
  const type = dataTypeName(dataType);
  const layout = Object.hasOwn(LAYOUTS, type) ? LAYOUTS[type] : undefined;
  if (layout !== undefined) return layout;
  throw new TensorRTError(
    'ERR_TRT_ONNX_UNSUPPORTED_TYPE',
    `The values of tensor "${name}" were to be read as numbers; it is of type ${type}.`,
    { details: { tensor: name, type } },
  );
}

function fromList(tensor: TensorMessage, { ArrayClass, list }: Layout): ElementArray {
  const values = tensor[list];
  const array = new (ArrayClass as unknown as new (length: number) => ElementArray)(values.length);
  const isWide = array instanceof BigInt64Array || array instanceof BigUint64Array;
  const target = array as unknown as (number | bigint)[];
  for (let i = 0; i < values.length; i++) target[i] = isWide ? values[i]! : Number(values[i]);
  return array;
}

function widen(bits: ArrayLike<number>, valueOf: (bits: number) => number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = valueOf(bits[i]!);
  return values;
}
