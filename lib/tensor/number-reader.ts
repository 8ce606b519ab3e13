// SPDX-License-Identifier: Apache-2.0
import type { ElementType } from './element-type';
import { bfloat16ToNumber, float16ToNumber } from './half';

/** Reads the elements of a tensor as numbers; undefined for packed types, strings and 8-bit floats. */
export function numberReader({
  type,
  data,
}: {
  readonly type: ElementType;
  readonly data: ArrayBufferView;
}): ((index: number) => number) | undefined {
  const values = data as unknown as { [index: number]: number | bigint; BYTES_PER_ELEMENT: number };
  const isBits = data instanceof Uint16Array;
  switch (type) {
    case 'float16':
      return isBits ? (index) => float16ToNumber(data[index]!) : (index) => Number(values[index]);
    case 'bfloat16':
      return isBits ? (index) => bfloat16ToNumber(data[index]!) : undefined;
    case 'string':
    case 'unknown':
    case 'float8e4m3':
    case 'float8e5m2':
    case 'int4':
    case 'uint4':
    case 'float4e2m1':
      return undefined;
    default:
      return (index) => Number(values[index]);
  }
}
