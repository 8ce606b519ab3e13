// SPDX-License-Identifier: Apache-2.0
import type { NativeBuildEvent } from '../binding/contract';
import type { BuildJob, BuildOutcome } from './build-job';

/** From the parent to the building child. */
export type BuildCommand = { kind: 'build'; job: BuildJob } | { kind: 'cancel' };

/** An error as plain data: structured clones of errors lose their own properties. */
export interface ErrorData {
  message: string;
  code?: unknown;
  where?: unknown;
  details?: unknown;
  log?: unknown;
}

/** From the building child to its parent. */
export type BuildReply =
  | { kind: 'ready' }
  | { kind: 'events'; events: NativeBuildEvent[] }
  | { kind: 'result'; outcome: BuildOutcome }
  | { kind: 'error'; error: ErrorData };

/** What the child is started with, as JSON in its first argument. */
export interface BuildWorkerStart {
  addonPath: string;
  /** Removed if the parent dies: then nobody else can. */
  cleanup: string[];
}
