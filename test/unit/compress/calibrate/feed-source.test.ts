// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openFeeds, type CalibrationData } from '../../../../lib/compress/calibrate/feed-source';
import { splitFeeds } from '../../../../lib/compress/calibrate/split-feeds';
import { rejection, temporaryFolder } from '../../../temporary-folder';

async function all<T>(feeds: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of feeds) list.push(one);
  return list;
}

async function* generate(): AsyncGenerator<number> {
  yield 1;
  yield await Promise.resolve(2);
}

describe('calibration data', () => {
  const sources: Record<string, () => CalibrationData<number>> = {
    'a list': () => [1, 2],
    'a set': () => new Set([1, 2]),
    'a generator': () => [1, 2].values(),
    'an asynchronous generator': () => generate(),
    'a function': () => generate,
    'a stream': () => Readable.from([1, 2]),
  };

  it.each(Object.entries(sources))('of %s is counted and can be gone through again', async (_, make) => {
    const feeds = await openFeeds(make());
    expect(feeds.count).toBe(2);
    for (let pass = 0; pass < 3; pass++) expect(await all(feeds)).toEqual([1, 2]);
    await feeds.close();
  });

  /** Files made now go into a folder of the test's own. */
  function privateTemporaryFolder(): string {
    const folder = temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    return folder;
  }

  it('that can be read once is kept in files, typed arrays and dims as they were, until it is closed', async () => {
    const folder = privateTemporaryFolder();
    const whole = Float32Array.of(9, 1, 2, 9);
    const one = { x: { data: whole.subarray(1, 3), dims: [2] }, ids: BigInt64Array.of(5n) };
    const feeds = await openFeeds([one, one].values());
    expect(readdirSync(folder)).toHaveLength(1);
    expect(await all(feeds)).toEqual([one, one]);
    await feeds.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves no file if reading it fails, or if it cannot be kept in one', async () => {
    const folder = privateTemporaryFolder();
    const failing = (function* () {
      yield 1;
      throw new Error('no more');
    })();
    expect((await rejection(openFeeds(failing))).message).toBe('no more');
    const odd = await rejection(openFeeds([{ x: () => 1 }].values()));
    expect(odd).toMatchObject({ code: 'ERR_TRT_QUANT_CALIBRATION', details: { run: 0 } });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has to have runs, and as many in each pass', async () => {
    for (const empty of [[], new Set(), [].values(), () => []]) {
      expect(await rejection(openFeeds(empty))).toMatchObject({ code: 'ERR_TRT_QUANT_CALIBRATION' });
    }
    expect(await rejection(openFeeds(5 as never))).toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
    const once = generate();
    const feeds = await openFeeds(() => once);
    expect((await rejection(all(feeds))).message).toContain('2 runs when it was counted and 0 in a later');
    let length = 1;
    const growing = await openFeeds(() => Array.from({ length: length++ }, () => 1));
    expect((await rejection(all(growing))).message).toContain('1 runs when it was counted and more');
  });
});

describe('splitting data', () => {
  it('keeps every fourth run back where there are eight, else uses all for both', async () => {
    const split = splitFeeds(await openFeeds([0, 1, 2, 3, 4, 5, 6, 7, 8]));
    expect(await all(split.fit)).toEqual([0, 1, 2, 4, 5, 6, 8]);
    expect(await all(split.judge)).toEqual([3, 7]);
    expect([split.fit.count, split.judge.count, split.shared]).toEqual([7, 2, false]);
    const few = await openFeeds([1, 2, 3]);
    expect(splitFeeds(few)).toEqual({ fit: few, judge: few, shared: true });
  });
});
