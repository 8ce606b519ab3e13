// SPDX-License-Identifier: Apache-2.0
// Bun and Deno, which bring their own Node-API. docs/guides/runtimes.md says what was seen.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { writePrograms } from './consumer-programs';
import { installedPackage, writeProjectFile } from './installed-package';
import { runForJson, runForOutput, toolFile, toolVersion } from './programs';

/** Many calls at once, a synchronous one, an error, and a session that is closed: all that crosses the border. */
const BORDER = `
import { createSession, TensorRTError } from 'tensorrt-node';
const x = Float32Array.of(1, 2, 3, 4);
const session = await createSession('add.onnx', { device: 'cpu' });
const all = await Promise.all(Array.from({ length: 100 }, () => session.run({ x })));
const { y } = session.runSync({ x });
const error = await session.run({}).then(() => null, (thrown) => thrown);
await session.close();
console.log(JSON.stringify({
  sums: new Set(all.map((outputs) => outputs.y.data.join())).size,
  sync: [...y.data],
  known: error instanceof TensorRTError,
  code: error.code,
}));`;

const RUNTIMES = [
  { name: 'Bun', package: '@oven/bun-linux-x64', program: ['bin', 'bun'], args: [] },
  { name: 'Deno', package: '@deno/linux-x64-glibc', program: ['deno'], args: ['run', '--allow-all'] },
];

let folder: string;
beforeAll(async () => {
  folder = await installedPackage({ packages: ['onnxruntime-node'] });
  writePrograms(folder);
  writeProjectFile(folder, 'border.mjs', BORDER);
});

describe.each(RUNTIMES)('$name', ({ name, package: packageName, program, args }) => {
  const env = { DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };
  const path = (): string => toolFile(packageName, ...program);
  const run = (file: string): Promise<unknown> => runForJson(path(), [...args, file], { cwd: folder, env });

  beforeEach((context) => {
    if (process.arch !== 'x64') context.skip(`the package with ${name} is for x64, this is ${process.arch}`);
  });

  it('is the version that is meant', async () => {
    const text = await runForOutput(path(), ['--version'], { cwd: folder, env });
    process.stderr.write(`${name} ${toolVersion(packageName)}\n`);
    expect(text).toContain(toolVersion(packageName));
  });

  it.each(['main.mjs', 'main.cjs', 'dynamic.cjs'])(
    'loads the prebuilt binary and computes on the CPU (%s)',
    async (file) => {
      expect(await run(file)).toMatchObject({ origin: 'prebuilt', sum: [2, 4, 6, 8] });
    },
  );

  it('runs calls at once and synchronously, and gives typed errors', async () => {
    const expected = { sums: 1, sync: [2, 4, 6, 8], known: true, code: 'ERR_TRT_RUN_INPUT_MISSING' };
    expect(await run('border.mjs')).toEqual(expected);
  });

  it('works in worker threads, one of them ended', async () => {
    expect(await run('workers.cjs')).toMatchObject({ sum: [2, 4, 6, 8], same: true });
  });
});
