// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { checkedFeeds } from '../../../../lib/compress/calibrate/checked-feeds';
import { openFeeds } from '../../../../lib/compress/calibrate/feed-source';
import { firstRuns } from '../../../../lib/compress/calibrate/split-feeds';
import { stoppable } from '../../../../lib/compress/observe/stop-work';
import type { FeedSource } from '../../../../lib/compress/runner';
import { rejection } from '../../../temporary-folder';

async function all<Feeds>(feeds: FeedSource<Feeds>): Promise<Feeds[]> {
  const runs: Feeds[] = [];
  for await (const one of feeds) runs.push(one);
  return runs;
}

describe('data that is checked', () => {
  it.each([NaN, Infinity])('ends at a run with %s and names it', async (value) => {
    const feeds = [{ x: Float32Array.of(1, 2) }, { x: { data: Float32Array.of(1, value), dims: [2] } }];
    const error = await rejection(all(checkedFeeds(await openFeeds<unknown>(feeds))));
    expect(error).toMatchObject({
      code: 'ERR_TRT_QUANT_CALIBRATION',
      details: { input: 'x', run: 1, position: 1, value: String(value) },
    });
    expect(error.message).toContain(`"x" holds ${value} at position 1 in run 1`);
  });

  it('passes masks of -Infinity, integers and what is no record, as often as asked', async () => {
    const feeds = [{ mask: Float64Array.of(0, -Infinity), ids: BigInt64Array.of(1n) }, null, 5];
    const checked = checkedFeeds(await openFeeds<unknown>(feeds));
    expect(await all(checked)).toEqual(feeds);
    expect(await all(checked)).toEqual(feeds);
    expect(checked.count).toBe(3);
  });

  it('looks at runs that the first pass did not come to', async () => {
    const checked = checkedFeeds(await openFeeds([Float32Array.of(1), { x: Float32Array.of(NaN) }]));
    expect(await all(firstRuns(checked, 1))).toHaveLength(1);
    expect(await rejection(all(checked))).toMatchObject({ code: 'ERR_TRT_QUANT_CALIBRATION' });
  });
});

describe('the first runs of data', () => {
  it('are as many as asked or as there are, and the rest is not made', async () => {
    let made = 0;
    const feeds = await openFeeds(function* () {
      for (const one of [1, 2, 3]) {
        made++;
        yield one;
      }
    });
    made = 0;
    expect(await all(firstRuns(feeds, 2))).toEqual([1, 2]);
    expect(made).toBe(2);
    expect(await all(firstRuns(feeds, 9))).toEqual([1, 2, 3]);
    expect(firstRuns(feeds, 9).count).toBe(3);
    expect(await all(firstRuns(feeds, 0))).toEqual([]);
  });
});

describe('data that can be stopped', () => {
  it('ends between two runs with the reason of the signal', async () => {
    const controller = new AbortController();
    const feeds = stoppable(await openFeeds([1, 2, 3]), controller.signal);
    const seen: number[] = [];
    const reason = new Error('enough');
    const error = await rejection(
      (async () => {
        for await (const one of feeds) {
          seen.push(one);
          if (one === 2) controller.abort(reason);
        }
      })(),
    );
    expect(error).toMatchObject({ code: 'ERR_TRT_RUN_ABORTED', cause: reason });
    expect(seen).toEqual([1, 2]);
  });

  it('is the data itself without a signal', async () => {
    const feeds = await openFeeds([1]);
    expect(stoppable(feeds, undefined)).toBe(feeds);
  });
});
