// SPDX-License-Identifier: Apache-2.0
// prebuilds/ as it is checked before it is packed: manifest, checksums and binaries belong together.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { selectTargets } from '../../../scripts/prebuild.mjs';
import { currentCommit } from '../../../scripts/prebuild/make-prebuilds.mjs';
import { readInputs } from '../../../scripts/prebuild/inputs.mjs';
import {
  checkPrebuilds,
  isUpToDate,
  readManifest,
  removeStale,
  sha256,
  writeManifest,
} from '../../../scripts/prebuild/manifest.mjs';
import { compareBuilds, copyParts } from '../../../scripts/prebuild/reproducible.mjs';
import { TARGETS, binaryPath } from '../../../scripts/prebuild/targets.mjs';
import { allSteps } from '../../../scripts/sdk/steps.mjs';
import { makeElf } from '../../elf-builder';
import { temporaryFolder } from '../../temporary-folder';

const [X64, ARM64] = TARGETS.map(binaryPath) as [string, string];
const [x64] = TARGETS as [(typeof TARGETS)[0]];

function binary(machine: number): Buffer {
  return makeElf({
    machine,
    exported: ['napi_register_module_v1', 'node_api_module_get_api_version_v1'],
    needed: ['libc.so.6'],
    versions: { 'libc.so.6': ['GLIBC_2.17'] },
  });
}

/** Writes both binaries and what is said of them. */
function fill(folder: string, sourceDigest = 'a') {
  const contents = { [X64]: binary(62), [ARM64]: binary(183) };
  const files: Record<string, object> = {};
  for (const [path, bytes] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
    files[path] = {
      ...{ sha256: sha256(bytes), bytes: bytes.length },
      ...{ glibcNeeded: '2.17', needed: ['libc.so.6'] },
    };
  }
  writeManifest(folder, { schemaVersion: 1, sourceDigest, files });
}

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  fill(folder);
});

function change(path: string, edit: (bytes: Buffer) => Buffer | string) {
  writeFileSync(join(folder, path), edit(readFileSync(join(folder, path))));
}

describe('checkPrebuilds', () => {
  it('has nothing against what was just made', () => {
    expect(checkPrebuilds(folder)).toEqual([]);
    expect(readFileSync(join(folder, 'SHA256SUMS'), 'utf8')).toBe(
      `${sha256(binary(62))}  ${X64}\n${sha256(binary(183))}  ${ARM64}\n`,
    );
  });

  it('finds a binary that is missing, changed, or for another architecture', () => {
    rmSync(join(folder, X64));
    expect(checkPrebuilds(folder)).toEqual([`${X64} is missing`]);
    fill(folder);
    change(X64, (bytes) => bytes.subarray(0, 100));
    expect(checkPrebuilds(folder)).toEqual([
      expect.stringMatching(/SHA-256 is [0-9a-f]{64} \(100 bytes\), manifest/),
    ]);
    fill(folder);
    const manifest = readManifest(folder);
    writeFileSync(join(folder, ARM64), binary(62));
    manifest.files[ARM64].sha256 = sha256(binary(62));
    writeManifest(folder, manifest);
    expect(checkPrebuilds(folder)).toEqual([`${ARM64} made for x64, expected arm64`]);
  });

  it('finds a binary that the manifest does not know, or says something else of', () => {
    writeFileSync(join(folder, 'linux-x64', 'other.node'), 'x');
    expect(checkPrebuilds(folder)).toEqual(['linux-x64/other.node is there, but not in manifest.json']);
    rmSync(join(folder, 'linux-x64', 'other.node'));
    const manifest = readManifest(folder);
    manifest.files[X64].glibcNeeded = '2.5';
    writeManifest(folder, manifest);
    expect(checkPrebuilds(folder)).toEqual([`${X64}: glibcNeeded is 2.17, manifest.json has 2.5`]);
  });

  it('finds checksums that do not fit, and a manifest that is none', () => {
    change('SHA256SUMS', (text) => text.toString().replace(/[0-9a-f]/, 'x'));
    expect(checkPrebuilds(folder)).toEqual([`SHA256SUMS has another digest for ${X64}, or none`]);
    for (const text of ['', '{', 'null', '{"schemaVersion":2,"files":{}}', '{"schemaVersion":1}']) {
      change('manifest.json', () => text);
      expect(checkPrebuilds(folder)).toEqual([
        expect.stringContaining('is missing or no manifest: run npm run prebuild'),
      ]);
    }
  });

  it('looks at the targets that are asked for', () => {
    rmSync(join(folder, ARM64));
    expect(checkPrebuilds(folder, [x64])).toEqual([]);
  });
});

describe('isUpToDate', () => {
  it('holds for the same sources and an unchanged file', () => {
    expect(isUpToDate(folder, x64, { sourceDigest: 'a' })).toBe(true);
    expect(isUpToDate(folder, x64, { sourceDigest: 'b' })).toBe(false);
    change(X64, (bytes) => Buffer.concat([bytes, bytes]));
    expect(isUpToDate(folder, x64, { sourceDigest: 'a' })).toBe(false);
    rmSync(join(folder, X64));
    expect(isUpToDate(folder, x64, { sourceDigest: 'a' })).toBe(false);
    expect(isUpToDate(join(folder, 'nowhere'), x64, { sourceDigest: 'a' })).toBe(false);
  });
});

describe('removeStale', () => {
  it('removes the binary that was not made of these sources', () => {
    const manifest = readManifest(folder);
    manifest.files = { [X64]: manifest.files[X64] };
    expect(removeStale(folder, manifest)).toEqual([ARM64]);
    writeManifest(folder, manifest);
    expect(checkPrebuilds(folder, [x64])).toEqual([]);
  });
});

describe('compareBuilds', () => {
  it('gives the digests of equal files and names those that differ', () => {
    const second = temporaryFolder();
    fill(second);
    expect(compareBuilds(folder, second, TARGETS)).toEqual({
      [X64]: sha256(binary(62)),
      [ARM64]: sha256(binary(183)),
    });
    change(X64, (bytes) => {
      bytes[200]! ^= 1;
      return bytes;
    });
    expect(() => compareBuilds(folder, second, TARGETS)).toThrow(
      `${X64}: 1 of ${binary(62).length} bytes, the first at 200`,
    );
    fill(second, 'other');
    expect(() => compareBuilds(folder, second, [x64])).toThrow('the sources were changed meanwhile');
  });
});

describe('currentCommit', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      encoding: 'utf8',
    });

  it('is null outside of a repository, where sources were changed, and without git', async () => {
    expect(await currentCommit(folder)).toBeNull();
    writeFileSync(join(folder, 'CMakeLists.txt'), '');
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '--message', 'first');
    expect(await currentCommit(folder)).toBe(git('rev-parse', 'HEAD').trim());
    writeFileSync(join(folder, 'README.md'), 'no source');
    expect(await currentCommit(folder)).toBe(git('rev-parse', 'HEAD').trim());
    vi.stubEnv('PATH', '/nowhere');
    expect(await currentCommit(folder)).toBeNull();
    vi.unstubAllEnvs();
    writeFileSync(join(folder, 'CMakeLists.txt'), 'changed');
    expect(await currentCommit(folder)).toBeNull();
  });
});

describe('copyParts', () => {
  it('copies all that set-up and the digest of the sources read', () => {
    const root = join(__dirname, '..', '..', '..');
    const copy = join(temporaryFolder(), 'copy');
    copyParts(root, copy);
    const script = `
      import { allSteps } from ${JSON.stringify(join(copy, 'scripts', 'sdk', 'steps.mjs'))};
      console.log(allSteps().length);`;
    const steps = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(Number(steps)).toBe(allSteps().length);
    expect(readInputs(copy).sourceDigest).toBe(readInputs(root).sourceDigest);
  });
});

describe('selectTargets', () => {
  it('takes names with commas, all without any, and refuses others', () => {
    const names = (given?: string[]) => selectTargets(given).map(({ name }) => name);
    expect(names()).toEqual(['linux-x64', 'linux-arm64']);
    expect(names(['linux-arm64'])).toEqual(['linux-arm64']);
    expect(names(['linux-arm64,linux-x64'])).toEqual(['linux-x64', 'linux-arm64']);
    expect(() => names(['win32-x64'])).toThrow('no target "win32-x64"; there are linux-x64, linux-arm64');
  });
});
