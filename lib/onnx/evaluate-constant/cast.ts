// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import { numberToBfloat16, numberToFloat16 } from '../../tensor/half';
import { intAttribute } from '../graph/graph-walk';
import { allocate, hasUnknown, NotEvaluable, numbersOf } from './constant-value';
import type { Evaluator } from './evaluation';

/** First value below and first value above each whole type. */
const LIMITS: Readonly<Record<number, readonly [number, number]>> = {
  [DATA_TYPE.UINT8]: [-1, 2 ** 8],
  [DATA_TYPE.INT8]: [-(2 ** 7) - 1, 2 ** 7],
  [DATA_TYPE.UINT16]: [-1, 2 ** 16],
  [DATA_TYPE.INT16]: [-(2 ** 15) - 1, 2 ** 15],
  [DATA_TYPE.INT32]: [-(2 ** 31) - 1, 2 ** 31],
  [DATA_TYPE.UINT32]: [-1, 2 ** 32],
  [DATA_TYPE.INT64]: [-(2 ** 53), 2 ** 53],
};

/**
 * Cast between numbers: whole ones truncate, half-wide ones round to even. A number outside of the new type's range is
 * refused, as runtimes differ in what becomes of it.
 */
export const cast: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const to = intAttribute(evaluation.node, 'to', 0);
  if (to === value.type) return [value];
  if (hasUnknown(value)) throw new NotEvaluable();
  const numbers = numbersOf(value);
  const data = allocate(to, numbers.length);
  const limits = LIMITS[to];
  for (let i = 0; i < data.length; i++) {
    const number = numbers[i]!;
    if (limits === undefined) data[i] = convert(number, to);
    else if (number > limits[0] && number < limits[1]) data[i] = Math.trunc(number);
    else throw new NotEvaluable();
  }
  return [{ type: to, dims: value.dims, data }];
};

function convert(number: number, to: number): number {
  if (to === DATA_TYPE.BOOL) return number === 0 ? 0 : 1;
  if (to === DATA_TYPE.FLOAT16) return numberToFloat16(Math.fround(number));
  return to === DATA_TYPE.BFLOAT16 ? numberToBfloat16(Math.fround(number)) : number;
}
