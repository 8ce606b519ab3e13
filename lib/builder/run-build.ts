// SPDX-License-Identifier: Apache-2.0
import { fromNativeError, type CallSite } from '../binding/native-error';
import type { BuildOutcome, RunningBuild } from './build-job';
import type { BuildWatcher } from './build-watcher';
import { cancelledError, throwIfCancelled } from './cancellation';

/** What a running build listens to. */
export interface RunBuildOptions {
  watcher: BuildWatcher;
  signal?: AbortSignal;
  /** The stack that errors get. */
  callSite?: CallSite;
}

/**
 * Follows a build to its end. A signal that fires, and a function of the caller that throws, cancel it; the promise
 * settles when nothing of the build runs any more, so that its bytes and files are free.
 */
export async function followBuild(
  start: () => RunningBuild,
  options: RunBuildOptions,
): Promise<BuildOutcome> {
  const { watcher, signal, callSite } = options;
  throwIfCancelled(signal);
  let running: RunningBuild | undefined;
  const cancel = (): void => running?.cancel();
  try {
    // Starting a process can fail at once, for want of memory or of process ids.
    running = start();
    signal?.addEventListener('abort', cancel, { once: true });
    watcher.onFailure = cancel;
    const outcome = await running.promise;
    watcher.throwIfFailed();
    throwIfCancelled(signal);
    return outcome;
  } catch (error) {
    watcher.throwIfFailed();
    if (signal?.aborted) throw cancelledError(signal);
    throw fromNativeError(error, 'ERR_TRT_BUILD_FAILED', callSite);
  } finally {
    signal?.removeEventListener('abort', cancel);
    watcher.onFailure = undefined;
  }
}
