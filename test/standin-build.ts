// SPDX-License-Identifier: Apache-2.0
// Where the CMake build of the native tests puts the stand-in libraries, and the build itself if nobody did it yet.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..');
// The variable is for work on the stand-ins beside other runs of the tests.
const BUILD = process.env.TRTN_STANDIN_BUILD ?? join(ROOT, 'build', 'native-tests');
// Two test files may come here at once; one builds. A lock of this age is of a process that was killed.
const LOCK = `${BUILD}.lock`;
const STALE_LOCK_MS = 15 * 60_000;

/** A built stand-in; builds the CMake target `trtn_standins` if it is missing. @returns Its path. */
export function builtStandin(...parts: readonly string[]): string {
  const path = join(BUILD, 'standin', ...parts);
  if (!existsSync(path)) underLock(() => existsSync(path) || build());
  if (!existsSync(path)) throw new Error(`the build of the stand-ins made no ${path}`);
  return path;
}

function build(): void {
  const settings = ['-DTRTN_BUILD_TESTS=ON', '-DCMAKE_BUILD_TYPE=RelWithDebInfo'];
  // A folder that is configured keeps its generator; scripts/test.mjs prefers Ninja as well.
  const generator = existsSync(join(BUILD, 'CMakeCache.txt')) || !hasNinja() ? [] : ['-G', 'Ninja'];
  run(['-S', ROOT, '-B', BUILD, ...generator, ...settings]);
  run(['--build', BUILD, '--target', 'trtn_standins', '--parallel']);
}

function run(args: readonly string[]): void {
  const onPath = spawns('cmake');
  const cmake = onPath ? 'cmake' : join(ROOT, '.sdk', 'cmake', 'cmake', 'data', 'bin', 'cmake');
  execFileSync(cmake, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

const hasNinja = (): boolean => spawns('ninja');

function spawns(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function underLock(work: () => unknown): void {
  mkdirSync(join(BUILD, '..'), { recursive: true });
  while (!takesLock()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  try {
    work();
  } finally {
    rmdirSync(LOCK);
  }
}

function takesLock(): boolean {
  try {
    mkdirSync(LOCK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_LOCK_MS) rmdirSync(LOCK);
    return false;
  }
}
