// SPDX-License-Identifier: Apache-2.0
import type { ElementType } from '../tensor/element-type';
import { numberReader } from '../tensor/number-reader';
import { asNumbers } from '../tensor/similarity';
import { TensorRTError } from '../errors';
import type { TensorData } from '../tensor/element-arrays';

/**
 * The elements of a tensor as numbers: half-wide ones decoded, 64-bit ones rounded. Arrays of numbers are not copied.
 *
 * @param name - What messages call it.
 * @throws {TensorRTError} `ERR_TRT_EVAL_OUTPUT` for packed types and strings
 */
export function numbersOf(
  tensor: { readonly type?: ElementType; readonly data: TensorData },
  name: string,
): ArrayLike<number> {
  const { type, data } = tensor;
  const isCoded = type !== undefined && (data instanceof Uint16Array || data instanceof Uint8Array);
  if (!isCoded || type === 'uint16' || type === 'uint8' || type === 'bool') return asNumbers(data);
  const read = numberReader({ type, data });
  if (read === undefined)
    throw new TensorRTError(
      'ERR_TRT_EVAL_OUTPUT',
      `'${name}' has elements of type ${type}, which cannot be compared as numbers.`,
      { details: { output: name, type } },
    );
  const numbers = new Float32Array(data.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = read(i);
  return numbers;
}
