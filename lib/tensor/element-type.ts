// SPDX-License-Identifier: Apache-2.0

/**
 * Element types of tensors. The native `ElementType` in `native/core/tensor.h` has the same names in the same
 * order.
 *
 * `float4e2m1`, `int4` and `uint4` are packed, two elements a byte, low half first.
 */
export const ELEMENT_TYPES = [
  'float32',
  'float16',
  'bfloat16',
  'float64',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'string',
  'float8e4m3',
  'float8e5m2',
  'int4',
  'uint4',
  'float4e2m1',
  'unknown',
] as const;

/** Name of an element type. */
export type ElementType = (typeof ELEMENT_TYPES)[number];
