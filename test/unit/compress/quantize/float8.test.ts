// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { numberToFloat8 } from '../../../../lib/compress/quantize/float8';

/** All finite values from the definition, smallest first, with their codes. */
const table = Array.from({ length: 127 }, (_, code) => {
  const [exponent, mantissa] = [code >> 3, code & 7];
  return exponent === 0 ? (mantissa / 8) * 2 ** -6 : (1 + mantissa / 8) * 2 ** (exponent - 7);
});

it('finds the code of every value', () => {
  table.forEach((value, code) => {
    expect(numberToFloat8(value)).toBe(code);
    expect(numberToFloat8(-value)).toBe(0x80 | code);
  });
});

it('rounds to the nearest value, halfway to the even code', () => {
  for (let code = 0; code < 126; code++) {
    const middle = (table[code]! + table[code + 1]!) / 2;
    expect(numberToFloat8(middle)).toBe(code % 2 === 0 ? code : code + 1);
    expect(numberToFloat8(middle * (1 - 1e-12))).toBe(code);
    expect(numberToFloat8(middle * (1 + 1e-12))).toBe(code + 1);
    expect(numberToFloat8(-middle * (1 + 1e-12))).toBe(0x80 | (code + 1));
  }
});

it('saturates, and keeps what is no number', () => {
  expect([449, 1e30, Infinity].map(numberToFloat8)).toEqual([0x7e, 0x7e, 0x7e]);
  expect(numberToFloat8(-Infinity)).toBe(0xfe);
  expect(numberToFloat8(NaN)).toBe(0x7f);
  expect([0, 1e-300, 2 ** -10].map(numberToFloat8)).toEqual([0, 0, 0]);
});
