// SPDX-License-Identifier: Apache-2.0
// Which typed array holds which element type, and how many bytes it takes. Sizes come from here and from dims, never
// from an array's class: the same class serves several types.

import type { ElementType } from './element-type';

/** Typed arrays that hold elements of tensors; on Node 24 and newer also `Float16Array`. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Elements of a string tensor, in C order. */
export type StringData = readonly string[];

/** Constructor of a typed array, as far as tensors need it. */
export interface TensorDataConstructor {
  readonly name: string;
  new (length: number): TensorData;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TensorData;
}

/** How elements of one type lie in memory. */
export interface ElementArray {
  /** Bits of one element. */
  readonly bits: number;
  /** Class of arrays that are handed out. */
  readonly ArrayClass: TensorDataConstructor;
  /** Names of classes that are taken, the usual one first. */
  readonly accepts: readonly string[];
}

const Float16ArrayClass = (globalThis as { Float16Array?: TensorDataConstructor }).Float16Array;

const entry = (bits: number, ArrayClass: TensorDataConstructor, ...also: string[]): ElementArray => ({
  bits,
  ArrayClass,
  accepts: [ArrayClass.name, ...also],
});

/** Without `string` and `unknown`, which have no fixed size. Packed types are counted in bytes, rounded up. */
const ELEMENT_ARRAYS: Partial<Record<ElementType, ElementArray>> = {
  float32: entry(32, Float32Array),
  float16: Float16ArrayClass ? entry(16, Float16ArrayClass, 'Uint16Array') : entry(16, Uint16Array),
  bfloat16: entry(16, Uint16Array),
  float64: entry(64, Float64Array),
  int8: entry(8, Int8Array),
  uint8: entry(8, Uint8Array),
  int16: entry(16, Int16Array),
  uint16: entry(16, Uint16Array),
  int32: entry(32, Int32Array),
  uint32: entry(32, Uint32Array),
  int64: entry(64, BigInt64Array),
  uint64: entry(64, BigUint64Array),
  bool: entry(8, Uint8Array),
  float8e4m3: entry(8, Uint8Array),
  float8e5m2: entry(8, Uint8Array),
  int4: entry(4, Uint8Array),
  uint4: entry(4, Uint8Array),
  float4e2m1: entry(4, Uint8Array),
};

/** What stands for the arrays of string tensors: one string for each element, however long. */
export const STRING_ARRAY: ElementArray = { bits: 8, ArrayClass: Uint8Array, accepts: ['string[]'] };

/** The arrays of an element type; undefined for types without a fixed size. */
export function elementArray(type: ElementType): ElementArray | undefined {
  return ELEMENT_ARRAYS[type];
}

/** Length of the typed array that holds `elements` elements: as many, or the bytes of a packed type. */
export function arrayLength(array: ElementArray, elements: number): number {
  return array.bits < 8 ? Math.ceil((elements * array.bits) / 8) : elements;
}

/** Number of elements of dense dims; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) count *= dim;
  return count;
}
