// SPDX-License-Identifier: Apache-2.0
// The child process of isolation: 'process'. It does one build and lives only as long as its parent listens.

import { rmSync } from 'node:fs';

import { requireAddon } from '../binding/load';
import type { NativeAddon } from '../binding/contract';
import { runNativeBuild, type BuildJob, type RunningBuild } from './build-job';
import type { BuildCommand, BuildReply, BuildWorkerStart, ErrorData } from './build-protocol';

const start = JSON.parse(process.argv[2]!) as BuildWorkerStart;
let running: RunningBuild | undefined;

// Ctrl-C and service managers signal the whole group. The parent decides what becomes of the build.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', endWithParent);
process.on('message', (command: BuildCommand) => {
  if (command.kind === 'cancel') running?.cancel();
  else if (addon) void build(addon, command.job);
});

const addon = loadAddonOrReport();
if (addon) post({ kind: 'ready' });

function loadAddonOrReport(): NativeAddon | undefined {
  try {
    return requireAddon(start.addonPath);
  } catch (error) {
    post({ kind: 'error', error: describeError(error) });
    return undefined;
  }
}

async function build(native: NativeAddon, job: BuildJob): Promise<void> {
  try {
    running = runNativeBuild(native, job, (events) => post({ kind: 'events', events }));
    post({ kind: 'result', outcome: await running.promise });
  } catch (error) {
    post({ kind: 'error', error: describeError(error) });
  }
}

function post(reply: BuildReply): void {
  // The channel closes when the parent goes; the 'disconnect' handler deals with that.
  process.send?.(reply, () => undefined);
}

function describeError(error: unknown): ErrorData {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, code, where, details, log } = error as ErrorData;
  return { message, code, where, details, log };
}

/** The parent is gone: remove what it cannot remove any more, and stop the build in the hardest way. */
function endWithParent(): void {
  for (const path of start.cleanup) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Nobody is left to be told.
    }
  }
  process.kill(process.pid, 'SIGKILL');
}
