// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { TensorRTError } from '../../errors';
import { makeTemporaryFolder } from '../../temporary-folder';
import type { FeedSource } from '../runner';

/** Writes runs to temporary files, one each, and reads them back in every pass: memory holds one run. */
export async function storeFeeds<Feeds>(
  data: Iterable<Feeds> | AsyncIterable<Feeds>,
): Promise<FeedSource<Feeds> & { close(): Promise<void> }> {
  const folder = makeTemporaryFolder('trtn-feeds-');
  const pathOf = (run: number) => join(folder.path, String(run));
  let count = 0;
  try {
    for await (const one of data) {
      await writeFile(pathOf(count), pack(one, count));
      count++;
    }
  } catch (error) {
    await folder.remove();
    throw error;
  }
  return {
    count,
    async *[Symbol.asyncIterator]() {
      for (let run = 0; run < count; run++) yield deserialize(await readFile(pathOf(run))) as Feeds;
    },
    close: () => folder.remove(),
  };
}

function pack(feeds: unknown, run: number): Buffer {
  try {
    return serialize(feeds);
  } catch (error) {
    throw new TensorRTError(
      'ERR_TRT_QUANT_CALIBRATION',
      `Run ${run} of the calibration data cannot be kept in a file: ${String(error)}.`,
      {
        hint: 'Pass a list, or a function that makes the data anew each time it is called.',
        details: { run },
        cause: error,
      },
    );
  }
}
