// SPDX-License-Identifier: Apache-2.0
// The installed package on every supported Node.js, through every way of loading it.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { writePrograms, type ConsumerResult, type ProgramName } from './consumer-programs';
import { addTool, installedPackage } from './installed-package';
import { nodeMajors, nodeProgram, runForJson, runForOutput, toolVersion } from './programs';

const EXPECTED = { origin: 'prebuilt', sum: [2, 4, 6, 8] };

let folder: string;
beforeAll(async () => {
  folder = await installedPackage({ packages: ['onnxruntime-node'] });
  writePrograms(folder);
});

describe.each(nodeMajors())('Node.js %i', (major) => {
  const run = (program: ProgramName): Promise<unknown> =>
    runForJson(nodeProgram(major), [program], { cwd: folder });

  it('is the one that is meant', async () => {
    const version = await runForOutput(nodeProgram(major), ['--version'], { cwd: folder });
    expect(version.trim()).toMatch(new RegExp(`^v${major}\\.`));
    if (process.arch === 'x64') expect(version.trim()).toBe(`v${toolVersion(`node-${major}`)}`);
  });

  it.each<[string, ProgramName]>([
    ['an ES module', 'main.mjs'],
    ['CommonJS', 'main.cjs'],
    ['import() in CommonJS', 'dynamic.cjs'],
    ['worker threads, one of them ended', 'workers.cjs'],
  ])('loads the prebuilt binary and computes on the CPU: %s', async (_title, program) => {
    const result = (await run(program)) as ConsumerResult & { same?: boolean };
    expect(result).toMatchObject(EXPECTED);
    const prebuilds = join(folder, 'node_modules', 'tensorrt-node', 'prebuilds');
    expect(result.path).toBe(join(prebuilds, `linux-${process.arch}`, 'tensorrt-node.glibc.node'));
    if (program === 'workers.cjs') expect(result.same).toBe(true);
  });

  it('has a command line that reports it', async () => {
    const cli = join(folder, 'node_modules', '.bin', 'tensorrt-node');
    const report = JSON.parse(
      await runForOutput(nodeProgram(major), [cli, 'doctor', '--json'], { cwd: folder }),
    ) as { node: string; addon: { origin: string }; cpu: { available: boolean } };
    expect(report).toMatchObject({ addon: { origin: 'prebuilt' }, cpu: { available: true } });
    expect(report.node).toMatch(new RegExp(`^v${major}\\.`));
  });
});

describe('a project without onnxruntime-node', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await installedPackage();
    writePrograms(folder);
  });

  it.each(nodeMajors())('says on Node.js %i which line adds it', async (major) => {
    const answer = await runForJson(nodeProgram(major), ['without-runtime.cjs'], { cwd: folder });
    expect(answer).toEqual({
      known: true,
      code: 'ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND',
      hint: expect.stringContaining('`npm install onnxruntime-node --ignore-scripts`') as string,
    });
  });

  it('computes as soon as onnxruntime-node is there', async () => {
    addTool(folder, 'onnxruntime-node');
    expect(await runForJson(process.execPath, ['main.cjs'], { cwd: folder })).toMatchObject(EXPECTED);
  });

  it('finds the command through npx without network', async () => {
    const stdout = await runForOutput('npx', ['--no-install', 'tensorrt-node', 'doctor', '--json'], {
      cwd: folder,
    });
    expect(JSON.parse(stdout)).toMatchObject({ addon: { available: true, origin: 'prebuilt' } });
  });
});
