// SPDX-License-Identifier: Apache-2.0
// FLOAT8E4M3FN: a sign, four bits of exponent with bias 7, three of mantissa, no infinity, 0x7f and 0xff not a number.
// Source: https://onnx.ai/onnx/technical/float8.html

/** Largest finite value. */
export const LARGEST_FLOAT8 = 448;
const NOT_A_NUMBER = 0x7f;
const LARGEST_CODE = 0x7e;
/** Exponent of the smallest normal value; below it values are multiples of 2^-9. */
const SMALLEST_EXPONENT = -6;

const doubles = new Float64Array(1);
const words = new Uint32Array(doubles.buffer);
/** Adding and subtracting it rounds a double to the nearest whole number, ties to even. */
const ROUND = 1.5 * 2 ** 52;

/** The code of the nearest value, ties to even; what is too large saturates. */
export function numberToFloat8(value: number): number {
  if (Number.isNaN(value)) return NOT_A_NUMBER;
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x80 : 0;
  if (size >= LARGEST_FLOAT8) return sign | LARGEST_CODE;
  doubles[0] = size;
  const exponent = Math.max(SMALLEST_EXPONENT, ((words[1]! >>> 20) & 0x7ff) - 1023);
  // Eighths of the power of two: 8 to 16 for normal values, 16 carries into the exponent by itself.
  const eighths = size * 2 ** (3 - exponent) + ROUND - ROUND;
  return sign | (((exponent - SMALLEST_EXPONENT) << 3) + eighths);
}
