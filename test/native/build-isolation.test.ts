// SPDX-License-Identifier: Apache-2.0
// What a child process is for: cancels that take effect, crashes that hurt nobody, nothing left behind.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildEngineIn, currentContext, type BuildContext } from '../../lib/builder/build-pipeline';
import { runBuildInProcess } from '../../lib/builder/build-process';
import type { BuildOptions } from '../../lib/builder/build-options';
import { addModel, convModel } from '../onnx-models';
import { slowModel } from '../slow-model';
import { Standins } from '../standins';
import { rejection, temporaryFolder } from '../temporary-folder';

const standins = new Standins();
let driver = '';
beforeAll(() => {
  driver = standins.driver();
  process.env.TRTN_STANDIN_CUDA_DEVICES = '1';
});
afterAll(() => {
  delete process.env.TRTN_STANDIN_CUDA_DEVICES;
  standins.remove();
});

const RTX = { runtime: 'tensorrt-rtx' } as const;
// Longer than the longest wait below, also on a fast machine.
const slow = slowModel(300);

/** Builds with temporary files in a folder that the test can look into. */
function buildIn(
  folder: string,
  model: Uint8Array,
  options: BuildOptions,
  changes: Partial<BuildContext> = {},
) {
  return buildEngineIn(model, options, () => ({ ...currentContext(), temporaryFolder: folder, ...changes }));
}

describe('cancelling', () => {
  // Moments from before the start of the child to the middle of the build, whose length depends on the machine.
  it.each([0, 1, 20, 60, 100, 150, 300, 600])(
    'a build in a process after %i ms leaves nothing',
    async (ms) => {
      const folder = temporaryFolder();
      const controller = new AbortController();
      const build = rejection(buildIn(folder, slow, { ...RTX, signal: controller.signal }));
      await delay(ms);
      controller.abort(new Error('enough'));
      expect(await build).toMatchObject({ code: 'ERR_TRT_BUILD_CANCELLED', cause: { message: 'enough' } });
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it.each([1, 50, 200])('a build on a thread after %i ms', async (ms) => {
    const folder = temporaryFolder();
    const controller = new AbortController();
    const outputPath = join(folder, 'm.engine');
    const build = rejection(
      buildIn(folder, slow, { ...RTX, isolation: 'thread', signal: controller.signal, outputPath }),
    );
    await delay(ms);
    controller.abort();
    const error = await build.catch(() => undefined);
    // A thread stops at its next progress event; a build that was faster than the cancel is an engine.
    if (error) expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_CANCELLED' });
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('from a function that watches progress', async () => {
    const folder = temporaryFolder();
    const controller = new AbortController();
    const options: BuildOptions = { ...RTX, signal: controller.signal, onProgress: () => controller.abort() };
    expect(await rejection(buildIn(folder, slow, options))).toMatchObject({
      code: 'ERR_TRT_BUILD_CANCELLED',
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a library that aborts', () => {
  it('is an error of the build, with signal and what it printed', async () => {
    const folder = temporaryFolder();
    const libraryPath = standins.tensorRt(100600);
    const error = await rejection(
      buildIn(folder, addModel(), { runtime: 'tensorrt', libraryPath }, { driverLibrary: driver }),
    );
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_CRASHED', details: { signal: 'SIGABRT' } });
    expect(readdirSync(folder)).toEqual([]);
    // This process is fine and builds on.
    expect((await buildIn(folder, addModel(), RTX)).bytes).toBeGreaterThan(0);
  });

  it('may be killed by the system', async () => {
    const folder = temporaryFolder();
    const runInProcess: BuildContext['runInProcess'] = (job, onEvents, options) => {
      let isKilled = false;
      const kill = (): void => {
        const child = isKilled ? undefined : childOf(process.pid);
        if (child === undefined) return;
        isKilled = true;
        process.kill(child, 'SIGKILL');
      };
      return runBuildInProcess(job, (events) => (kill(), onEvents(events)), options);
    };
    const error = await rejection(buildIn(folder, slow, RTX, { runInProcess }));
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_CRASHED', details: { signal: 'SIGKILL' } });
    expect(error.hint).toMatch(/lack of memory/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is named when it is no addon at all', async () => {
    const path = join(temporaryFolder(), 'fake.node');
    writeFileSync(path, 'text');
    const runInProcess: BuildContext['runInProcess'] = (job, onEvents, options) =>
      runBuildInProcess(job, onEvents, { ...options, addonPath: path });
    const error = await rejection(buildIn(temporaryFolder(), addModel(), RTX, { runInProcess }));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_ADDON' });
  });
});

describe('a library that has no memory', () => {
  it.each(['process', 'thread'] as const)('is told by its code from a %s', async (isolation) => {
    const folder = temporaryFolder();
    const words = 'Error Code 2: OutOfMemory (Requested size was 1073741824 bytes.)';
    const options = {
      runtime: 'tensorrt',
      libraryPath: standins.tensorRt(100600, words),
      isolation,
    } as const;
    const error = await rejection(buildIn(folder, addModel(), options, { driverLibrary: driver }));
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_OUT_OF_MEMORY' });
    expect(error.message).toContain(words);
    expect(error.hint).toMatch(/profile maxima or `workspaceBytes`/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the end of the parent', () => {
  it.each(['SIGKILL', 'SIGTERM', 'exit'] as const)(
    'by %s ends the child and removes its files',
    async (end) => {
      const folder = temporaryFolder();
      const model = join(folder, 'm.onnx');
      writeFileSync(model, slow);
      const script = `
      const { buildEngine } = require(${JSON.stringify(resolve(__dirname, '../../dist/index.js'))});
      const bytes = require('node:fs').readFileSync(${JSON.stringify(model)});
      const onProgress = () => {
        process.stdout.write('x');
        if (${JSON.stringify(end)} === 'exit') process.exit(3);
      };
      void buildEngine(bytes, { runtime: 'tensorrt-rtx', outputPath: ${JSON.stringify(join(folder, 'm.engine'))}, onProgress });`;
      const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((started) => parent.stdout.once('data', started));
      const child = end === 'exit' ? undefined : childOf(parent.pid!);
      if (end !== 'exit') parent.kill(end);
      if (child !== undefined) await untilGone(child);
      await until(() => readdirSync(folder).join() === 'm.onnx');
      expect(readdirSync(folder)).toEqual(['m.onnx']);
    },
  );
});

describe('process.exit() during a build on a thread', () => {
  // Native libraries tear themselves down at the exit: a thread inside TensorRT would crash some of these.
  it.each([200, 500, 900, 1300])('after %i ms ends with its own exit code', async (ms) => {
    const folder = temporaryFolder();
    const model = join(folder, 'm.onnx');
    writeFileSync(model, slow);
    const program = `
      const { buildEngine } = require(${JSON.stringify(resolve('dist/index.js'))});
      buildEngine(${JSON.stringify(model)}, { runtime: 'tensorrt-rtx', isolation: 'thread' });
      setTimeout(() => process.exit(7), ${ms});`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'pipe'] });
    let talk = '';
    child.stderr.on('data', (data: Buffer) => (talk += data.toString()));
    const end = await new Promise((done) => child.on('close', (code, signal) => done({ code, signal })));
    expect({ end, talk }).toEqual({ end: { code: 7, signal: null }, talk: '' });
  });
});

describe('two processes that build the same thing at once', () => {
  it('build it once', async () => {
    const cacheDir = join(temporaryFolder(), 'cache');
    const model = join(temporaryFolder(), 'm.onnx');
    writeFileSync(model, convModel());
    const script = `
      const { buildEngine } = require(${JSON.stringify(resolve(__dirname, '../../dist/index.js'))});
      buildEngine(${JSON.stringify(model)}, { runtime: 'tensorrt-rtx', cacheDir: ${JSON.stringify(cacheDir)} })
        .then((engine) => console.log(JSON.stringify([engine.cached, engine.manifest.plan.sha256])));`;
    const results = await Promise.all([1, 2, 3].map(() => outputOf(script)));
    const parsed = results.map((text) => JSON.parse(text) as [cached: boolean, sha256: string]);
    expect(parsed.filter(([cached]) => !cached)).toHaveLength(1);
    expect(new Set(parsed.map(([, digest]) => digest)).size).toBe(1);
    expect(readdirSync(cacheDir)).toHaveLength(2);
  });
});

function outputOf(script: string): Promise<string> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((ended) => child.once('close', () => ended(text)));
}

/** Pid of a child process, which the build started. */
function childOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}

async function untilGone(pid: number): Promise<void> {
  await until(
    () => !existsSync(`/proc/${pid}/stat`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')),
  );
}

/** Waits for something that another process does; the test's time limit ends a wait in vain. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(10);
}
