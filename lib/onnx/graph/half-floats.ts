// SPDX-License-Identifier: Apache-2.0
// IEEE 754 rounding, to nearest and ties to even, as ONNX's Cast does it.

import { roundToEven } from '../../tensor/half';

/** The two half-wide floating-point types. */
export type HalfType = 'fp16' | 'bf16';

/** Largest finite value of each type. */
export const LARGEST: Readonly<Record<HalfType, number>> = { fp16: 65504, bf16: 3.3895313892515355e38 };

/** Smallest value of each type with all bits of its precision. */
export const SMALLEST_NORMAL: Readonly<Record<HalfType, number>> = {
  fp16: 2 ** -14,
  bf16: 2 ** -126,
};

/** Smallest value of each type, and the step between those below {@link SMALLEST_NORMAL}. */
export const SMALLEST: Readonly<Record<HalfType, number>> = { fp16: 2 ** -24, bf16: 2 ** -133 };

/** Bit patterns of the nearest half-wide values. What is too large becomes infinity: check the range before. */
export function toHalf(values: Float32Array, type: HalfType): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const half = new Uint16Array(values.length);
  // Two loops: a call through a variable is not inlined, and there are billions.
  if (type === 'fp16') for (let i = 0; i < bits.length; i++) half[i] = float16Bits(bits[i]!, values[i]!);
  else for (let i = 0; i < bits.length; i++) half[i] = bfloat16Bits(bits[i]!);
  return half;
}

function float16Bits(bits: number, value: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(value) * 2 ** 24);
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function bfloat16Bits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
