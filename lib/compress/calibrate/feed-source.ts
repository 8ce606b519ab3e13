// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { FeedSource } from '../runner';
import { storeFeeds } from './stored-feeds';

/**
 * Data to calibrate on, the feeds of one run at a time: a list, anything that can be iterated, or a function that gives
 * a new iteration each time it is called. What can be iterated only once is kept on disk while it is needed.
 */
export type CalibrationData<Feeds> =
  Iterable<Feeds> | AsyncIterable<Feeds> | (() => Iterable<Feeds> | AsyncIterable<Feeds>);

/** Feeds that can be gone through again and again; `close` gives back what they were kept in. */
export interface OpenFeeds<Feeds> extends FeedSource<Feeds> {
  close(): Promise<void>;
}

type AnyIterable<Feeds> = Iterable<Feeds> | AsyncIterable<Feeds>;

/**
 * Makes data repeatable and counts its runs:
 *
 * 1. a list is taken as it is, not copied;
 * 2. a function is called for every pass, and once before to count;
 * 3. what gives a new iterator each time (a Set, an object of one's own) is iterated for every pass, and once before;
 * 4. what can be gone through only once (generators, streams) is written to temporary files while it is counted, one a
 *    run, and read from there for every pass.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION if there is no run, if runs of case 4 cannot be written to files, or
 * during a pass if a source of cases 2 and 3 gives another number of runs than before; ERR_TRT_ARG_TYPE for what cannot be
 * iterated
 */
export async function openFeeds<Feeds>(data: CalibrationData<Feeds>): Promise<OpenFeeds<Feeds>> {
  const feeds = await open(data);
  if (feeds.count > 0) return feeds;
  await feeds.close();
  throw new TensorRTError('ERR_TRT_QUANT_CALIBRATION', 'The calibration data is empty: it has no run.', {
    hint: 'Pass some dozens of typical inputs; random ones give wrong ranges.',
  });
}

async function open<Feeds>(data: CalibrationData<Feeds>): Promise<OpenFeeds<Feeds>> {
  if (isList(data)) return repeated(data.length, () => data);
  if (typeof data === 'function') return repeated(await countRuns(data()), data);
  if (!isIterable(data))
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `Calibration data is a list, an iterable or a function that gives one; got ${data === null ? 'null' : typeof data}.`,
    );
  if (isStream(data)) return storeFeeds(data);
  const iterator: unknown =
    Symbol.asyncIterator in data ? data[Symbol.asyncIterator]() : data[Symbol.iterator]();
  if (iterator === data) return storeFeeds(data);
  return repeated(await countRuns(data), () => data);
}

function isList<Feeds>(data: CalibrationData<Feeds>): data is Feeds[] {
  return Array.isArray(data);
}

function isIterable(data: unknown): boolean {
  return (
    typeof data === 'object' && data !== null && (Symbol.asyncIterator in data || Symbol.iterator in data)
  );
}

/** Streams make a new iterator each time, but the second one has nothing left. */
function isStream(data: object): boolean {
  return 'getReader' in data || 'pipe' in data;
}

async function countRuns<Feeds>(data: AnyIterable<Feeds>): Promise<number> {
  if (isList(data)) return data.length;
  let count = 0;
  for await (const _ of data) count++;
  return count;
}

function repeated<Feeds>(count: number, iterate: () => AnyIterable<Feeds>): OpenFeeds<Feeds> {
  return {
    count,
    async *[Symbol.asyncIterator]() {
      let runs = 0;
      for await (const one of iterate()) {
        if (++runs > count) break;
        yield one;
      }
      if (runs !== count) throw changed(count, runs);
    },
    close: () => Promise.resolve(),
  };
}

function changed(before: number, now: number): TensorRTError {
  const came = now > before ? 'more' : String(now);
  return new TensorRTError(
    'ERR_TRT_QUANT_CALIBRATION',
    `The calibration data had ${before} runs when it was counted and ${came} in a later pass.`,
    {
      hint: 'A function has to start again each time it is called; pass the generator itself if it cannot.',
      details: { before, now },
    },
  );
}
