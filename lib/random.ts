// SPDX-License-Identifier: Apache-2.0

/** Draws 32 random bits. */
export type RandomBits = () => number;

/** Numbers that depend on the seed alone (splitmix32): the same on every machine and in every run. */
export function createRandom(seed: number): RandomBits {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let bits = state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return (bits ^ (bits >>> 15)) >>> 0;
  };
}

/** Numbers in [0, 1), from the seed alone. */
export function createUniform(seed: number): () => number {
  const random = createRandom(seed);
  return () => random() / 2 ** 32;
}
