// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { CommandContext } from '../command';

/** Runs work that Ctrl-C stops at the next place where it can; a second one ends the process. */
export async function withInterrupt<T>(
  { onInterrupt, terminal }: CommandContext,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stopListening = onInterrupt(() => {
    terminal.writeTalk(`${terminal.talkStyle.dim('stopping; Ctrl-C again ends at once')}\n`);
    controller.abort(new TensorRTError('ERR_TRT_RUN_ABORTED', 'Interrupted.'));
  });
  try {
    return await work(controller.signal);
  } finally {
    stopListening();
  }
}
