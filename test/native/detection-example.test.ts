// SPDX-License-Identifier: Apache-2.0
// Scenes over photos that the network was not trained on, with signs whose places are known.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { overlap, runExample } from './example-program';

const FOLDER = join(__dirname, '../../examples/detection');

interface Sign {
  readonly label: string;
  readonly box: readonly number[];
}

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'trtn-detection-'));
});
afterAll(() => rm(out, { recursive: true }));

function signsOf(scene: string, lines: readonly string[]): Sign[] {
  return lines.flatMap((line) => {
    const match = /^(\S+) +([a-z ]+?) +[\d.]+ {2}x (\d+), y (\d+), (\d+) x (\d+)$/.exec(line);
    if (match?.[1] !== scene) return [];
    const [x, y, width, height] = match.slice(3).map(Number) as [number, number, number, number];
    return [{ label: match[2]!, box: [x, y, x + width, y + height] }];
  });
}

describe('the detection example', { timeout: 60_000 }, () => {
  it('finds each sign where it is, no others, and draws the boxes', async () => {
    const lines = await runExample('examples/detection/detect.mjs', '--out', out);
    const truth = JSON.parse(await readFile(join(FOLDER, 'scenes/truth.json'), 'utf8')) as Record<
      string,
      Sign[]
    >;
    expect(Object.values(truth).flat().length).toBeGreaterThanOrEqual(6);
    for (const [scene, signs] of Object.entries(truth)) {
      const found = signsOf(scene, lines);
      expect(found.map(({ label }) => label).sort()).toEqual(signs.map(({ label }) => label).sort());
      for (const { label, box } of signs) {
        const best = Math.max(
          ...found.filter((one) => one.label === label).map((one) => overlap(one.box, box)),
        );
        expect(best, `${label} in ${scene}`).toBeGreaterThan(0.5);
      }
      const drawn = join(out, scene.replace('.jpg', '.png'));
      const [before, after] = await Promise.all(
        [join(FOLDER, 'scenes', scene), drawn].map((path) => sharp(path).removeAlpha().raw().toBuffer()),
      );
      expect(after!.length).toBe(before!.length);
      expect(after!.equals(before!)).toBe(false);
    }
  });
});
