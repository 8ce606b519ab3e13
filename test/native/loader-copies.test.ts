// SPDX-License-Identifier: Apache-2.0
// Two copies of the package in one process: both work, one warning says that there are two, and objects of one are
// refused by the other with the reason.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { packageVersion } from '../../lib/package-root';
import { addModel } from '../onnx-models';
import { InstalledPackage, runScript } from './loader-install';

/** A second version: the same code with another number, in package.json and in the binary. */
function otherVersion(): { installed: InstalledPackage; version: string } {
  const installed = new InstalledPackage();
  const version = packageVersion().replace(/^./, '9');
  installed.setVersion(version);
  installed.patch((bytes) => {
    for (
      let at = bytes.indexOf(`${packageVersion()}\0`);
      at >= 0;
      at = bytes.indexOf(`${packageVersion()}\0`, at + 1)
    )
      bytes.write(version, at, 'latin1');
  });
  return { installed, version };
}

function run(installed: readonly InstalledPackage[], body: string) {
  const requires = installed.map(({ folder }) => `require(${JSON.stringify(folder)})`);
  const script = `
    const warnings = [];
    process.on('warning', ({ name, code, message }) => warnings.push({ name, code, message }));
    const model = Buffer.from('${Buffer.from(addModel()).toString('base64')}', 'base64');
    const [a, b] = [${requires.join(', ')}];
    const print = (value) => setImmediate(() => console.log(JSON.stringify({ value, warnings })));
    const failure = (promise) => promise.then(() => null, ({ code, message, hint }) => ({ code, message, hint }));
    (async () => { ${body} })();`;
  const { stdout, stderr, status } = runScript(script);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as {
    value: unknown;
    warnings: { name: string; code: string; message: string }[];
  };
}

const USE_BOTH = `
  const sessions = [await a.createSession(model, { device: 'cpu' }), await b.createSession(model, { device: 'cpu' })];
  const feeds = Object.fromEntries(sessions[0].inputs.map(({ name }) => [name, { data: Float32Array.of(1, 2, 3, 4), dims: [4] }]));
  const outputs = await Promise.all(sessions.map((session) => session.run(feeds)));
  print(outputs.map((output) => Array.from(Object.values(output)[0].data)));
  await Promise.all(sessions.map((session) => session.close()));`;

describe('two copies in one process', () => {
  it('of two versions both work, with one warning that names both', () => {
    const here = new InstalledPackage();
    const { installed: other, version } = otherVersion();
    const { value, warnings } = run([here, other], USE_BOTH);
    expect(value).toHaveLength(2);
    expect((value as number[][])[0]).toEqual((value as number[][])[1]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ name: 'TensorRTWarning', code: 'TRT_TWO_COPIES' });
    expect(warnings[0]!.message).toContain(`${packageVersion()} in ${here.folder}`);
    expect(warnings[0]!.message).toContain(`${version} in ${other.folder}`);
  });

  it('refuse objects of each other, and say why', () => {
    const [here, other] = [new InstalledPackage(), new InstalledPackage()];
    const { value, warnings } = run(
      [here, other],
      `
      const engine = new a.Engine({ family: 'tensorrt-11', version: '11.1.0', manifest: null, bytes: 4, source: { bytes: Buffer.from('ftrt') } });
      const tensor = new a.DeviceTensor({ type: 'float32', dims: [2], bytes: 8, device: 0, close() {} });
      const session = await b.createSession(model, { device: 'cpu' });
      const feeds = Object.fromEntries(session.inputs.map(({ name }) => [name, tensor]));
      print([await failure(b.createSession(engine)), await failure(session.run(feeds))]);
      await session.close();`,
    );
    const [engine, tensor] = value as { code: string; message: string; hint: string }[];
    expect(engine).toMatchObject({
      code: 'ERR_TRT_ARG_TYPE',
      hint: expect.stringContaining('npm ls') as string,
    });
    expect(engine!.message).toContain('createSession() was given an Engine of another copy of tensorrt-node');
    expect(engine!.message).toContain(here.folder);
    expect(engine!.message).toContain(other.folder);
    expect(tensor!.code).toBe('ERR_TRT_RUN_INPUT_TYPE');
    expect(tensor!.message).toMatch(/^Input ".+" was given a DeviceTensor of another copy of tensorrt-node/);
    expect(warnings).toEqual([]);
  });
});

describe('one copy', () => {
  it('loaded twice tells that it is the same', () => {
    const { value } = run(
      [new InstalledPackage()],
      `
      const engine = new a.Engine({ family: 'tensorrt-11', version: '11.1.0', manifest: null, bytes: 4, source: { bytes: Buffer.from('ftrt') } });
      const path = Object.keys(require.cache).find((file) => file.endsWith('dist/index.js'));
      for (const file of Object.keys(require.cache)) delete require.cache[file];
      print(await failure(require(path).createSession(engine)));`,
    );
    expect((value as { message: string }).message).toContain('its code was loaded twice');
  });

  it('is one in workers, in contexts and through links', () => {
    const installed = new InstalledPackage();
    const { value, warnings } = run(
      [installed],
      `
      const { Worker } = require('node:worker_threads');
      const { symlinkSync } = require('node:fs');
      const load = ${JSON.stringify(join(installed.folder, 'dist', 'chunks', 'loader.js'))};
      require(load).loadAddon();
      const code = 'const { parentPort } = require("node:worker_threads"); process.on("warning", (w) => parentPort.postMessage(w.code)); parentPort.postMessage(require(' + JSON.stringify(load) + ').loadAddon().buildInfo.version)';
      const messages = [];
      for (let i = 0; i < 2; i++) await new Promise((resolve, reject) => {
        const worker = new Worker(code, { eval: true });
        worker.on('message', (message) => messages.push(message)).on('exit', resolve).on('error', reject);
      });
      for (const file of Object.keys(require.cache)) delete require.cache[file];
      require(load).loadAddon();
      print(messages);`,
    );
    expect(value).toEqual([packageVersion(), packageVersion()]);
    expect(warnings).toEqual([]);
  });
});
