// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lengthOf, readSchedule } from '../../../lib/bench/schedule-file';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'schedule-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function readText(text: string) {
  const path = join(folder, 'schedule.txt');
  await writeFile(path, text);
  return readSchedule(path);
}

describe('readSchedule', () => {
  it('takes an array', async () => {
    expect(await readSchedule([0, 1.5, 1.5, 8])).toEqual({ source: 'given', offsetsMs: [0, 1.5, 1.5, 8] });
  });

  it('reads a JSON array', async () => {
    expect((await readText(' [0, 2.5,\n 7]')).offsetsMs).toEqual([0, 2.5, 7]);
  });

  it('reads one number a line, without empty lines and comments', async () => {
    expect((await readText('# of Monday\r\n0\r\n\r\n 2.5\n7e1\n')).offsetsMs).toEqual([0, 2.5, 70]);
  });

  it.each([
    ['a step back', '5\n4\n', /\[1\].*not below 5, not 4/],
    ['a word', '5\nsoon\n', /\[1\].*not "soon"/],
    ['a negative moment', '[-1, 5]', /\[0\].*not -1/],
    ['an infinite one', '[1, 1e999]', /\[1\].*Infinity/],
    ['nothing', '\n# nothing\n', /a length above 0 ms, not "empty"/],
    ['no length', '[0, 0]', /a length above 0 ms/],
    ['broken JSON', '[1, 2', /a JSON array of numbers/],
  ])('refuses %s and says where', async (_what, text, message) => {
    await expect(readText(text)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    [[0, 10, 40], 60],
    [[5, 15], 25],
    [[50], 50],
    [[5, 5, 5], 5],
  ])('is repeated after its last call and a mean distance: %j after %d ms', (offsetsMs, lengthMs) => {
    expect(lengthOf({ source: 'given', offsetsMs })).toBe(lengthMs);
  });

  it('says which file cannot be read', async () => {
    await expect(readSchedule(join(folder, 'none.txt'))).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
      message: expect.stringMatching(/none\.txt cannot be read: ENOENT/),
    });
    await expect(readSchedule(7 as never)).rejects.toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
  });
});
