// SPDX-License-Identifier: Apache-2.0
import { EXIT } from './failure';

/**
 * Listens for Ctrl-C (and SIGTERM, which service managers send): the first asks the command to stop, the second
 * ends the process at once.
 *
 * @returns how to stop listening; from then on Ctrl-C ends the process as usual
 */
export function onInterrupt(listener: () => void): () => void {
  let isAsked = false;
  const handle = () => {
    if (isAsked) process.exit(EXIT.interrupted);
    isAsked = true;
    listener();
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return () => {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  };
}
