// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { LARGEST, SMALLEST_NORMAL, toHalf } from '../../../../lib/onnx/graph/half-floats';
import { roundToEven } from '../../../../lib/tensor/half';

/** The value of a FLOAT16 bit pattern, by the definition of the format. */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

const fp16 = (value: number) => toHalf(Float32Array.of(value), 'fp16')[0]!;
const bf16 = (value: number) => toHalf(Float32Array.of(value), 'bf16')[0]!;

describe('FLOAT16', () => {
  it('gives back each of its values, signs and subnormals included', () => {
    const all = Array.from({ length: 0x10000 }, (_, bits) => bits);
    const changed = all.filter((bits) => {
      const value = fromFloat16(bits);
      return Number.isNaN(value) ? !Number.isNaN(fromFloat16(fp16(value))) : fp16(value) !== bits;
    });
    expect(changed).toEqual([]);
  });

  it('rounds to the nearest value, ties to the even one', () => {
    for (let bits = 0; bits < 0x7bff; bits += 97) {
      const [low, high] = [fromFloat16(bits), fromFloat16(bits + 1)];
      const middle = (low + high) / 2;
      expect(fp16(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(fp16(middle + (high - low) / 64)).toBe(bits + 1);
      expect(fp16(middle - (high - low) / 64)).toBe(bits);
    }
  });

  it('ends where it says', () => {
    expect(fp16(LARGEST.fp16)).toBe(0x7bff);
    expect(fp16(65519.996)).toBe(0x7bff);
    expect(fp16(65520)).toBe(0x7c00);
    expect(fp16(-1e30)).toBe(0xfc00);
    expect(fp16(SMALLEST_NORMAL.fp16)).toBe(0x0400);
    expect(fp16(2 ** -26)).toBe(0);
  });
});

describe('BFLOAT16', () => {
  it('is the upper half of a FLOAT, rounded', () => {
    expect(bf16(1)).toBe(0x3f80);
    expect(bf16(1 + 2 ** -8)).toBe(0x3f80);
    expect(bf16(1 + 3 * 2 ** -8)).toBe(0x3f82);
    expect(bf16(-2)).toBe(0xc000);
    expect(bf16(LARGEST.bf16)).toBe(0x7f7f);
    expect(bf16(3.4028234663852886e38)).toBe(0x7f80);
    expect(bf16(NaN) & 0x7f).not.toBe(0);
  });
});

it('rounds halves to even numbers', () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6].map(roundToEven).map((value) => value + 0)).toEqual([
    0, 2, 2, 0, -2, 2, 3,
  ]);
});
