// SPDX-License-Identifier: Apache-2.0
// What package.json, the lock file and the root's configuration promise to those who install the package.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(__dirname, '..', '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const manifest = JSON.parse(read('package.json'));

describe('package.json', () => {
  it('runs nothing at install', () => {
    const atInstall = [
      'preinstall',
      'install',
      'postinstall',
      'prepare',
      'prepublish',
      'preprepare',
      'postprepare',
    ];
    expect(Object.keys(manifest.scripts).filter((name) => atInstall.includes(name))).toEqual([]);
    // Without this npm would run node-gyp at install, because there is a binding.gyp.
    expect(manifest.gypfile).toBe(false);
  });

  it('does not need the CPU runtime, which downloads at install', () => {
    expect(Object.keys(manifest.dependencies)).not.toContain('onnxruntime-node');
    expect(manifest.peerDependenciesMeta['onnxruntime-node']).toEqual({ optional: true });
  });

  it('supports Node 20 and has one Node-API version', () => {
    expect(manifest.engines).toEqual({ node: '>=20' });
    expect(manifest.binary).toEqual({ napi_versions: [8] });
  });

  it('pins every package that it uses', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version as string))).toEqual([]);
  });

  it('gives types to ESM and CommonJS, types first', () => {
    const { import: esm, require: cjs } = manifest.exports['.'];
    expect(Object.keys(esm)).toEqual(['types', 'default']);
    expect(Object.keys(cjs)).toEqual(['types', 'default']);
    expect([manifest.main, manifest.types]).toEqual([cjs.default, cjs.types]);
  });

  it('ships no source, test or build file', () => {
    const allowed =
      /^(!?dist|prebuilds|docs\/reference\/(errors\.md|\*\.schema\.json)|README\.md|CHANGELOG\.md|LICENSE|SECURITY\.md)/;
    expect(manifest.files.filter((entry: string) => !allowed.test(entry))).toEqual([]);
  });
});

describe('package-lock.json', () => {
  it('fits package.json and names no host', () => {
    const lock = JSON.parse(read('package-lock.json'));
    expect(lock.packages[''].devDependencies).toEqual(manifest.devDependencies);
    expect(lock.packages[''].dependencies).toEqual(manifest.dependencies);
    const packages = Object.values<{ resolved?: string; integrity?: string }>(lock.packages).slice(1);
    expect(packages.filter((entry) => entry.resolved !== undefined)).toEqual([]);
    expect(packages.filter((entry) => !entry.integrity?.startsWith('sha512-'))).toEqual([]);
  });
});

describe('.npmrc', () => {
  it("runs no package's install script in a checkout", () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  });
});
