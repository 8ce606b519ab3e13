// SPDX-License-Identifier: Apache-2.0
import type { ElementType } from '../tensor/element-type';

/**
 * ONNX's element types (`TensorProto.DataType`) at the position of their number: ONNX's name, our name, bits of one
 * element.
 */
const DATA_TYPES: readonly (readonly [name: string, type: ElementType, bits: number])[] = [
  ['UNDEFINED', 'unknown', 0],
  ['FLOAT', 'float32', 32],
  ['UINT8', 'uint8', 8],
  ['INT8', 'int8', 8],
  ['UINT16', 'uint16', 16],
  ['INT16', 'int16', 16],
  ['INT32', 'int32', 32],
  ['INT64', 'int64', 64],
  ['STRING', 'string', 0],
  ['BOOL', 'bool', 8],
  ['FLOAT16', 'float16', 16],
  ['DOUBLE', 'float64', 64],
  ['UINT32', 'uint32', 32],
  ['UINT64', 'uint64', 64],
  ['COMPLEX64', 'unknown', 64],
  ['COMPLEX128', 'unknown', 128],
  ['BFLOAT16', 'bfloat16', 16],
  ['FLOAT8E4M3FN', 'float8e4m3', 8],
  ['FLOAT8E4M3FNUZ', 'unknown', 8],
  ['FLOAT8E5M2', 'float8e5m2', 8],
  ['FLOAT8E5M2FNUZ', 'unknown', 8],
  ['UINT4', 'uint4', 4],
  ['INT4', 'int4', 4],
  ['FLOAT4E2M1', 'float4e2m1', 4],
  ['FLOAT8E8M0', 'unknown', 8],
  ['UINT2', 'unknown', 2],
  ['INT2', 'unknown', 2],
];

/** Numbers of the types that the code asks for by name. */
export const DATA_TYPE = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  BFLOAT16: 16,
} as const;

/** ONNX's name of a data type number, e.g. `FLOAT16`; `TYPE_99` for one that is not defined. */
export function dataTypeName(dataType: number): string {
  return DATA_TYPES[dataType]?.[0] ?? `TYPE_${dataType}`;
}

/** Our element type of a data type number; `'unknown'` for types that neither TensorRT nor we have. */
export function elementTypeOf(dataType: number): ElementType {
  return DATA_TYPES[dataType]?.[1] ?? 'unknown';
}

/** Bytes of a tensor: packed types share bytes. `undefined` if the type has no fixed size. */
export function tensorBytes(dataType: number, elements: number): number | undefined {
  const bits = DATA_TYPES[dataType]?.[2] ?? 0;
  return bits === 0 ? undefined : Math.ceil((elements * bits) / 8);
}
