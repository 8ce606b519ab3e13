// SPDX-License-Identifier: Apache-2.0
// How a fuzzing process tells the one that watches it which case it is at: by synchronous writes, so that the number
// is out before the case can kill or hang the process.

import { writeSync } from 'node:fs';

/** File descriptor that the watching script reads. */
const FEED = 3;

/** What the watching script asks for. */
export interface FuzzArguments {
  readonly root: string;
  readonly runSeed: number;
  readonly firstCase: number;
  readonly cases: number;
}

/** Arguments of a fuzzing process: root, seed, first case, number of cases. */
export function readArguments(): FuzzArguments {
  const [root, ...numbers] = process.argv.slice(2);
  const [runSeed, firstCase, cases] = numbers.map(Number) as [number, number, number];
  return { root: root!, runSeed, firstCase, cases };
}

/** Says that a case begins. */
export function announceCase(index: number): void {
  writeSync(FEED, `${index}\n`);
}
