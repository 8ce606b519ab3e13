// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { FeedSource } from '../runner';

/** @throws {TensorRTError} ERR_TRT_RUN_ABORTED, with the signal's reason as its cause */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new TensorRTError('ERR_TRT_RUN_ABORTED', 'The work on the model was withdrawn between two runs.', {
    cause: signal.reason,
  });
}

/**
 * The same data, which ends with an error between two runs once a signal fires, whoever goes through it.
 *
 * @throws {TensorRTError} ERR_TRT_RUN_ABORTED, during a pass
 */
export function stoppable<Feeds>(
  feeds: FeedSource<Feeds>,
  signal: AbortSignal | undefined,
): FeedSource<Feeds> {
  if (signal === undefined) return feeds;
  return {
    count: feeds.count,
    async *[Symbol.asyncIterator]() {
      throwIfAborted(signal);
      for await (const one of feeds) {
        yield one;
        throwIfAborted(signal);
      }
    },
  };
}
