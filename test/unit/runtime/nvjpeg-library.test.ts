// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { beforeEach, expect, it } from 'vitest';

import { locateNvjpeg, NVJPEG_VARIABLE } from '../../../lib/runtime/nvjpeg-library';

let root = '';
const place = async (...parts: string[]): Promise<string> => {
  const path = join(root, ...parts);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '');
  return path;
};
const locate = (env: NodeJS.ProcessEnv = {}) =>
  locateNvjpeg({ env, home: join(root, 'home'), root, systemRoot: join(root, 'system'), arch: 'x64' });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'nvjpeg-places-'));
});

it('takes the named library, and no other', async () => {
  expect(await locate({ [NVJPEG_VARIABLE]: './lib/libnvjpeg.so' })).toEqual({
    libraries: [resolve('lib/libnvjpeg.so')],
    tried: [],
  });
  expect((await locate({ [NVJPEG_VARIABLE]: 'libnvjpeg.so.12' })).libraries).toEqual(['libnvjpeg.so.12']);
});

it('looks into Python packages, then asks the loader, then looks into the system', async () => {
  const site = ['venv', 'lib', 'python3.11', 'site-packages', 'nvidia'];
  const twelve = await place(...site, 'nvjpeg', 'lib', 'libnvjpeg.so.12');
  const thirteen = await place(...site, 'cu13', 'lib', 'libnvjpeg.so.13');
  const cuda = await place('system', 'usr', 'local', 'cuda-12.8', 'lib64', 'libnvjpeg.so.12');
  const distribution = await place('system', 'usr', 'lib', 'x86_64-linux-gnu', 'libnvjpeg.so.12');
  await place('system', 'usr', 'local', 'cudaless', 'lib64', 'libnvjpeg.so.12');
  const { libraries, tried } = await locate({ VIRTUAL_ENV: join(root, 'venv') });
  expect(libraries).toEqual([thirteen, twelve, 'libnvjpeg.so.13', 'libnvjpeg.so.12', cuda, distribution]);
  expect(tried).toEqual([{ path: join(root, 'system', 'usr', 'lib64'), reason: 'no such folder' }]);
});

it('says which folders have none', async () => {
  await place('system', 'usr', 'lib64', 'libother.so');
  const { libraries, tried } = await locate();
  expect(libraries).toEqual(['libnvjpeg.so.13', 'libnvjpeg.so.12']);
  expect(tried).toContainEqual({
    path: join(root, 'system', 'usr', 'lib64'),
    reason: 'holds none of libnvjpeg.so.13, libnvjpeg.so.12',
  });
});
