// SPDX-License-Identifier: Apache-2.0
// String tensors on their way to and from native code: one buffer with the length of each string in bytes (32 bits, in
// the machine's order), then their UTF-8 texts one after the other. `native/core/packed_strings.h` reads the same.

const LENGTH_BYTES = 4;

/** Surrogates without their other half become U+FFFD, as in a `Buffer`. */
export function packStrings(strings: readonly string[]): Uint8Array {
  const lengths = new Uint32Array(strings.length);
  let total = strings.length * LENGTH_BYTES;
  for (let index = 0; index < strings.length; index++) {
    lengths[index] = Buffer.byteLength(strings[index]!, 'utf8');
    total += lengths[index]!;
  }
  const packed = Buffer.allocUnsafe(total);
  packed.set(new Uint8Array(lengths.buffer));
  let at = strings.length * LENGTH_BYTES;
  for (let index = 0; index < strings.length; index++) at += packed.write(strings[index]!, at, 'utf8');
  return packed;
}

/** Bytes that are no UTF-8 become U+FFFD. */
export function unpackStrings(packed: ArrayBuffer, count: number): string[] {
  const lengths = new Uint32Array(packed, 0, count);
  const bytes = Buffer.from(packed);
  const strings = new Array<string>(count);
  let at = count * LENGTH_BYTES;
  for (let index = 0; index < count; index++) {
    strings[index] = bytes.toString('utf8', at, (at += lengths[index]!));
  }
  return strings;
}
