// SPDX-License-Identifier: Apache-2.0
// `overrides` of npm: a dependency that asks for onnxruntime-node gets this package, and nothing of 113 MB comes along.
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { addModel } from '../onnx-models';
import { writeProjectFile } from './installed-package';
import { projectWithOverride } from './override-project';
import { ROOT, runForJson, toolFile } from './programs';

const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;

const NAMES = `
  import ort, { InferenceSession, Tensor, env, listSupportedBackends, registerBackend } from 'onnxruntime-node';
  import { createRequire } from 'node:module';
  const require = createRequire(import.meta.url);
  const [wanted, peer] = [require('wants-onnxruntime'), require(process.argv[2])];
  console.log(JSON.stringify({
    missing: Object.keys(peer).filter((name) => wanted[name] === undefined),
    same: wanted === ort && ort.Tensor === Tensor && ort.InferenceSession === InferenceSession,
    types: [typeof env.logLevel, typeof registerBackend, listSupportedBackends().map(({ name }) => name).join()],
  }));
`;

const RUN = `
  const { InferenceSession, Tensor } = require('wants-onnxruntime');
  (async () => {
    const session = await InferenceSession.create('add.onnx');
    const { y } = await session.run({ x: new Tensor('float32', [1, 1, 1, 1], [4]) });
    return { y: [...y.data] };
  })().catch(({ message, code, hint }) => ({ message, code, hint })).then((answer) => console.log(JSON.stringify(answer)));
`;

/** No CPU library of this machine, so that what the project has decides. */
const BARE = { LD_LIBRARY_PATH: '', VIRTUAL_ENV: undefined, PATH: '/nonexistent' };

describe('the package that takes the place of onnxruntime-node', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await projectWithOverride();
    writeProjectFile(folder, 'names.mjs', NAMES);
    writeProjectFile(folder, 'run.cjs', RUN);
    writeProjectFile(folder, 'add.onnx', addModel());
  });

  it('has the version of the package that it is made for', () => {
    const [override, main] = [join('npm', 'onnxruntime-node'), '.'].map((name) =>
      readJson(join(ROOT, name, 'package.json')),
    );
    expect(override!.version).toBe(main!.version);
    expect(override!.dependencies).toEqual({ 'tensorrt-node': main!.version });
  });

  it('is what a dependency gets that asks for onnxruntime-node, alone', () => {
    expect(readJson(join(folder, 'node_modules/onnxruntime-node/package.json'))).toMatchObject({
      name: 'tensorrt-node-onnxruntime',
    });
    expect(existsSync(join(folder, 'wants/node_modules'))).toBe(false);
    expect(existsSync(join(folder, 'node_modules/onnxruntime-node/bin'))).toBe(false);
  });

  it('has every name of onnxruntime-node, for import and require', async () => {
    const peer = join(toolFile('onnxruntime-node', 'package.json'), '..');
    expect(await runForJson(process.execPath, ['names.mjs', peer], { cwd: folder })).toEqual({
      missing: [],
      same: true,
      types: ['string', 'function', 'cpu,cuda,tensorrt'],
    });
  });

  it('finds the CPU library under the name onnxruntime-node-cpu', async () => {
    const library = join(toolFile('onnxruntime-node', 'package.json'), '..');
    symlinkSync(library, join(folder, 'node_modules', 'onnxruntime-node-cpu'));
    const answer = await runForJson(process.execPath, ['run.cjs'], { cwd: folder, env: BARE });
    expect(answer).toEqual({ y: [2, 3, 4, 5] });
  });

  it('finds the CPU library that TENSORRT_NODE_ONNXRUNTIME names', async () => {
    const platform = join('bin', 'napi-v6', process.platform, process.arch);
    const library = toolFile('onnxruntime-node', platform);
    const env = { ...BARE, TENSORRT_NODE_ONNXRUNTIME: library };
    expect(await runForJson(process.execPath, ['run.cjs'], { cwd: folder, env })).toEqual({
      y: [2, 3, 4, 5],
    });
  });
});
