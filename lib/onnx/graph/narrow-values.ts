// SPDX-License-Identifier: Apache-2.0
// Values of the types below 16 bits.
// Source: OCP 8-bit Floating Point Specification, revision 1.0, section 5; OCP Microscaling Formats, section 5.3.3;
// the packing is that of onnx.proto, the first element in the low half of a byte.

/** Value of each bit pattern of the 8-bit floats. E4M3 has no infinities: its last pattern alone is no number. */
export const NARROW_VALUES: Readonly<Record<'float8e4m3' | 'float8e5m2', Float32Array>> = {
  float8e4m3: Float32Array.from({ length: 256 }, (_, bits) => {
    return (bits & 0x7f) === 0x7f ? NaN : narrowFloat(bits, 3, 7);
  }),
  float8e5m2: Float32Array.from({ length: 256 }, (_, bits) => {
    if ((bits & 0x7c) !== 0x7c) return narrowFloat(bits, 2, 15);
    return (bits & 3) === 0 ? (bits & 0x80 ? -Infinity : Infinity) : NaN;
  }),
};

const FLOAT4_MAGNITUDES = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

function narrowFloat(bits: number, mantissaBits: number, bias: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const steps = 1 << mantissaBits;
  const exponent = (bits & 0x7f) >> mantissaBits;
  const mantissa = (bits & (steps - 1)) / steps;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias);
  return sign * (1 + mantissa) * 2 ** (exponent - bias);
}

/** Values of packed INT4, UINT4 or FLOAT4E2M1. */
export function unpackNibbles(
  packed: Uint8Array,
  count: number,
  type: string,
): Int8Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer> {
  const ArrayClass = type === 'INT4' ? Int8Array : type === 'UINT4' ? Uint8Array : Float32Array;
  const values = new ArrayClass(count);
  for (let i = 0; i < count; i++) {
    const bits = i % 2 === 0 ? packed[i >> 1]! & 15 : packed[i >> 1]! >> 4;
    if (type === 'INT4') values[i] = (bits << 28) >> 28;
    else if (type === 'UINT4') values[i] = bits;
    else values[i] = (bits & 8 ? -1 : 1) * FLOAT4_MAGNITUDES[bits & 7]!;
  }
  return values;
}
