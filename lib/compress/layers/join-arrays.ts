// SPDX-License-Identifier: Apache-2.0

/** Arrays one behind the other, copied into one. */
export function joinArrays<T extends Float32Array | Uint32Array>(
  parts: readonly T[],
  type: new (length: number) => T,
): T {
  const all = new type(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}
