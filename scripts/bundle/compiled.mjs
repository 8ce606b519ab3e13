// SPDX-License-Identifier: Apache-2.0
// What an incremental tsc leaves undone: the output of a module that is gone stays, and a file that somebody removed is
// not written again.
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * Compiles `sources` to `compiled`, once more from the beginning where a file is missing then, and removes what is of
 * modules that are gone.
 * @param {{ sources: string, compiled: string, state: string }} paths folders, and the file of tsc's notes
 * @param {() => Promise<void>} compile
 */
export async function compileAll({ sources, compiled, state }, compile) {
  const modules = readdirSync(sources, { recursive: true }).filter((path) => /\.m?ts$/.test(path));
  const wanted = [...modules.flatMap(outputsOf), relative(compiled, state)];
  const isComplete = () => wanted.every((path) => existsSync(join(compiled, path)));
  await compile();
  if (!isComplete()) {
    rmSync(state, { force: true });
    await compile();
  }
  keepOnly(compiled, new Set(wanted));
}

/** `a.mts` -> `a.mjs` and `a.d.mts` */
const outputsOf = (module) => ['.$1js', '.d.$1ts'].map((ending) => module.replace(/\.(m?)ts$/, ending));

/**
 * Removes all other files below a folder, and folders that hold none.
 * @param {string} folder
 * @param {{ has(path: string): boolean }} wanted paths below it
 */
export function keepOnly(folder, wanted, below = folder) {
  for (const entry of readdirSync(below, { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (!entry.isDirectory()) {
      if (!wanted.has(relative(folder, path))) rmSync(path);
      continue;
    }
    keepOnly(folder, wanted, path);
    if (readdirSync(path).length === 0) rmdirSync(path);
  }
}
