// SPDX-License-Identifier: Apache-2.0
// Recordings of voices that the network was not trained on: what is said in each is its file's name.
import { describe, expect, it } from 'vitest';
import { runExample } from './example-program';

describe('the keyword spotting example', { timeout: 60_000 }, () => {
  it('names the keyword of each recording, and that a word is none', async () => {
    const lines = await runExample('examples/keyword-spotting/spot.mjs');
    const found = lines.map((line) => /^(\w+)\.wav +(\S+) ([\d.]+) %, /.exec(line));
    expect(found.map((match) => match?.slice(1, 3))).toEqual([
      ['go', 'go'],
      ['left', 'left'],
      ['stop', 'stop'],
      ['water', '(other)'],
      ['yes', 'yes'],
    ]);
    for (const match of found) expect(Number(match![3])).toBeGreaterThan(60);
  });

  it('takes recordings of the command line', async () => {
    const lines = await runExample(
      'examples/keyword-spotting/spot.mjs',
      'examples/keyword-spotting/recordings/stop.wav',
    );
    expect(lines).toEqual([expect.stringMatching(/^stop\.wav +stop /)]);
  });
});
