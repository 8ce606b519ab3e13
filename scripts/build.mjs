// SPDX-License-Identifier: Apache-2.0
// Builds the addon (cmake-js -> build/Release) and the JavaScript (tsc -> dist). Each tool leaves what is up to date.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { packageProgram, runMain, runQuiet, ToolError } from './run-tool.mjs';
import { findProgram } from './sdk/client.mjs';
import { ROOT, SDK } from './sdk/steps.mjs';
import { prepare } from './sdk.mjs';

const ADDON = join(ROOT, 'build', 'Release', 'tensorrt_node.node');

/** Files of lib/ that are read as they are, at run time. */
const ASSETS = ['report-client.js', 'report.css'].map((name) => join('html', name));

/** CMake of the machine, else the one that set-up brought. */
export function cmakeProgram() {
  return findProgram('cmake') ?? join(SDK, 'cmake', 'cmake', 'data', 'bin', 'cmake');
}

/** Compiles the addon with CMake, with Ninja where it is. */
export async function buildAddon() {
  await prepare(['build']);
  await timed('addon', ADDON, async () => {
    const jobs = String(availableParallelism());
    const args = ['build', '--config', 'Release', '--parallel', jobs, '--cmake-path', cmakeProgram()];
    await runQuiet('building the addon', [...packageProgram('cmake-js/bin/cmake-js'), ...args]);
    if (!existsSync(ADDON)) throw new ToolError(`building the addon made no ${ADDON}`);
  });
}

/** Compiles lib/ to dist/. */
export async function buildTypeScript() {
  await timed('javascript', join(ROOT, 'dist'), async () => {
    const incremental = ['--incremental', '--tsBuildInfoFile', 'dist/.tsbuildinfo'];
    await runQuiet('compiling TypeScript', [
      ...packageProgram('typescript/bin/tsc'),
      '-p',
      '.',
      ...incremental,
    ]);
    requireLazily(join(ROOT, 'dist'));
    for (const asset of ASSETS) cpSync(join(ROOT, 'lib', asset), join(ROOT, 'dist', asset));
  });
}

/**
 * CommonJS code loads its own parts with `require`, also where they are loaded when they are needed. TypeScript leaves
 * `import('./x.js')` there, which has no meaning in the contexts that vitest's vmThreads and Jest run code in.
 */
function requireLazily(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const { parentPath, name } of files.filter((entry) => entry.isFile() && entry.name.endsWith('.js'))) {
    const file = join(parentPath, name);
    const text = readFileSync(file, 'utf8');
    const changed = text.replace(
      /\bimport\((['"]\.{1,2}\/[^'"]+['"])\)/g,
      'Promise.resolve().then(() => require($1))',
    );
    if (changed !== text) writeFileSync(file, changed);
  }
}

async function timed(title, result, work) {
  const started = Date.now();
  await work();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stderr.write(`build: ${title}: ${relative(ROOT, result)} (${seconds} s)\n`);
}

async function main() {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  if (values.only !== 'javascript') await buildAddon();
  if (values.only !== 'addon') await buildTypeScript();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runMain(main);
