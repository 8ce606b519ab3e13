// SPDX-License-Identifier: Apache-2.0

/** Values of -8 to 7, two in a byte, the first in its lower half; the last byte of an odd number is half empty. */
export function packInt4(values: Int8Array | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 2));
  for (let i = 0; i < values.length; i += 2) {
    const high = i + 1 < values.length ? values[i + 1]! : 0;
    bytes[i >> 1] = (values[i]! & 15) | ((high & 15) << 4);
  }
  return bytes;
}
