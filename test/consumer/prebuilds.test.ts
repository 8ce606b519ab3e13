// SPDX-License-Identifier: Apache-2.0
// The binaries in prebuilds/ as they will be packed: whole, as the manifest says, and they load.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkPrebuilds, readManifest } from '../../scripts/prebuild/manifest.mjs';
import { TARGETS, binaryPath } from '../../scripts/prebuild/targets.mjs';
import { arm64Runtime } from '../../scripts/sdk/arm64.mjs';
import { SDK } from '../../scripts/sdk/steps.mjs';

const root = join(__dirname, '..', '..');
const folder = join(root, 'prebuilds');
const manifest = readManifest(folder);
const present = TARGETS.filter((target) => manifest?.files[binaryPath(target)] !== undefined);
const has = (name: string) => present.some((target) => target.name === name);

if (manifest === null) console.warn('skipped: no prebuilds/manifest.json; npm run prebuild makes it');

/** The programs that open a binary: this Node.js, and one of arm64 in an emulator where both are there. */
function runnerOf(target: string): string[] | null {
  if (target === `${process.platform}-${process.arch}`) return [process.execPath];
  const node = join(SDK, 'consumers', 'arm64', 'node_modules', 'node-22', 'bin', 'node');
  const runtime = arm64Runtime(SDK);
  if (target !== 'linux-arm64' || runtime === null || !existsSync(node)) return null;
  return [runtime.qemu, '-L', runtime.sysroot, node];
}

/** What the binary says of itself; a C++ exception that becomes an error of JavaScript; a library that is not there. */
const ASK = `
  const addon = require(process.argv[1]);
  const errors = [];
  try { addon.probeTensorRt(7); } catch (error) { errors.push(error.name); }
  addon.probeTensorRt('/nowhere/libnvinfer.so.10').then((report) => {
    console.log(JSON.stringify({ arch: process.arch, info: addon.buildInfo, errors, report }));
    addon.shutdown();
  });`;

interface Answer {
  arch: string;
  info: { version: string; families: string[]; compiler: string };
  errors: string[];
  report: { missing: boolean; reason: string };
}

describe.skipIf(manifest === null)('prebuilds/', () => {
  it('is what its manifest says, in every binary', () => {
    expect(checkPrebuilds(folder, present)).toEqual([]);
  });

  it('was made of this version, for glibc 2.28 and Node-API 8, without a C++ runtime of the system', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(manifest).toMatchObject({ version, napi: 8, glibc: '2.28', compiler: { name: 'zig' } });
    expect(Object.keys(manifest!.headers).sort()).toEqual([
      ...['node-addon-api', 'node-api-headers', 'tensorrt-10', 'tensorrt-11', 'tensorrt-rtx'],
    ]);
    for (const target of present) {
      const { needed } = manifest!.files[binaryPath(target)];
      expect(needed.filter((name: string) => /stdc|gcc|c\+\+/.test(name))).toEqual([]);
      expect(manifest!.flags[target.name].compile).toContain('-O2');
    }
  });

  it.for(TARGETS.map(({ name }) => name))('loads and answers: %s', (name, { skip }) => {
    const runner = runnerOf(name);
    if (!has(name)) skip(`${name} is not built`);
    if (runner === null) skip(`nothing here runs ${name}: npm run sdk -- --group prebuild-test,consumers`);
    const [program, ...args] = runner as [string, ...string[]];
    const file = join(folder, name, 'tensorrt-node.glibc.node');
    const output = execFileSync(program, [...args, '-e', ASK, file], { encoding: 'utf8' });
    const answer = JSON.parse(output) as Answer;
    expect(`linux-${answer.arch}`).toBe(name);
    expect(answer.info.version).toBe(manifest!.version);
    expect(answer.info.families).toEqual(['tensorrt-10', 'tensorrt-11', 'tensorrt-rtx']);
    expect(answer.info.compiler).toMatch(/^clang /);
    expect(answer.errors).toEqual([expect.stringMatching(/Error$/)]);
    expect(answer.report).toMatchObject({
      missing: true,
      reason: expect.stringContaining('libnvinfer.so.10'),
    });
  });
});
