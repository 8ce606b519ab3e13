// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { currentAddonPlaces, type AddonPlaces } from '../../../lib/binding/addon-places';
import { findAddon } from '../../../lib/binding/find-addon';
import { TensorRTError } from '../../../lib/errors';
import { temporaryFolder } from '../../temporary-folder';

function places(
  files: readonly string[],
  changes: Partial<AddonPlaces> = {},
): AddonPlaces & { root: string } {
  const root = temporaryFolder();
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), 'not a binary');
  }
  return { env: {}, root, platform: 'linux', arch: 'x64', libc: 'glibc', ...changes };
}

function failure(of: AddonPlaces): TensorRTError {
  try {
    findAddon(of);
  } catch (error) {
    if (error instanceof TensorRTError) return error;
    throw error;
  }
  throw new Error('expected an error');
}

const BUILD = 'build/Release/tensorrt_node.node';
const PREBUILD = 'prebuilds/linux-x64/tensorrt-node.glibc.node';
const MUSL = 'prebuilds/linux-x64/tensorrt-node.musl.node';

describe('findAddon', () => {
  it('takes TENSORRT_NODE_ADDON, then a local build, then the prebuilt binary', () => {
    const all = places([BUILD, PREBUILD]);
    const env = { TENSORRT_NODE_ADDON: '/x/my.node' };
    expect(findAddon({ ...all, env })).toEqual({ path: '/x/my.node', origin: 'environment' });
    expect(findAddon(all)).toEqual({ path: join(all.root, BUILD), origin: 'local-build' });
    const installed = places([PREBUILD]);
    expect(findAddon(installed)).toEqual({ path: join(installed.root, PREBUILD), origin: 'prebuilt' });
  });

  it('takes the binary for the C library of the system', () => {
    const alpine = places([PREBUILD, MUSL], { libc: 'musl' });
    expect(findAddon(alpine).path).toBe(join(alpine.root, MUSL));
  });

  it('knows the C library of this process', () => {
    expect(currentAddonPlaces().libc).toBe(process.platform === 'linux' ? 'glibc' : null);
  });

  it('lists what it tried', () => {
    const musl = places([MUSL]);
    const error = failure(musl);
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_ADDON', details: { cause: 'missing' } });
    const tried = error.details.tried as { path: string; reason: string }[];
    expect(tried.at(-1)!.reason).toBe('made for musl, this system has glibc');
    expect(tried.map(({ path }) => path)).toContain(join(musl.root, BUILD));
  });

  it.each<[string, readonly string[], Partial<AddonPlaces>, RegExp, RegExp]>([
    ['musl', [PREBUILD], { libc: 'musl' }, /no binary for linux-x64 with musl/, /bookworm-slim/],
    ['platform', [PREBUILD], { platform: 'win32', libc: null }, /there are: linux-x64\./, /WSL 2/],
    [
      'platform',
      [],
      { platform: 'darwin', libc: null },
      /there are: linux-x64, linux-arm64/,
      /Linux container/,
    ],
    [
      'platform',
      [PREBUILD],
      { arch: 'arm64' },
      /no binary for linux-arm64 in/,
      /Install tensorrt-node again/,
    ],
    ['missing', [], {}, /prebuilds\/linux-x64 is not there/, /standalone/],
    ['missing', ['prebuilds/linux-x64/notes.txt'], {}, /has none for this system/, /--ignore-scripts or not/],
    ['missing', ['CMakeLists.txt'], {}, /checkout without a local build/, /npm run build/],
    ['bundled', [], { root: undefined }, /bundler moved tensorrt-node/, /--external:tensorrt-node/],
  ])('explains %s (%j, %j)', (...[cause, files, changes, message, hint]) => {
    const error = failure(places(files, changes));
    expect(error.details.cause).toBe(cause);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});
