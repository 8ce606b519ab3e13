// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  bfloat16ToNumber,
  float16ToNumber,
  numberToBfloat16,
  numberToFloat16,
} from '../../../lib/tensor/half';

const everyBits = Array.from({ length: 0x10000 }, (_, bits) => bits);

describe('half floats', () => {
  it.each([
    [0x0000, 0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x7bff, 65_504],
    [0xfc00, -Infinity],
  ])('%i is %d', (bits, value) => expect(float16ToNumber(bits)).toBe(value));

  it('reads NaN and bfloat16', () => {
    expect(float16ToNumber(0x7e00)).toBeNaN();
    expect([0x3f80, 0xc040, 0x7f80].map(bfloat16ToNumber)).toEqual([1, -3, Infinity]);
  });
});

describe('float16', () => {
  it('has every value back from its bits', () => {
    const wrong = everyBits.filter((bits) => {
      const value = float16ToNumber(bits);
      return !Number.isNaN(value) && numberToFloat16(value) !== bits;
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65_504, 0x7bff],
    [65_519, 0x7bff],
    [65_520, 0x7c00],
    [-Infinity, 0xfc00],
    [-0, 0x8000],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -25 * 1.01, 1],
    [1 + 1 / 2048, 0x3c00],
    [1 + 3 / 2048, 0x3c02],
    [2047.5 / 1024, 0x4000],
    [NaN, 0x7e00],
  ])('rounds %d to the nearest, even ones first', (value, bits) => expect(numberToFloat16(value)).toBe(bits));
});

describe('bfloat16', () => {
  it('has every value back from its bits', () => {
    const wrong = everyBits.filter((bits) => {
      const value = bfloat16ToNumber(bits);
      return !Number.isNaN(value) && numberToBfloat16(value) !== bits;
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    [1, 0x3f80],
    [1 + 1 / 256, 0x3f80],
    [1 + 3 / 256, 0x3f82],
    [-Infinity, 0xff80],
    [NaN, 0x7fc0],
  ])('rounds %d to the nearest, even ones first', (value, bits) =>
    expect(numberToBfloat16(value)).toBe(bits),
  );
});
