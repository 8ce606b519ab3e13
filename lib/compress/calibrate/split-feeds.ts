// SPDX-License-Identifier: Apache-2.0
import type { FeedSource } from '../runner';

/** Data in two parts. */
export interface FeedSplit<Feeds> {
  /** To take ranges and statistics from. */
  readonly fit: FeedSource<Feeds>;
  /** To measure choices on. */
  readonly judge: FeedSource<Feeds>;
  /** True if both are all of the data, as there is too little of it to split. */
  readonly shared: boolean;
}

/** With fewer, ranges would lack more than an honest measurement gains. */
const LEAST_RUNS = 8;
const JUDGE_EVERY = 4;

/** Keeps every fourth run back to measure on; below eight runs both parts are all of them. */
export function splitFeeds<Feeds>(feeds: FeedSource<Feeds>): FeedSplit<Feeds> {
  if (feeds.count < LEAST_RUNS) return { fit: feeds, judge: feeds, shared: true };
  const judged = Math.floor(feeds.count / JUDGE_EVERY);
  const isJudged = (run: number) => run % JUDGE_EVERY === JUDGE_EVERY - 1;
  return {
    fit: pick(feeds, feeds.count - judged, (run) => !isJudged(run)),
    judge: pick(feeds, judged, isJudged),
    shared: false,
  };
}

function pick<Feeds>(
  feeds: FeedSource<Feeds>,
  count: number,
  isPicked: (run: number) => boolean,
): FeedSource<Feeds> {
  return {
    count,
    async *[Symbol.asyncIterator]() {
      let run = 0;
      for await (const one of feeds) if (isPicked(run++)) yield one;
    },
  };
}

/** The first runs of data: a bound on memory and time. */
export function firstRuns<Feeds>(feeds: FeedSource<Feeds>, most: number): FeedSource<Feeds> {
  const count = Math.min(most, feeds.count);
  return {
    count,
    async *[Symbol.asyncIterator]() {
      let run = 0;
      if (count === 0) return;
      for await (const one of feeds) {
        yield one;
        if (++run === count) return;
      }
    },
  };
}
