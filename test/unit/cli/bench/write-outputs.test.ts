// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeText } from '../../../../lib/cli/bench/write-outputs';
import { temporaryFolder } from '../../../temporary-folder';

it('replaces a file as a whole', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'a.json');
  await writeFile(path, 'a longer text that was there');
  expect(await writeText(path, () => 'new')).toBeUndefined();
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(await readdir(folder)).toEqual(['a.json']);
});

it('says that the disk is full, and keeps the file that was there', async () => {
  const path = join(temporaryFolder(), 'a.json');
  await writeFile(path, 'before');
  const failure = await writeText(path, () => {
    throw Object.assign(new Error('write'), { code: 'ENOSPC' });
  });
  expect(failure).toMatchObject({
    code: 'ERR_TRT_LOAD_FILE',
    message: `cannot write ${path}: the disk is full (ENOSPC)`,
    hint: 'Make room, or give a file on another disk.',
  });
  expect(await readFile(path, 'utf8')).toBe('before');
});
