// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runtimePackages } from '../../../scripts/gpu-pack/lay-out.mjs';
import { PackError, packForGpu } from '../../../scripts/gpu-pack/pack.mjs';
import { PartWriter } from '../../../scripts/gpu-pack/split.mjs';

let base: string;
const folder = () => base;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'gpu-pack-test-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));
const quiet = () => undefined;
const OPTIONS = { 'part-mb': '48', 'with-lib': [], 'with-python': [] };

/** A package like ours in the places that are packed, with content that does not compress. */
function makePackage(root: string) {
  const files = {
    'package.json': JSON.stringify({ name: 'tensorrt-node', dependencies: { bindings: '1' } }),
    'dist/index.js': 'module.exports = {};',
    'dist/index.d.ts': 'export {};',
    'build/Release/tensorrt_node.node': 'not a binary',
    'build/Release/other.txt': 'x',
    'scripts/gpu-check.mjs': '',
    'scripts/gpu-check/check.mjs': '',
    'native/ops/kernel-bytes.json': '{}',
    'native/ops/operator.h': '',
    'node_modules/bindings/package.json': JSON.stringify({ dependencies: { inner: '1' } }),
    'node_modules/bindings/bindings.js': '',
    'node_modules/inner/package.json': '{}',
    'node_modules/other/package.json': '{}',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const noise = Buffer.from(
    Array.from({ length: 200_000 }, (_, index) => (index * index * 31) >>> (index % 13)),
  );
  writeFileSync(join(root, 'dist', 'noise.js'), noise);
}

describe('gpu-pack', () => {
  let root: string;
  let output: string;
  beforeEach(() => {
    root = join(folder(), 'package');
    output = join(folder(), 'out');
    makePackage(root);
  });
  const pack = (options = {}) => packForGpu({ ...OPTIONS, output, ...options }, quiet, root);
  const unpack = (...args: string[]) =>
    spawnSync('sh', [join(output, 'unpack.sh'), ...args], { encoding: 'utf8', cwd: folder() });

  it('packs what gpu:check needs, and nothing else', async () => {
    await pack();
    const target = join(folder(), 'target');
    const { status, stdout } = unpack(target);
    expect(status).toBe(0);
    expect(stdout).toContain(`node ${target}/scripts/gpu-check.mjs`);
    const files = (readdirSync(target, { recursive: true }) as string[]).filter((path) =>
      statSync(join(target, path)).isFile(),
    );
    expect(files.sort()).toEqual([
      'README.md',
      'build/Release/tensorrt_node.node',
      'dist/index.js',
      'dist/noise.js',
      'native/ops/kernel-bytes.json',
      'node_modules/bindings/bindings.js',
      'node_modules/bindings/package.json',
      'node_modules/inner/package.json',
      'package.json',
      'scripts/gpu-check.mjs',
      'scripts/gpu-check/check.mjs',
    ]);
  });

  it('cuts it into parts of the given size, which may come to the host in another folder', async () => {
    const { parts } = await pack({ 'part-mb': '0.03' });
    expect(parts.length).toBeGreaterThan(1);
    for (const { name, bytes } of parts) expect(statSync(join(output, name)).size).toBe(bytes);
    expect(Math.max(...parts.map(({ bytes }: { bytes: number }) => bytes))).toBeLessThanOrEqual(0.03e6);
    const elsewhere = join(folder(), 'parts with spaces');
    mkdirSync(elsewhere);
    for (const { name } of parts) renameSync(join(output, name), join(elsewhere, name));
    const missing = unpack(join(folder(), 'x'));
    expect([missing.status, missing.stderr]).toEqual([
      1,
      expect.stringContaining(`${parts[0]!.name} ${parts[1]!.name}`),
    ]);
    const target = join(folder(), 'target');
    expect(unpack(target, elsewhere).status).toBe(0);
    expect(readFileSync(join(target, 'dist', 'noise.js'))).toEqual(
      readFileSync(join(root, 'dist', 'noise.js')),
    );
  });

  it('unpacks nothing where a part is damaged', async () => {
    const { parts } = await pack();
    appendFileSync(join(output, parts[0]!.name), 'x');
    const target = join(folder(), 'target');
    const { status, stderr } = unpack(target);
    expect([status, stderr]).toEqual([1, expect.stringContaining('a part is damaged')]);
    expect(existsSync(join(target, 'dist'))).toBe(false);
  });

  it('takes Node, libraries, Python packages and engines along', async () => {
    const given = join(folder(), 'given');
    const files = ['lib/libnvinfer.so.11', 'lib/readme.txt', 'site/tensorrt/__init__.py', 'site/numpy/x.py'];
    for (const path of [...files, 'node', 'libonnxruntime.so', 'engines/tensorrt-11/add.engine']) {
      mkdirSync(dirname(join(given, path)), { recursive: true });
      writeFileSync(join(given, path), path);
    }
    await pack({
      'with-node': join(given, 'node'),
      'with-lib': [join(given, 'lib')],
      'with-python': [join(given, 'site')],
      'with-onnxruntime': join(given, 'libonnxruntime.so'),
      'with-engines': join(given, 'engines'),
    });
    const target = join(folder(), 'target');
    expect(unpack(target).stdout).toContain(`${target}/bin/node ${target}/scripts/gpu-check.mjs`);
    expect(readdirSync(join(target, '.sdk', 'lib'))).toEqual(['libnvinfer.so.11']);
    expect(readdirSync(join(target, '.sdk', 'python'))).toEqual(['tensorrt']);
    expect(existsSync(join(target, 'onnxruntime', 'libonnxruntime.so.1'))).toBe(true);
    expect(existsSync(join(target, 'engines', 'tensorrt-11', 'add.engine'))).toBe(true);
    expect(statSync(join(target, 'bin', 'node')).mode & 0o111).not.toBe(0);
  });

  it('makes the same bytes from the same content', async () => {
    const { parts } = await pack();
    const copy = join(folder(), 'copy');
    cpSync(root, copy, { recursive: true });
    const again = await packForGpu({ ...OPTIONS, output: join(folder(), 'again') }, quiet, copy);
    expect(again.parts).toEqual(parts);
  });

  it.each([
    [{ 'part-mb': '0' }, '--part-mb takes a number above 0, not 0.'],
    [{ 'with-node': '/no/such/node' }, '--with-node /no/such/node: there is no such file or folder.'],
    [{ 'with-lib': ['/no/lib'] }, '--with-lib /no/lib'],
  ])('refuses %j', async (options, message) => {
    await expect(pack(options)).rejects.toThrow(message);
    await expect(pack(options)).rejects.toBeInstanceOf(PackError);
  });

  it('knows the dependencies of dependencies', () => {
    expect(runtimePackages(root)).toEqual(['bindings', 'inner']);
  });
});

describe('PartWriter', () => {
  it('fills each part to its limit, whatever comes in one piece', () => {
    const writer = new PartWriter(folder(), 10);
    for (const size of [3, 7, 25, 1]) writer.write(Buffer.alloc(size, size));
    writer.end();
    writer.end();
    expect(writer.done.map(({ bytes }: { bytes: number }) => bytes)).toEqual([10, 10, 10, 6]);
  });
});
