// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { explainLoadFailure, findAddon, requireAddon, type AddonPlaces } from '../../../lib/binding/load';
import { temporaryFolder } from '../../temporary-folder';

function places(files: readonly string[], changes: Partial<AddonPlaces> = {}): AddonPlaces {
  const root = temporaryFolder();
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), 'not a binary');
  }
  return { env: {}, root, platform: 'linux', arch: 'x64', libc: 'glibc', ...changes };
}

const BUILD = 'build/Release/tensorrt_node.node';
const PREBUILD = 'prebuilds/linux-x64/tensorrt-node.glibc.node';

describe('findAddon', () => {
  it('takes TENSORRT_NODE_ADDON, then a local build, then the prebuilt binary', () => {
    const all = places([BUILD, PREBUILD]);
    expect(findAddon({ ...all, env: { TENSORRT_NODE_ADDON: '/x/my.node' } })).toBe('/x/my.node');
    expect(findAddon(all)).toBe(join(all.root, BUILD));
    const installed = places([PREBUILD]);
    expect(findAddon(installed)).toBe(join(installed.root, PREBUILD));
  });

  it('takes the binary for the C library of the system', () => {
    const files = [PREBUILD, 'prebuilds/linux-x64/tensorrt-node.musl.node'];
    const alpine = places(files, { libc: 'musl' });
    expect(findAddon(alpine)).toBe(join(alpine.root, files[1]!));
  });

  it('lists what it tried', () => {
    const musl = places(['prebuilds/linux-x64/tensorrt-node.musl.node']);
    const failure = catchError(() => findAddon(musl));
    expect(failure).toMatchObject({ code: 'ERR_TRT_LOAD_ADDON' });
    const tried = failure.details.tried as { path: string; reason: string }[];
    expect(tried.at(-1)!.reason).toBe('made for musl, this system has glibc');
    expect(tried.map(({ path }) => path)).toContain(join(musl.root, BUILD));
    const other = catchError(() => findAddon(places([], { platform: 'sunos', libc: null })));
    expect(other.hint).toContain('sunos');
  });
});

describe('requireAddon', () => {
  it('explains a file that does not load', () => {
    const { root } = places([BUILD]);
    expect(() => requireAddon(join(root, BUILD))).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_LOAD_ADDON',
        hint: expect.stringContaining('no binary for this platform') as string,
      }),
    );
    expect(() => requireAddon(join(root, 'none.node'))).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_LOAD_ADDON',
        hint: expect.stringContaining('TENSORRT_NODE_ADDON') as string,
      }),
    );
  });
});

describe('explainLoadFailure', () => {
  it.each([
    ["/lib/libc.so.6: version `GLIBC_2.34' not found (required by x.node)", 'glibc 2.28'],
    ['Module did not self-register', 'another Node.js'],
    ['something else', 'doctor'],
  ])('%s', (message, hint) => {
    expect(explainLoadFailure(message)).toContain(hint);
  });
});

function catchError(action: () => unknown): { code: string; hint: string; details: Record<string, unknown> } {
  try {
    action();
  } catch (error) {
    return error as never;
  }
  throw new Error('expected an error');
}
