// SPDX-License-Identifier: Apache-2.0
// Programs that real bundlers made: with the package left outside, as docs/guides/bundlers.md says, and bundled anyway.
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { addModel } from '../onnx-models';
import { emptyProject, installedPackage, writeProjectFile } from './installed-package';
import { runForJson, runForOutput, toolFile } from './programs';

/** Prints the sum, or what stands in its way. */
const PROGRAM = `
import { createSession, TensorRTError } from 'tensorrt-node';

async function main() {
  const session = await createSession('add.onnx', { device: 'cpu' });
  const { y } = await session.run({ x: Float32Array.of(1, 2, 3, 4) });
  await session.close();
  return { sum: [...y.data] };
}

main()
  .catch((error) => ({ known: error instanceof TensorRTError, code: error.code, cause: error.details.cause, hint: error.hint }))
  .then((result) => console.log(JSON.stringify(result)));
`;
const SUM = { sum: [2, 4, 6, 8] };
const BUNDLED = { known: true, code: 'ERR_TRT_LOAD_ADDON', cause: 'bundled' };

let folder: string;
beforeAll(async () => {
  folder = await installedPackage({ packages: ['onnxruntime-node'] });
  writeProjectFile(folder, 'main.mjs', PROGRAM);
  writeProjectFile(folder, 'add.onnx', addModel());
});

/** A folder with nothing but the bundle and its model, as it would be deployed. */
function deploy(bundle: string): string {
  const target = emptyProject();
  renameSync(join(folder, bundle), join(target, bundle));
  writeProjectFile(target, 'add.onnx', addModel());
  return target;
}

describe('esbuild', () => {
  const build = (output: string, ...args: string[]): Promise<string> => {
    const flags = ['main.mjs', '--bundle', '--platform=node', '--log-level=warning', `--outfile=${output}`];
    const program = toolFile('esbuild', 'bin', 'esbuild');
    return runForOutput(process.execPath, [program, ...flags, ...args], { cwd: folder });
  };

  it.each(['cjs', 'esm'])(
    'with --external:tensorrt-node makes a program that computes (%s)',
    async (format) => {
      const output = `esbuild-${format}.${format === 'esm' ? 'mjs' : 'cjs'}`;
      await build(output, `--format=${format}`, '--external:tensorrt-node');
      expect(await runForJson(process.execPath, [output], { cwd: folder })).toEqual(SUM);
    },
  );

  it('without it makes one that says what to change', async () => {
    await build('esbuild-bundled.cjs', '--format=cjs');
    const cwd = deploy('esbuild-bundled.cjs');
    expect(await runForJson(process.execPath, ['esbuild-bundled.cjs'], { cwd })).toEqual({
      ...BUNDLED,
      hint: expect.stringContaining('--external:tensorrt-node') as string,
    });
  });
});

describe('webpack', () => {
  const build = async (output: string, settings: string, entry = 'main.mjs'): Promise<void> => {
    const text = `
      const webpack = require(${JSON.stringify(toolFile('webpack'))});
      const output = { path: __dirname + '/${output}', filename: 'main.cjs' };
      const settings = { mode: 'production', target: 'node', entry: './${entry}', context: __dirname, output, ${settings} };
      webpack(settings, (error, stats) => {
        const errors = error ? [error.message] : stats.toJson({ all: false, errors: true }).errors;
        console.log(JSON.stringify(errors));
      });`;
    writeProjectFile(folder, `${output}.webpack.cjs`, text);
    const errors = await runForJson(process.execPath, [`${output}.webpack.cjs`], { cwd: folder });
    expect(errors).toEqual([]);
  };

  it('with the package in `externals` makes a program that computes', async () => {
    await build('webpack-external', "externals: { 'tensorrt-node': 'commonjs tensorrt-node' }");
    expect(await runForJson(process.execPath, ['webpack-external/main.cjs'], { cwd: folder })).toEqual(SUM);
  });

  it('with a function in `externals` takes every entry point', async () => {
    const program = `import { loadModel } from 'tensorrt-node/onnx';\nglobalThis.keep = loadModel;\n${PROGRAM}`;
    writeProjectFile(folder, 'entries.mjs', program);
    const external = `externals: [
      ({ request }, done) => /^tensorrt-node(\\/|$)/.test(request) ? done(null, 'commonjs ' + request) : done(),
    ]`;
    await build('webpack-function', external, 'entries.mjs');
    const bundle = readFileSync(join(folder, 'webpack-function/main.cjs'), 'utf8');
    expect(bundle).toContain('require("tensorrt-node/onnx")');
    expect(await runForJson(process.execPath, ['webpack-function/main.cjs'], { cwd: folder })).toEqual(SUM);
  });

  it('without it makes one that says what to change', async () => {
    await build('webpack-bundled', 'optimization: { minimize: false }');
    const cwd = deploy('webpack-bundled');
    expect(await runForJson(process.execPath, ['webpack-bundled/main.cjs'], { cwd })).toEqual({
      ...BUNDLED,
      hint: expect.stringContaining("externals: { 'tensorrt-node': 'commonjs tensorrt-node' }") as string,
    });
  });
});
