// SPDX-License-Identifier: Apache-2.0
import type { EvaluationProgress } from '../../evaluate';
import type { CommandContext } from '../command';
import { plural } from '../values/format';

/** How far the work is, and its end by Ctrl-C. */
export interface ShownProgress {
  readonly signal: AbortSignal;
  readonly show: (progress: EvaluationProgress) => void;
  /** Clears the line and stops listening. */
  readonly end: () => void;
}

/** Shows progress on a line of the terminal that changes in place; nothing where there is none. */
export function showProgress({ terminal, isJson, onInterrupt }: CommandContext): ShownProgress {
  const controller = new AbortController();
  const stopListening = onInterrupt(() => controller.abort());
  const isShown = terminal.isLive && !isJson;
  return {
    signal: controller.signal,
    show: ({ samples }) => {
      if (isShown) terminal.writeTalk(`\r\u001b[K${terminal.talkStyle.dim(plural(samples, 'sample'))}`);
    },
    end: () => {
      if (isShown) terminal.writeTalk('\r\u001b[K');
      stopListening();
    },
  };
}
