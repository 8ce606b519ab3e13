// SPDX-License-Identifier: Apache-2.0
// Opening a binary in a process of its own first: one that crashes takes that process with it, not this one.

import type * as ChildProcess from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { packageFolder } from '../package-root';
import { requireFromHere } from './require-from-here';

/**
 * What became of it. `'unknown'`: no child process can be started here, so nothing is known of the binary. A binary
 * that is refused is not distinguished from one that loads: opening it here gives the same error without harm.
 */
export type AddonCheck =
  { readonly outcome: 'survives' | 'unknown' } | { readonly outcome: 'crashes'; readonly end: string };

/** First word of the child: what comes after it is the binary's doing. */
export const CHECK_STARTED = 'opening';
/** Last word of the child: it survived. */
export const CHECK_SURVIVED = 'survived';

const CHECK_TIMEOUT_MS = 30_000;

interface ChildEnd {
  readonly stdout: string;
  readonly code: number | null;
  readonly signal: string | null;
  /** It was ended since it had not answered in time. */
  readonly hasTimedOut: boolean;
}

/** Opens `path` in a child process; blocks until that ends, some 50 milliseconds. */
export function checkAddonSync(path: string): AddonCheck {
  const args = childArguments(path);
  if (args === undefined) return { outcome: 'unknown' };
  const { stdout, status, signal, error } = childProcesses().spawnSync(process.execPath, args, {
    ...childOptions(),
    stdio: 'pipe',
  });
  return error !== undefined && status === null && signal === null
    ? { outcome: 'unknown' }
    : judge({ stdout: stdout ?? '', code: status, signal, hasTimedOut: error !== undefined });
}

/** As {@link checkAddonSync}, without blocking. Never rejects. */
export async function checkAddon(path: string): Promise<AddonCheck> {
  const args = childArguments(path);
  if (args === undefined) return { outcome: 'unknown' };
  return new Promise((resolve) => {
    childProcesses().execFile(process.execPath, args, childOptions(), (error, stdout) => {
      const { code, signal = null, killed = false } = error ?? { code: 0 };
      resolve(judge({ stdout, code: typeof code === 'number' ? code : null, signal, hasTimedOut: killed }));
    });
  });
}

/** Needed here alone: the package is imported without it. */
function childProcesses(): typeof ChildProcess {
  return requireFromHere()('node:child_process') as typeof ChildProcess;
}

/** A child that did not even start says nothing of the binary. */
function judge({ stdout, code, signal, hasTimedOut }: ChildEnd): AddonCheck {
  const lines = stdout.split('\n');
  if (!lines.includes(CHECK_STARTED)) return { outcome: 'unknown' };
  if (lines.includes(CHECK_SURVIVED)) return { outcome: 'survives' };
  const end = signal ?? `exit code ${code}`;
  const limit = hasTimedOut ? `, after ${CHECK_TIMEOUT_MS / 1000} seconds without an end` : '';
  return { outcome: 'crashes', end: `${end}${limit}` };
}

/** Without the compiled module, as in a bundle, there is nothing to start. */
function childArguments(path: string): string[] | undefined {
  const folder = packageFolder();
  const worker = folder === undefined ? undefined : join(folder, 'dist', 'binding', 'addon-check-worker.js');
  return worker !== undefined && existsSync(worker) ? [worker, path] : undefined;
}

function childOptions(): {
  env: NodeJS.ProcessEnv;
  timeout: number;
  encoding: 'utf8';
  killSignal: 'SIGKILL';
} {
  // NODE_OPTIONS may hold loaders or a debugger port of this process.
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_NO_WARNINGS: '1' };
  delete env.NODE_OPTIONS;
  if (process.versions.electron) env.ELECTRON_RUN_AS_NODE = '1';
  return { env, timeout: CHECK_TIMEOUT_MS, encoding: 'utf8', killSignal: 'SIGKILL' };
}
