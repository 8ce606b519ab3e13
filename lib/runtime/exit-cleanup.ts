// SPDX-License-Identifier: Apache-2.0
// Temporary files and child processes that must not outlive this process. The 'exit' event covers a normal end and
// process.exit(); a process that is killed cannot clean up, which is why a building child also watches its parent.

import { rmSync } from 'node:fs';

const actions = new Set<() => void>();
let isListening = false;

/**
 * Has `action` run synchronously when the process ends, unless it is withdrawn before.
 *
 * @returns Withdraws the action.
 */
export function onProcessExit(action: () => void): () => void {
  if (!isListening) {
    process.on('exit', runAll);
    isListening = true;
  }
  actions.add(action);
  return () => void actions.delete(action);
}

/** Has a file or folder removed when the process ends. @returns Withdraws that, once it is moved or removed. */
export function removeAtExit(path: string): () => void {
  return onProcessExit(() => rmSync(path, { recursive: true, force: true }));
}

function runAll(): void {
  for (const action of actions) {
    try {
      action();
    } catch {
      // The process is ending; the next action matters more than the report of this one.
    }
  }
}
