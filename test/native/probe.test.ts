// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { buildEngine, probe } from '../../lib/index';
import { forkWorker } from '../../lib/runtime/fork-worker';
import { addModel } from '../onnx-models';
import { Standins } from '../standins';
import { rejection, temporaryFolder } from '../temporary-folder';

const standins = new Standins();
afterAll(() => standins.remove());

describe('probe', () => {
  it.each([false, true])('finds what this machine has (isolated: %s)', async (isolated) => {
    const report = await probe({ isolated });
    expect(report.addon).toMatchObject({ available: true, reason: null });
    expect(report.tensorrt).toContainEqual(expect.objectContaining({ family: 'tensorrt-rtx', usable: true }));
    expect(report.cpu).toMatchObject({ available: true, reason: null });
    expect(report.cpu.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(report.advice.join()).not.toContain('child process failed');
  });

  it('survives a library that crashes when it is opened, and names it', async () => {
    const folder = standins.crashingOnOpen();
    const { tensorrt } = await probe({ libraryPath: folder, isolated: true });
    expect(tensorrt).toMatchObject([{ path: join(folder, 'libnvinfer.so.11'), usable: false }]);
    expect(tensorrt[0]!.reason).toMatch(/opening it ended the process by SIG(ILL|TRAP)/);
  });

  it('tells versions that are not supported', async () => {
    const { tensorrt } = await probe({ libraryPath: standins.tensorRt(8601) });
    expect(tensorrt).toMatchObject([{ family: null, version: '8.6.1', usable: false }]);
  });

  it('never rejects', async () => {
    expect((await probe({ libraryPath: '/nowhere' })).tried).toHaveLength(1);
    expect((await probe(null as never)).addon.available).toBe(true);
    expect((await probe({ libraryPath: 5 as never })).tensorrt.length).toBeGreaterThan(0);
  });
});

describe('choosing a library for a build', () => {
  const codeFor = async (libraryPath: string) =>
    (await rejection(buildEngine(addModel(), { runtime: 'tensorrt-rtx', libraryPath }))).code;
  const autoCodeFor = async (libraryPath: string) =>
    (await rejection(buildEngine(addModel(), { libraryPath }))).code;

  it('refuses libraries of other versions by name', async () => {
    expect(await codeFor(standins.tensorRtRtx(10400))).toBe('ERR_TRT_LOAD_TENSORRT_UNSUPPORTED');
    expect(await autoCodeFor(standins.tensorRt(8601))).toBe('ERR_TRT_LOAD_TENSORRT_UNSUPPORTED');
    expect(await autoCodeFor(standins.tensorRt(120000))).toBe('ERR_TRT_LOAD_TENSORRT_UNSUPPORTED');
  });

  it('refuses a file that is no library, and a folder without any', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'libtensorrt_rtx.so.1'), 'text');
    expect(await codeFor(folder)).toBe('ERR_TRT_LOAD_TENSORRT_BROKEN');
    expect(await codeFor(join(folder, 'empty'))).toBe('ERR_TRT_LOAD_TENSORRT_NOT_FOUND');
  });
});

describe('a worker process', () => {
  it('may report any number of errors without ending this process', async () => {
    const child = forkWorker('runtime/probe-worker');
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdout?.resume();
    child.stderr?.resume();
    for (let i = 0; i < 3; i++) expect(child.emit('error', new Error('kill EPERM'))).toBe(true);
    child.kill('SIGKILL');
    await ended;
  });
});
