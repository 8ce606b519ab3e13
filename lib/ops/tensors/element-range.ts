// SPDX-License-Identifier: Apache-2.0
// What the operators on tensors ask of element types, axes and numbers.

import { typeError, valueError } from '../../option-checks';
import type { ElementType } from '../../tensor/element-type';
import { formatSpec, requireType, tensorError, type ArgumentName, type TensorSpec } from '../tensor-spec';

/** Types whose elements take whole bytes: all but strings and the packed types of 4 bits. */
export const BYTE_TYPES: readonly ElementType[] = [
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
  'float8e4m3',
  'float8e5m2',
];

/** Types of real numbers that models compute with. */
export const FLOAT_TYPES: readonly ElementType[] = ['float32', 'float16', 'bfloat16'];

const INTEGER_RANGES: Partial<Record<ElementType, readonly [least: number, most: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  // Numbers are exact up to here.
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  bool: [0, 1],
};

/** @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` for strings and packed types. */
export function requireBytes(spec: TensorSpec, name: ArgumentName): void {
  requireType(spec, BYTE_TYPES, name);
}

/** Refuses a number that an element of a type cannot be: for integers one with a fraction or out of range. */
export function checkElement(name: string, value: unknown, type: ElementType): void {
  const range = INTEGER_RANGES[type];
  const expected = range ? `a whole number from ${range[0]} to ${range[1]} (${type})` : 'a number';
  if (typeof value !== 'number') throw typeError(name, value, expected);
  if (range && !(Number.isInteger(value) && value >= range[0] && value <= range[1]))
    throw valueError(name, Number.isFinite(value) ? value : String(value), expected);
}

/** Refuses a factor that is 0, NaN, infinite, or one of these as float32, in which operators compute. */
export function checkScale(name: string, value: unknown): void {
  const expected = 'a finite number that is not 0 as float32 either';
  if (typeof value !== 'number') throw typeError(name, value, expected);
  const rounded = Math.fround(value);
  if (rounded === 0 || !Number.isFinite(rounded)) throw valueError(name, String(value), expected);
}

/**
 * An axis counted from the front; negative ones count from the end.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`; `ERR_TRT_ARG_VALUE` for one that the tensor does not have.
 */
export function readAxis(axis: unknown, spec: TensorSpec, { operator, argument }: ArgumentName): number {
  const rank = spec.dims.length;
  if (rank === 0) throw tensorError({ operator, argument }, 'at least 1 dimension', formatSpec(spec));
  const expected = `an axis of ${formatSpec(spec)}: a whole number from ${-rank} to ${rank - 1}`;
  if (typeof axis !== 'number') throw typeError('axis', axis, expected);
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw valueError('axis', Number.isFinite(axis) ? axis : String(axis), expected);
  return axis < 0 ? axis + rank : axis;
}

/** A copy of a list of whole numbers, none of them negative. */
export function readCounts(name: string, value: unknown, length?: number): readonly number[] {
  const expected = `${length ?? ''} whole numbers of at least 0`.trimStart();
  if (!Array.isArray(value)) throw typeError(name, value, `a list of ${expected}`);
  const list: readonly unknown[] = value;
  const isRight = list.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
  if (!isRight || (length !== undefined && list.length !== length)) throw valueError(name, list, expected);
  return [...(list as number[])];
}

/** Most axes of a tensor that is transposed or padded: what kernels have room for. */
export const MAX_RANK = 8;
