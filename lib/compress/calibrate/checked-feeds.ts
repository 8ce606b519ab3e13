// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { FeedSource } from '../runner';

/**
 * The same data, which ends with an error at a run that holds NaN or +Infinity: outputs would be neither right nor wrong
 * there. -Infinity passes, as masks hold it. Each run is looked at the first time it passes.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION with the input, the position and the run, during a pass
 */
export function checkedFeeds<Feeds>(feeds: FeedSource<Feeds>): FeedSource<Feeds> {
  let checked = 0;
  return {
    count: feeds.count,
    async *[Symbol.asyncIterator]() {
      let run = 0;
      for await (const one of feeds) {
        if (run === checked) {
          checkRun(one, run);
          checked++;
        }
        run++;
        yield one;
      }
    },
  };
}

function checkRun(feeds: unknown, run: number): void {
  if (typeof feeds !== 'object' || feeds === null) return;
  for (const [input, value] of Object.entries(feeds as Record<string, unknown>)) {
    const data = isRecord(value) && 'data' in value ? value.data : value;
    if (data instanceof Float32Array || data instanceof Float64Array) checkValues(data, { input, run });
  }
}

function checkValues(
  data: Float32Array | Float64Array,
  { input, run }: { input: string; run: number },
): void {
  let isFine = true;
  for (let i = 0; i < data.length; i++) if (!(data[i]! < Infinity)) isFine = false;
  if (isFine) return;
  const position = data.findIndex((value) => !(value < Infinity));
  const value = String(data[position]);
  throw new TensorRTError(
    'ERR_TRT_QUANT_CALIBRATION',
    `Input "${input}" holds ${value} at position ${position} in run ${run} of the calibration data.`,
    { hint: 'Check the data of this run.', details: { input, run, position, value } },
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
