// SPDX-License-Identifier: Apache-2.0
// What is in the tarball, and what must never get into it.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { tarball } from './installed-package';
import { ROOT } from './programs';

const ALLOWED = [
  /^package\.json$/,
  /^(README|CHANGELOG|SECURITY)\.md$/,
  /^LICENSE$/,
  /^docs\/reference\/(README\.md|errors\.md|[a-z-]+\.schema\.json)$/,
  /^dist\/.+\.(js|mjs|d\.ts|d\.mts)$/,
  /^dist\/html\/report\.css$/,
  /^prebuilds\/(manifest\.json|SHA256SUMS)$/,
  /^prebuilds\/linux-(x64|arm64)\/tensorrt-node\.glibc\.node$/,
];
/** What npm, or a tool that a user has, would take for an order to compile. */
const MAKES_NPM_COMPILE = /(^|\/)(binding\.gyp|CMakeLists\.txt|.*\.(cc|cpp|c|h|gypi))$/;
const MAX_BYTES = 8e6;
/** npm reads a local tarball several times and needs milliseconds for every file. */
const MAX_FILES = 150;

interface Manifest {
  version: string;
  main: string;
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, Record<string, string>>>;
  scripts?: Record<string, string>;
  gypfile?: boolean;
}

describe('the packed package', () => {
  let files: string[];
  let manifest: Manifest;

  beforeAll(() => {
    const listed = execFileSync('tar', ['-tzf', tarball()], { encoding: 'utf8' }).trimEnd().split('\n');
    files = listed.filter((path) => !path.endsWith('/')).map((path) => path.replace(/^package\//, ''));
    const text = execFileSync('tar', ['-xzOf', tarball(), 'package/package.json'], { encoding: 'utf8' });
    manifest = JSON.parse(text) as Manifest;
  });

  it('holds what a user needs and nothing else', () => {
    const others = files.filter((path) => !ALLOWED.some((pattern) => pattern.test(path)));
    expect(others).toEqual([]);
  });

  it('has every file that package.json names', () => {
    const entries = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry).flatMap((kind) => Object.values(kind)),
    );
    const named = [...entries, manifest.main, ...Object.values(manifest.bin)];
    const missing = named.map((path) => path.replace(/^\.\//, '')).filter((path) => !files.includes(path));
    expect(missing).toEqual([]);
  });

  it('is few files, which npm installs in little time', () => {
    expect(files.length).toBeLessThan(MAX_FILES);
  });

  it('gives npm nothing to compile or to run at install', () => {
    expect(files.filter((path) => MAKES_NPM_COMPILE.test(path))).toEqual([]);
    expect(manifest.gypfile).toBe(false);
    const atInstall = ['preinstall', 'install', 'postinstall', 'prepare'];
    expect(atInstall.filter((name) => manifest.scripts?.[name] !== undefined)).toEqual([]);
  });

  it('has the version of this checkout, and is under 8 MB', () => {
    const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
    expect(manifest.version).toBe(own.version);
    expect(statSync(tarball()).size).toBeLessThan(MAX_BYTES);
  });

  it('has the binaries of both architectures and their build manifest and checksums', (context) => {
    if (process.env.TENSORRT_NODE_TARBALL_BINARIES === 'local-build')
      context.skip('packed with --local-build: one binary, and that not the released one');
    const binaries = ['linux-arm64', 'linux-x64'].map(
      (folder) => `prebuilds/${folder}/tensorrt-node.glibc.node`,
    );
    expect(files.filter((path) => path.startsWith('prebuilds/')).sort()).toEqual(
      ['prebuilds/SHA256SUMS', ...binaries, 'prebuilds/manifest.json'].sort(),
    );
  });
});
