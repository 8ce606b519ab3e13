// SPDX-License-Identifier: Apache-2.0
import type { FeedSource } from '../runner';

/**
 * Data to calibrate on, the feeds of one run at a time: a list, anything that can be iterated, or a function that gives
 * a new iteration each time it is called. What can be iterated only once is kept on disk while it is needed.
 */
export type CalibrationData<Feeds> =
  | Iterable<Feeds>
  | AsyncIterable<Feeds>
  | (() => Iterable<Feeds> | AsyncIterable<Feeds>);

/** Feeds that can be gone through again and again; `close` gives back what they were kept in. */
export interface OpenFeeds<Feeds> extends FeedSource<Feeds> {
  close(): Promise<void>;
}
