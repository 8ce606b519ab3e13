// SPDX-License-Identifier: Apache-2.0
import type { TensorData, TensorLike, TensorInfo, ElementType } from '../../index';
import { elementArray } from '../../tensor/element-arrays';
import { numberToBfloat16, numberToFloat16 } from '../../tensor/half';
import { dataError } from './data-error';

const FLOATS: ReadonlySet<ElementType> = new Set(['float32', 'float64', 'float16', 'bfloat16']);

/**
 * The tensor in the type of the model's input: floats to floats and integers to integers, where no value is out of range.
 * Integers are not made floats: whether pixels have to be scaled is not known here. Nothing is copied where the types are
 * equal.
 *
 * @param where - What messages call the data.
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA`
 */
export function convertElements(tensor: TensorLike, input: TensorInfo, where: string): TensorLike {
  const { type: from = input.type, data } = tensor;
  const to = input.type;
  if (from === to || to === 'unknown') return tensor;
  const isFloat = FLOATS.has(to);
  if (isFloat !== FLOATS.has(from) || from === 'float16' || from === 'bfloat16')
    throw wrongType(from, input, where);
  return { ...tensor, type: to, data: encodeNumbers(data, to, `${where}: '${input.name}'`) };
}

/**
 * Numbers as the elements of a type.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` for a type without numbers, or a number that it does not have
 */
export function encodeNumbers(
  values: ArrayLike<number | bigint>,
  type: ElementType,
  where: string,
): TensorData {
  const array = elementArray(type);
  if (array === undefined || array.bits < 8 || type.startsWith('float8'))
    throw dataError(`${where}: numbers cannot be made elements of type ${type}.`, { type });
  const isHalf = type === 'float16' || type === 'bfloat16';
  const encode = type === 'float16' ? numberToFloat16 : numberToBfloat16;
  const isBig = array.bits === 64 && type !== 'float64';
  const data: { [index: number]: unknown; length: number } = isHalf
    ? new Uint16Array(values.length)
    : new array.ArrayClass(values.length);
  const isExact = !FLOATS.has(type);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (isBig && !Number.isSafeInteger(Number(value))) throw noSuchNumber(value, type, where);
    data[i] = isHalf ? encode(Number(value)) : isBig ? BigInt(value) : Number(value);
    if (isExact && Number(data[i]) !== Number(value)) throw noSuchNumber(value, type, where);
  }
  return data as unknown as TensorData;
}

function noSuchNumber(value: number | bigint, type: ElementType, where: string): Error {
  return dataError(`${where}: ${value} is no ${type}.`, { type, value: Number(value) });
}

function wrongType(from: ElementType, input: TensorInfo, where: string): Error {
  return dataError(
    `${where} is ${from}; the model wants ${input.type} for '${input.name}'.`,
    { input: input.name, expected: input.type, received: from },
    { hint: `Save it as the model wants it, for example array.astype('${input.type}').` },
  );
}
