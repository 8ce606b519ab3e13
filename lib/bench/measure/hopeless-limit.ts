// SPDX-License-Identifier: Apache-2.0
// Whether a latency limit can be kept at all. What a call takes that waits for nothing is the least that it takes at any
// rate: where that is above the limit, a lower rate is of no help.

import type { Distribution, RateSearchResult } from '../result';
import { findLatency, percentOf } from '../stats/distribution';

type Limit = RateSearchResult['limit'];

const LEAST_CALLS = 10;
// A mean is moved by each call that waits.
const LARGEST_SHARE_FOR_MEAN = 0.1;

/**
 * Says why no rate keeps a limit; undefined where one may. The fastest call tells always. A percentile tells where ten
 * calls lie beyond it, and where those that waited are at most half as many as the ones beyond it; with fewer calls the
 * median speaks for the percentiles above it.
 *
 * @param latencyMs times of calls that were made one at a time, or from their real start to their end.
 * @param waitingShare so many of them (0 to 1) may have waited for another one.
 */
export function whyHopeless(latencyMs: Distribution, limit: Limit, waitingShare = 0): string | undefined {
  const { count, min } = latencyMs;
  if (count < LEAST_CALLS) return undefined;
  const percent = percentOf(limit.percentile);
  const isAbove = (name: string) => (findLatency(latencyMs, name) ?? 0) > limit.milliseconds;
  const tells = (at: number) =>
    count * (100 - at) >= LEAST_CALLS * 100 && waitingShare <= (100 - at) / 100 / 2;
  const say = (name: string) => {
    const value = findLatency(latencyMs, name) ?? min;
    return `${name} is ${Number(value.toPrecision(4))} ms even for calls that wait for nothing`;
  };
  if (min > limit.milliseconds) return say(limit.percentile);
  if (percent === null)
    return waitingShare <= LARGEST_SHARE_FOR_MEAN && isAbove('mean') ? say('mean') : undefined;
  if (tells(percent) && isAbove(limit.percentile)) return say(limit.percentile);
  return percent > 50 && tells(50) && isAbove('p50') ? say('p50') : undefined;
}
