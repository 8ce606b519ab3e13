// SPDX-License-Identifier: Apache-2.0
// Programs written for onnxruntime-node that run on this package because of a flag of `node`, an import or a call.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { makeModel } from '../onnx-builder';
import { addTool, installedPackage, writeProjectFile } from './installed-package';
import { nodeMajors, nodeProgram, runForJson, runProgram } from './programs';

const REGISTER = 'tensorrt-node/onnxruntime/register';

/** Adds 1 to four numbers. */
const add = (type: 'FLOAT' | 'FLOAT16', one: ArrayBufferView | number[]) =>
  makeModel({
    inputs: [{ name: 'x', type, dims: [4] }],
    outputs: [{ name: 'y', type, dims: [4] }],
    nodes: [{ op: 'Add', inputs: ['x', 'one'], outputs: ['y'] }],
    initializers: [{ name: 'one', type, dims: [1], data: one }],
  });

/** `run` prints what the model gives and whether this package ran it. */
const RUN = `
  exports.run = async (ort, options) => {
    const session = await ort.InferenceSession.create(__dirname + '/add.onnx', options);
    const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
    const { sessionInfo } = require('tensorrt-node/onnxruntime');
    let ours = true;
    try { sessionInfo(session); } catch { ours = false; }
    return { y: [...y.data], isTensor: y instanceof ort.Tensor, ours };
  };
`;

const EXPECTED = { y: [2, 3, 4, 5], isTensor: true };

/** Half precision: 1, 2, 3, 4 in, 2, 3, 4, 5 out. */
const HALF = `
  const ort = require('onnxruntime-node');
  (async () => {
    const session = await ort.InferenceSession.create(__dirname + '/half.onnx');
    const x = new ort.Tensor('float16', Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400), [4]);
    const { y } = await session.run({ x });
    const bits = new Uint16Array(y.data.buffer, y.data.byteOffset, y.data.length);
    return { y: [...bits], type: y.type };
  })().then((answer) => console.log(JSON.stringify(answer)), (error) => console.log(JSON.stringify({ error: error.message })));
`;

describe('programs written for onnxruntime-node', () => {
  let folder: string;
  const inFolder = (args: readonly string[], env?: NodeJS.ProcessEnv, program = process.execPath) =>
    runForJson(program, args, { cwd: folder, env });

  beforeAll(async () => {
    folder = await installedPackage({ packages: ['onnxruntime-node'] });
    const write = (name: string, text: string | Uint8Array) => writeProjectFile(folder, name, text);
    write('add.onnx', add('FLOAT', [1]));
    write('half.onnx', add('FLOAT16', Uint16Array.of(0x3c00)));
    write('run.js', RUN);
    write('half.js', HALF);
    const print = 'console.log(JSON.stringify(answer))';
    write('app.cjs', `require('./run.js').run(require('onnxruntime-node')).then((answer) => ${print});`);
    write(
      'cpu.cjs',
      `require('./run.js').run(require('onnxruntime-node'), { executionProviders: ['cpu'] }).then((answer) => ${print});`,
    );
    write(
      'app.mjs',
      `import * as ort from 'onnxruntime-node'; import { run } from './run.js'; const answer = await run(ort); ${print};`,
    );
    write(
      'worker.cjs',
      `const { Worker, isMainThread, parentPort } = require('node:worker_threads');
       if (isMainThread) new Worker(__filename).on('message', (answer) => ${print});
       else require('./run.js').run(require('onnxruntime-node')).then((answer) => parentPort.postMessage(answer));`,
    );
    write(
      'imported.mjs',
      `import '${REGISTER}'; import * as ort from 'onnxruntime-node'; import { run } from './run.js'; const answer = await run(ort); ${print};`,
    );
    write(
      'late.cjs',
      `require('onnxruntime-node'); try { require('tensorrt-node/onnxruntime').register(); }
       catch ({ name, code, message, details }) { console.log(JSON.stringify({ name, code, message, details })); }`,
    );
  });

  it('run on onnxruntime-node without the flag', async () => {
    expect(await inFolder(['app.cjs'])).toEqual({ ...EXPECTED, ours: false });
  });

  it.each(
    nodeMajors().flatMap((major) => ['app.cjs', 'app.mjs', 'worker.cjs'].map((file) => ({ major, file }))),
  )('run here with --require: $file on Node $major', async ({ major, file }) => {
    const answer = await inFolder(['--require', REGISTER, file], {}, nodeProgram(major));
    expect(answer).toEqual({ ...EXPECTED, ours: true });
  });

  it.each(['app.cjs', 'app.mjs', 'worker.cjs'])('run here with --import: %s', async (file) => {
    expect(await inFolder(['--import', REGISTER, file])).toEqual({ ...EXPECTED, ours: true });
  });

  it('run here with NODE_OPTIONS, which child processes inherit', async () => {
    const env = { NODE_OPTIONS: `--require ${REGISTER}` };
    expect(await inFolder(['app.mjs'], env)).toEqual({ ...EXPECTED, ours: true });
  });

  it('run here after an import of the entry that comes before that of onnxruntime-node', async () => {
    expect(await inFolder(['imported.mjs'])).toEqual({ ...EXPECTED, ours: true });
  });

  it('run here from a second copy of onnxruntime-common', async () => {
    addTool(join(folder, 'copies'), 'onnxruntime-node');
    expect(existsSync(join(folder, 'copies', 'node_modules', 'onnxruntime-common'))).toBe(true);
    const source = `require('../run.js').run(require('onnxruntime-node')).then((answer) => console.log(JSON.stringify(answer)));`;
    writeProjectFile(folder, join('copies', 'app.cjs'), source);
    const answer = await inFolder(['--require', REGISTER, join('copies', 'app.cjs')]);
    expect(answer).toEqual({ ...EXPECTED, ours: true });
  });

  it('keep onnxruntime-node for the providers that TENSORRT_NODE_REGISTER leaves out', async () => {
    const env = { TENSORRT_NODE_REGISTER: 'tensorrt,cuda' };
    expect(await inFolder(['--require', REGISTER, 'cpu.cjs'], env)).toEqual({ ...EXPECTED, ours: false });
    expect(await inFolder(['--require', REGISTER, 'cpu.cjs'])).toEqual({ ...EXPECTED, ours: true });
  });

  it('do not start with a provider that is misspelled', async () => {
    const env = { TENSORRT_NODE_REGISTER: 'tensorrt,cdua' };
    const { status, stderr } = await runProgram(process.execPath, ['--require', REGISTER, 'app.cjs'], {
      cwd: folder,
      env,
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/"providers" takes "tensorrt", "cuda", "cpu", not "cdua"\. Did you mean "cuda"\?/);
    expect(stderr).toContain('ERR_TRT_ARG_VALUE');
  });

  it('tell that register() came after onnxruntime-node', async () => {
    expect(await inFolder(['late.cjs'])).toMatchObject({
      name: 'TensorRTError',
      code: 'ERR_TRT_LOAD_REGISTER',
      message: expect.stringContaining('was loaded before register()'),
      details: { providers: ['tensorrt', 'cuda', 'cpu'] },
    });
  });

  it('go on with onnxruntime-node where the addon does not load, and warn once', async () => {
    const { status, stdout, stderr } = await runProgram(
      process.execPath,
      ['--require', REGISTER, 'app.cjs'],
      { cwd: folder, env: { TENSORRT_NODE_ADDON: join(folder, 'absent.node') } },
    );
    expect({ status, ...JSON.parse(stdout) }).toEqual({ status: 0, ...EXPECTED, ours: false });
    expect(stderr.match(/ERR_TRT_LOAD_ADDON/g)).toHaveLength(1);
    expect(stderr).toContain('onnxruntime-node runs all models');
  });

  it.each(nodeMajors())('take float16 tensors on Node %i', async (major) => {
    const program = nodeProgram(major);
    const expected = { y: [0x4000, 0x4200, 0x4400, 0x4500], type: 'float16' };
    expect(await inFolder(['--require', REGISTER, 'half.js'], {}, program)).toEqual(expected);
    // onnxruntime-node 1.30 takes none where JavaScript has a Float16Array (Node 24 on); a later one may.
    const theirs = (await inFolder(['half.js'], {}, program)) as { error?: string };
    if (theirs.error === undefined) expect(theirs).toEqual(expected);
    else expect(theirs.error).toMatch(/not enough space/);
    console.log(`onnxruntime-node on Node ${major}, float16: ${theirs.error ?? 'runs'}`);
  });
});
