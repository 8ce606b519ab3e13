// SPDX-License-Identifier: Apache-2.0
// Parts of a photo that the network was not trained on, changed as photos get changed: the tile of each comes first.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExample } from './example-program';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trtn-embedding-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the embedding search example', { timeout: 60_000 }, () => {
  it('finds the tiles that the parts were made of, and draws a sheet', async () => {
    const sheet = join(folder, 'sheet.webp');
    const lines = await runExample('examples/embedding-search/search.mjs', '--sheet', sheet);
    expect(lines[0]).toBe('54 tiles of pagoda.jpg, vectors of 48 numbers');
    const rows = lines.slice(1, -1).map((line) => /^(\d,\d) .* -> ((?:\d,\d -?[\d.]+ {2})+)/.exec(line)!);
    expect(rows).toHaveLength(4);
    for (const [, asked, found] of rows) {
      const tiles = [...found!.matchAll(/(\d,\d) (-?[\d.]+)/g)];
      const cosines = tiles.map((tile) => Number(tile[2]));
      expect(tiles[0]![1]).toBe(asked);
      expect(cosines).toEqual([...cosines].sort((a, b) => b - a));
    }
    expect(await sharp(sheet).metadata()).toMatchObject({ format: 'webp', width: 544, height: 424 });
  });
});
