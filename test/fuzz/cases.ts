// SPDX-License-Identifier: Apache-2.0
import { createUniform } from '../../lib/random';
import { mutate } from './mutate';
import type { Seed } from './seeds';

/** One damaged file. The same run seed and index always give the same one. */
export interface FuzzCase {
  readonly index: number;
  readonly seedName: string;
  readonly how: readonly string[];
  readonly bytes: Uint8Array;
}

/** Makes case number `index` of a run. */
export function makeCase(seeds: readonly Seed[], runSeed: number, index: number): FuzzCase {
  const random = createUniform(Math.imul(runSeed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const seed = seeds[Math.floor(random() * seeds.length)]!;
  const other = seeds[Math.floor(random() * seeds.length)]!;
  const { bytes, how } = mutate(seed.bytes, other.bytes, random);
  return { index, seedName: seed.name, how, bytes };
}

/** A case in words, enough to run it again. */
export function describeCase({ index, seedName, how, bytes }: FuzzCase): string {
  return `case ${index} (${seedName}; ${how.join(', ')}; ${bytes.length} bytes)`;
}
