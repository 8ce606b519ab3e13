// SPDX-License-Identifier: Apache-2.0
// Child processes that hold native libraries which may crash, abort, or have to be killed.

import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { packageRoot } from '../package-root';
import { TensorRTError } from '../errors';
import { onProcessExit } from './exit-cleanup';

/**
 * Path of a compiled module, also when the caller runs from TypeScript sources: a child process has no compiler.
 *
 * @param module - Path below `lib/` without ending, e.g. `'builder/build-worker'`.
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if it was not compiled.
 */
export function compiledModule(module: string): string {
  const path = join(packageRoot(), 'dist', `${module}.js`);
  if (existsSync(path)) return path;
  throw new TensorRTError(
    'ERR_TRT_LOAD_FILE',
    `The compiled module ${path} is missing: a child process cannot start.`,
    {
      hint: "In a checkout run `npm run build`; in a bundled application keep tensorrt-node external, or use isolation: 'thread'.",
      details: { path },
    },
  );
}

/**
 * Starts a compiled module as a child process with an IPC channel. It inherits no debugger flags, its output is piped,
 * and it is killed if this process ends first.
 */
export function forkWorker(module: string, args: readonly string[] = []): ChildProcess {
  const child = fork(compiledModule(module), args, {
    execArgv: [],
    env: childEnvironment(),
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const forget = onProcessExit(() => child.kill('SIGKILL'));
  child.once('exit', forget);
  // Not once: an 'error' that nobody hears, such as that of a kill() after a failed start, would end this process.
  child.on('error', forget);
  return child;
}

/** NODE_OPTIONS may hold loaders or a debugger port of the parent; the child needs neither. */
function childEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_NO_WARNINGS: '1' };
  delete env.NODE_OPTIONS;
  if (process.versions.electron) env.ELECTRON_RUN_AS_NODE = '1';
  return env;
}
