// SPDX-License-Identifier: Apache-2.0
// The stand-ins of test/standin for benchmarks: a driver and a TensorRT that work without a GPU. What is measured over
// them is what this package adds to a run; nothing about the speed of a GPU follows from it.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './paths.mjs';

const require = createRequire(import.meta.url);

/** Opens the stand-ins and points the package at them; to be called before the first session. */
export function openStandin() {
  const { StandinGpu } = loadTypeScript(join(ROOT, 'test/standin-gpu.ts'));
  const gpu = StandinGpu.open();
  process.env.TENSORRT_NODE_DRIVER_LIBRARY = gpu.driverPath;
  process.env.TENSORRT_NODE_LIB_DIR = gpu.tensorRt11Folder;
  process.env.TRTN_STANDIN_CUDA_DEVICES = '1';
  return gpu;
}

/** `makePlan()` and the ready-made descriptions of test/standin-plan.ts. */
export function planMaker() {
  return loadTypeScript(join(ROOT, 'test/standin-plan.ts'));
}

/** Loads a TypeScript file of test/ and what it imports; Node 20 does not read TypeScript. */
export function loadTypeScript(path) {
  require.extensions['.ts'] ??= (module, file) => {
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
      fileName: file,
    });
    module._compile(outputText, file);
  };
  return require(path);
}

/**
 * Compiles an addon of one C file with the machine's compiler.
 *
 * @returns what it exports
 */
export async function compileAddon(source) {
  const { runQuiet } = await import('../../scripts/run-tool.mjs');
  const folder = mkdtempSync(join(tmpdir(), 'trtn-bench-'));
  const target = join(folder, 'addon.node');
  const headers = join(ROOT, 'node_modules/node-api-headers/include');
  await runQuiet('compiling a test addon', [
    process.env.CC ?? 'cc',
    '-O2',
    '-shared',
    '-fPIC',
    `-I${headers}`,
    source,
    '-o',
    target,
    '-lpthread',
  ]);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return require(target);
}

/** Writes a plan to a file that goes when the process ends. */
export function writePlan(bytes) {
  const folder = mkdtempSync(join(tmpdir(), 'trtn-plan-'));
  const path = join(folder, 'model.engine');
  if (!existsSync(path)) writeFileSync(path, bytes);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return path;
}
