// SPDX-License-Identifier: Apache-2.0
// The arm64 binary of the tarball: natively on arm64 (the other files do that), elsewhere in an emulator.
// ONNX Runtime's own arm64 library crashes in qemu 7.2, so inferences are not run here.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';

import { arm64Runtime } from '../../scripts/sdk/arm64.mjs';
import { writePrograms } from './consumer-programs';
import { installedPackage, writeProjectFile } from './installed-package';
import { ROOT, runForJson, runForOutput, TOOLS } from './programs';

const NODE = join(TOOLS, 'arm64', 'node_modules', 'node-22', 'bin', 'node');
const BINARY = 'node_modules/tensorrt-node/prebuilds/linux-arm64/tensorrt-node.glibc.node';
/** An emulated Node.js starts in a second or two, and in ten on a busy machine. */
const TIMEOUT_MS = 120_000;

const LOAD = `
const { probe } = require('tensorrt-node');
probe().then(({ platform, addon }) =>
  console.log(JSON.stringify({ platform, origin: addon.origin, path: addon.path, reason: addon.reason })));`;

describe('linux-arm64, emulated', () => {
  const emulator = arm64Runtime(join(ROOT, '.sdk'));
  let folder: string;

  beforeAll(async () => {
    folder = await installedPackage();
    writePrograms(folder);
    writeProjectFile(folder, 'load.cjs', LOAD);
  });

  /** The command in the emulator; skips the test where a part of it is missing. */
  function emulated(context: TestContext, ...args: string[]): [string, string[]] {
    if (process.arch === 'arm64')
      return context.skip('this machine is arm64: the other files test its binary');
    if (emulator === null)
      return context.skip('no qemu-aarch64 with a sysroot: npm run sdk -- --group prebuild-test');
    if (!existsSync(NODE)) return context.skip(`${NODE} is missing: npm run sdk -- --group consumers`);
    if (!existsSync(join(folder, BINARY)))
      return context.skip('the tarball has no arm64 binary (--local-build)');
    return [emulator.qemu, ['-L', emulator.sysroot, NODE, ...args]];
  }

  it('is an arm64 Node.js', async (context) => {
    const [program, args] = emulated(context, '--print', 'process.arch');
    expect(await runForOutput(program, args, { cwd: folder, timeoutMs: TIMEOUT_MS })).toBe('arm64\n');
  });

  it('loads the prebuilt binary', async (context) => {
    const [program, args] = emulated(context, 'load.cjs');
    expect(await runForJson(program, args, { cwd: folder, timeoutMs: TIMEOUT_MS })).toEqual({
      platform: 'linux-arm64',
      origin: 'prebuilt',
      path: join(folder, BINARY),
      reason: null,
    });
  });

  it('says which line adds the CPU runtime', async (context) => {
    const [program, args] = emulated(context, 'without-runtime.cjs');
    expect(await runForJson(program, args, { cwd: folder, timeoutMs: TIMEOUT_MS })).toMatchObject({
      code: 'ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND',
      hint: expect.stringContaining('npm install onnxruntime-node') as string,
    });
  });
});
