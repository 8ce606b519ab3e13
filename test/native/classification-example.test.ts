// SPDX-License-Identifier: Apache-2.0
// Parts of photos that the network was not trained on: each is named after what it shows.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runExample } from './example-program';

const PROGRAM = 'examples/classification/classify.mjs';
const SURFACES = ['brick', 'grass', 'gravel', 'leaves', 'petals', 'wood'];

describe('the classification example', { timeout: 60_000 }, () => {
  it('names the surface in each photo, with probabilities', async () => {
    const lines = await runExample(PROGRAM);
    const found = lines.map((line) =>
      /^(\w+)\.jpg +(\w+) ([\d.]+) %, \w+ [\d.]+ %, \w+ [\d.]+ %$/.exec(line),
    );
    const named = found.slice(0, SURFACES.length).map((match) => match?.slice(1, 3));
    expect(named).toEqual(SURFACES.map((name) => [name, name]));
    for (const match of found.slice(0, SURFACES.length)) expect(Number(match![3])).toBeGreaterThan(60);
    expect(lines.at(-1)).toMatch(
      /^milliseconds for 6 photos on cpu: decode [\d.]+, pre .*, model .*, post [\d.]+$/,
    );
  });

  it('takes photos of the command line, of any size', async () => {
    const photo = join(__dirname, '../../examples/embedding-search/photos/pagoda.jpg');
    const lines = await runExample(PROGRAM, photo);
    expect(lines).toHaveLength(2);
    // It knows no pagodas: what it says of one is one of its surfaces all the same.
    expect(SURFACES).toContain(/^pagoda\.jpg +(\w+) /.exec(lines[0]!)?.[1]);
  });
});
