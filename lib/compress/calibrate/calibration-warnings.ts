// SPDX-License-Identifier: Apache-2.0
import type { FeedSource } from '../runner';
import { digestRun } from './digest-feeds';
import type { RangeHistogram } from './histogram';

/** With fewer runs one unusual sample decides ranges. */
const FEW_SAMPLES_NOTE = 'ranges of one run of data; typical is some dozens of samples';

/**
 * What makes ranges doubtful, one sentence each:
 *
 * 1. there is a single run, or all runs are the same data;
 * 2. tensors had one and the same value throughout, zero or another: their ranges are that of `max`.
 *
 * Data is read until two runs differ.
 */
export async function listCalibrationWarnings<Feeds>(
  feeds: FeedSource<Feeds>,
  histograms: ReadonlyMap<string, RangeHistogram>,
): Promise<string[]> {
  const warnings: string[] = [];
  if (feeds.count === 1) warnings.push(FEW_SAMPLES_NOTE);
  else if (await isOneRunRepeated(feeds))
    warnings.push(`all ${feeds.count} runs of the data are the same: ranges are those of one run`);
  const constant = [...histograms].filter(([, one]) => one.isConstant);
  const zero = constant.filter(([, { largest }]) => largest === 0).map(([name]) => name);
  const other = constant.filter(([, { largest }]) => largest !== 0).map(([name]) => name);
  if (zero.length > 0) warnings.push(`always zero on the data: ${listNames(zero)}`);
  if (other.length > 0) warnings.push(`always one value on the data: ${listNames(other)}`);
  return warnings;
}

async function isOneRunRepeated<Feeds>(feeds: FeedSource<Feeds>): Promise<boolean> {
  let first: string | undefined;
  for await (const one of feeds) {
    const digest = digestRun(one);
    if (first !== undefined && digest !== first) return false;
    first = digest;
  }
  return true;
}

function listNames(names: readonly string[]): string {
  const some = names.slice(0, 5).map((name) => `"${name}"`);
  return names.length > some.length
    ? `${some.join(', ')} and ${names.length - some.length} more`
    : some.join(', ');
}
