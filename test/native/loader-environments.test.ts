// SPDX-License-Identifier: Apache-2.0
// Systems on which nothing, or not much, can be written: a container with a read-only root, no folder for temporary
// files, a service user without a home.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi, type TestContext } from 'vitest';

import { makeTemporaryFolder } from '../../lib/temporary-folder';
import { buildEngine, probe } from '../../lib/index';
import { addModel } from '../onnx-models';
import { rejection, temporaryFolder } from '../temporary-folder';
import { InstalledPackage, plainEnvironment, runScript, whyNot } from './loader-install';

/** A command that runs another with a file system that is read-only everywhere, /tmp included. */
function readOnlyEverywhere(context: TestContext, writable: string): string[] {
  const remount = `
    mount --bind "$0" "$0"
    grep -E ' (ext4|xfs|btrfs|overlay|tmpfs|vfat|virtiofs|9p) ' /proc/mounts | cut -d' ' -f2 | while read folder; do
      case "$folder" in "$0") ;; *) mount -o remount,ro,bind "$folder" || true ;; esac
    done
    if touch /tmp/.trtn-writable 2>/dev/null; then rm /tmp/.trtn-writable; echo /tmp is still writable >&2; exit 9; fi
    exec "$@"`;
  const command = ['unshare', '-rm', 'sh', '-c', remount, writable];
  const reason = whyNot(command[0]!, [...command.slice(1), 'true']);
  if (reason !== undefined) context.skip(`the file systems cannot be made read-only here: ${reason}`);
  return command;
}

const failureOf = `const failure = (promise) => promise.then(() => null, ({ code, message, hint }) => ({ code, message, hint }));`;

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

describe('a file system that is read-only everywhere', () => {
  it('is enough to load the addon, to probe and to run on the CPU; a build says what it lacks', async (context) => {
    const installed = new InstalledPackage();
    const command = readOnlyEverywhere(context, temporaryFolder());
    const script = `
      const trt = require(${JSON.stringify(installed.folder)});
      ${failureOf}
      const model = Buffer.from('${Buffer.from(addModel()).toString('base64')}', 'base64');
      (async () => {
        const report = await trt.probe();
        const session = await trt.createSession(model, { device: 'cpu' });
        const { inputs } = session;
        await session.close();
        const build = await failure(trt.buildEngine(model, { runtime: 'tensorrt-rtx' }));
        const output = await failure(trt.buildEngine(model, { runtime: 'tensorrt-rtx', outputPath: ${JSON.stringify(join(installed.folder, 'm.engine'))} }));
        const cache = await failure(trt.buildEngine(model, { runtime: 'tensorrt-rtx', cacheDir: ${JSON.stringify(join(installed.folder, 'cache'))} }));
        console.log(JSON.stringify({ addon: report.addon, inputs: inputs.length, build, output, cache }));
      })();`;
    const rtx = (await probe()).tensorrt.find(({ family, usable }) => usable && family === 'tensorrt-rtx');
    const env = plainEnvironment({ TENSORRT_NODE_LIB_DIR: dirname(rtx!.path) });
    delete env.TMPDIR;
    const { stdout, stderr } = runScript(script, { env, command: [...command, process.execPath] });
    expect(stdout, stderr).not.toBe('');
    const found = JSON.parse(stdout) as { addon: unknown; inputs: number } & Record<
      'build' | 'output' | 'cache',
      Failure
    >;
    expect(found.addon).toMatchObject({ available: true, origin: 'prebuilt' });
    expect(found.inputs).toBeGreaterThan(0);
    expect(found.build).toMatchObject({ code: 'ERR_TRT_LOAD_TEMPORARY_FOLDER' });
    expect(found.build.message).toMatch(
      /^The folder for temporary files, \/tmp \(the default\), is on a file system that is mounted read-only\.$/,
    );
    expect(found.build.hint).toContain('--tmpfs /tmp');
    expect(found.output).toMatchObject({ code: 'ERR_TRT_BUILD_OUTPUT' });
    expect(found.output.hint).toContain('mounted read-only');
    expect(found.cache).toMatchObject({ code: 'ERR_TRT_BUILD_CACHE' });
    expect(found.cache.hint).toContain('mounted read-only');
  });
});

describe('no folder for temporary files', () => {
  const build = () => rejection(buildEngine(addModel(), { runtime: 'tensorrt-rtx' }));

  it('ERR_TRT_LOAD_TEMPORARY_FOLDER: one that is not there', async () => {
    const path = join(temporaryFolder(), 'gone');
    vi.stubEnv('TMPDIR', path);
    onTestFinished(() => void vi.unstubAllEnvs());
    const expected = {
      code: 'ERR_TRT_LOAD_TEMPORARY_FOLDER',
      message: `The folder for temporary files, ${path} (from TMPDIR), does not exist.`,
      details: { path, variable: 'TMPDIR', errno: 'ENOENT' },
    };
    expect(await build()).toMatchObject(expected);
    expect(() => makeTemporaryFolder('trtn-')).toThrow(expect.objectContaining(expected) as Error);
  });

  it('ERR_TRT_LOAD_TEMPORARY_FOLDER: one that is a file', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, '');
    vi.stubEnv('TMPDIR', path);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await build()).toMatchObject({
      code: 'ERR_TRT_LOAD_TEMPORARY_FOLDER',
      message: expect.stringContaining('is no folder') as string,
    });
  });

  it('ERR_TRT_LOAD_TEMPORARY_FOLDER: one that this user may not write to', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may write everywhere');
    const path = join(temporaryFolder(), 'closed');
    mkdirSync(path);
    chmodSync(path, 0o500);
    vi.stubEnv('TMPDIR', path);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await build()).toMatchObject({
      code: 'ERR_TRT_LOAD_TEMPORARY_FOLDER',
      message: expect.stringContaining('is not writable for this user') as string,
    });
  });

  it('is not needed to load the addon', () => {
    const outcome = new InstalledPackage().load({
      TMPDIR: '/nowhere',
      HOME: '/nowhere',
      TENSORRT_NODE_ADDON_CHECK: '1',
    });
    expect(outcome.version).toBeDefined();
  });
});
