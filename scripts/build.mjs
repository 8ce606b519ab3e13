// SPDX-License-Identifier: Apache-2.0
// Builds the addon (cmake-js -> build/Release) and the JavaScript (tsc and bundlers -> dist). Each tool leaves what is up
// to date.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { compileAll } from './bundle/compiled.mjs';
import { packageProgram, runMain, runQuiet, ToolError } from './run-tool.mjs';
import { findProgram } from './sdk/client.mjs';
import { ROOT, SDK } from './sdk/steps.mjs';
import { prepare } from './sdk.mjs';

const ADDON = join(ROOT, 'build', 'Release', 'tensorrt_node.node');

/** Where tsc compiles lib/ to, file by file: what `dist` gets its types from, and what benchmarks look into. */
const COMPILED = join(ROOT, 'build', 'javascript');

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

/** Compiles lib/ to build/javascript, file by file, and bundles it to dist/. */
export async function buildTypeScript() {
  const dist = join(ROOT, 'dist');
  await timed('javascript', dist, async () => {
    const state = join(COMPILED, '.tsbuildinfo');
    const tsc = [
      ...packageProgram('typescript/bin/tsc'),
      '-p',
      '.',
      '--incremental',
      '--tsBuildInfoFile',
      state,
    ];
    await compileAll({ sources: join(ROOT, 'lib'), compiled: COMPILED, state }, () =>
      runQuiet('compiling TypeScript', tsc),
    );
    // Loaded here: the addon alone is built without it.
    const { bundle } = await import('./bundle/bundle.mjs');
    await bundle(dist, COMPILED);
  });
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
