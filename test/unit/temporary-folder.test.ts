// SPDX-License-Identifier: Apache-2.0
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeTemporaryFolder } from '../../lib/temporary-folder';

it('is removed with what is in it', async () => {
  const { path, remove } = makeTemporaryFolder('trtn-folder-');
  writeFileSync(join(path, 'a'), '');
  await remove();
  expect(existsSync(path)).toBe(false);
});

it('is removed when the process ends before it was', async () => {
  const before = process.listeners('exit');
  const { path, remove } = makeTemporaryFolder('trtn-folder-');
  const added = process.listeners('exit').filter((listener) => !before.includes(listener));
  writeFileSync(join(path, 'a'), '');
  for (const listener of added) listener(130);
  expect(existsSync(path)).toBe(false);
  await remove();
  expect(process.listeners('exit')).toEqual(before);
});
