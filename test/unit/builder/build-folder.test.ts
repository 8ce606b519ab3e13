// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';

import { BuildFolder } from '../../../lib/builder/build-folder';
import { rejection, temporaryFolder } from '../../temporary-folder';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, rm: vi.fn(real.rm) };
});

describe('BuildFolder', () => {
  it('is gone when it is removed', async () => {
    const parent = temporaryFolder();
    const folder = await BuildFolder.create(parent);
    expect(existsSync(await folder.writeModel(new Uint8Array(4)))).toBe(true);
    await folder.remove();
    expect(readdirSync(parent)).toEqual([]);
  });

  it('does not fail a build by what it cannot remove, and tries again at the end of the process', async () => {
    const folder = await BuildFolder.create(temporaryFolder());
    vi.mocked(fs.rm).mockRejectedValueOnce(Object.assign(new Error('busy'), { code: 'EBUSY' }));
    await folder.remove();
    expect(existsSync(folder.path)).toBe(true);
    const atExit = process.listeners('exit').at(-1) as () => void;
    atExit();
    expect(existsSync(folder.path)).toBe(false);
  });

  it('stops writing when the signal fires', async () => {
    const folder = await BuildFolder.create(temporaryFolder());
    const controller = new AbortController();
    const externalData = { 'a.bin': new Uint8Array(4) };
    const writing = rejection(folder.writeModel(new Uint8Array(4), externalData, controller.signal));
    controller.abort('enough');
    expect(await writing).toMatchObject({ code: 'ERR_TRT_BUILD_CANCELLED', cause: 'enough' });
    expect(existsSync(join(folder.path, 'model', 'a.bin'))).toBe(false);
  });
});
