// SPDX-License-Identifier: Apache-2.0
// The two 16-bit floating-point formats as bits.

const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);

/** IEEE 754 binary16. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** The nearest binary16, even ones first; beyond 65,504 infinity. */
export function numberToFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  // Halfway between the largest number and the next that would be: rounds to infinity.
  if (magnitude >= 65_520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const scaled = roundToEven(magnitude / 2 ** (exponent - 10));
  // A mantissa that was rounded up to the next power of two carries into the exponent by itself.
  return sign | (scaled < 1024 ? scaled : ((exponent + 15) << 10) + (scaled - 1024));
}

/** The upper half of a float32. */
export function bfloat16ToNumber(bits: number): number {
  words[0] = bits << 16;
  return floats[0]!;
}

/** The nearest bfloat16, even ones first. */
export function numberToBfloat16(value: number): number {
  floats[0] = value;
  const bits = words[0]!;
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** To the nearest whole number, ties to even. */
export function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
