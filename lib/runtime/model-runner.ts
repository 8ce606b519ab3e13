// SPDX-License-Identifier: Apache-2.0
import type { Feeds } from './feeds';
import type { RunOutputs } from './output-types';
import type { Session } from './session';

/** Runs a model on feeds in order and yields the outputs of each run, which belong to the caller. */
export type ModelRunner = (
  model: string | Uint8Array,
  feeds: AsyncIterable<Feeds> | Iterable<Feeds>,
) => AsyncGenerator<RunOutputs>;

/** A runner over sessions: it opens one for each model and closes it after the last run, or when nobody asks further. */
export function runnerOver(open: (model: string | Uint8Array) => Promise<Session>): ModelRunner {
  return async function* runModel(model, feeds) {
    const session = await open(model);
    let next: Promise<RunOutputs> | undefined;
    try {
      // One run is ahead: while the caller looks at outputs, the next ones are computed.
      for await (const one of feeds) {
        const current = next;
        next = session.run(one);
        // A failure is reported when its turn comes, also if the caller never asks.
        next.catch(() => undefined);
        if (current !== undefined) yield await current;
      }
      if (next !== undefined) yield await next;
    } finally {
      await session.close();
    }
  };
}
