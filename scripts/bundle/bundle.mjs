// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '../sdk/steps.mjs';
import { keepOnly } from './compiled.mjs';
import { bundleDeclarations } from './declarations.mjs';
import { EXPORTED } from './entries.mjs';
import { bundleJavaScript } from './javascript.mjs';

/** Files of lib/ that are read as they are, at run time. */
const ASSETS = ['html/report-client.js', 'html/report.css'];

/**
 * Makes `dist` of lib/ and of what tsc made of it. Writes only what changed, so that a process that runs from there
 * does not miss a file, and removes what is no longer made.
 * @param {string} dist
 * @param {string} compiled where tsc wrote lib/
 */
export async function bundle(dist, compiled) {
  const files = new Map([
    ...(await bundleJavaScript()),
    ...(await bundleDeclarations(compiled)),
    ...EXPORTED.flatMap((name) => [`${name}.mjs`, `${name}.d.mts`]).map((path) => read(compiled, path)),
    ...ASSETS.map((path) => read(join(ROOT, 'lib'), path)),
  ]);
  for (const [path, text] of files) writeChanged(join(dist, path), text);
  keepOnly(dist, files);
}

const read = (folder, path) => [path, readFileSync(join(folder, path), 'utf8')];

function writeChanged(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
