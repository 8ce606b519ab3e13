// SPDX-License-Identifier: Apache-2.0
// One native build as both runners see it: a thread of this process and a child process. Large data travels by file,
// so that a job can be sent to a child as it is.

import { readFile, writeFile } from 'node:fs/promises';

import type {
  NativeAddon,
  NativeBuildEvent,
  NativeBuildRequest,
  NativeBuildResult,
} from '../binding/contract';
import { TensorRTError } from '../errors';
import { errnoOf, fileReadError, fileWriteError } from '../runtime/file-errors';

/** What to build and where its files are. */
export interface BuildJob {
  request: Omit<NativeBuildRequest, 'timingCache'>;
  /** Timing cache to start from; may be missing. */
  timingCacheInput?: string;
  /** Where the timing cache goes afterwards. */
  timingCacheOutput?: string;
}

/** What came out, with the engine in memory only if the job names no output. */
export interface BuildOutcome extends Omit<NativeBuildResult, 'timingCache'> {
  /** Time until the child process was ready; null without one. */
  isolationStartMs: number | null;
}

/** A build that is under way. */
export interface RunningBuild {
  readonly promise: Promise<BuildOutcome>;
  /** Asks for the end of it; the promise rejects, or resolves if it was too late. */
  cancel(): void;
}

/** Starts a job. */
export type BuildRunner = (job: BuildJob, onEvents: (events: NativeBuildEvent[]) => void) => RunningBuild;

/** Runs a job with the addon of this process, on a thread of the addon. */
export function runNativeBuild(
  addon: Pick<NativeAddon, 'build'>,
  job: BuildJob,
  onEvents: (events: NativeBuildEvent[]) => void,
): RunningBuild {
  let cancelNative: (() => void) | undefined;
  let isCancelled = false;
  const start = async (): Promise<BuildOutcome> => {
    const timingCache = await readTimingCache(job.timingCacheInput);
    if (isCancelled)
      throw new TensorRTError('ERR_TRT_BUILD_CANCELLED', 'The build was cancelled before it began.');
    const build = addon.build({ ...job.request, timingCache }, onEvents);
    cancelNative = () => build.cancel();
    // The first events may come, and be answered with a cancel, while the build is being started.
    if (isCancelled) build.cancel();
    const { timingCache: newCache, ...result } = await build.promise;
    if (newCache && job.timingCacheOutput) await writeTimingCache(job.timingCacheOutput, newCache);
    return { ...result, isolationStartMs: null };
  };
  return {
    promise: start(),
    cancel() {
      isCancelled = true;
      cancelNative?.();
    },
  };
}

async function readTimingCache(path: string | undefined): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileReadError('timing cache', path, error);
  }
}

async function writeTimingCache(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw fileWriteError(path, error);
  }
}
