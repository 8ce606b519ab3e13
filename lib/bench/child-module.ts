// SPDX-License-Identifier: Apache-2.0
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TensorRTError } from '../errors';
import { packageRoot } from '../package-root';

/** How a fresh process is started. */
export interface ChildOptions {
  /** Whether its error output is read; else it goes nowhere. */
  readonly stderr: 'pipe' | 'ignore';
  /** Ends the process. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a fresh process for a measurement; messages may hold typed arrays.
 *
 * @param name - The compiled module that it runs, below lib/bench, with slashes: `compare/against-child.js`.
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`
 */
export function startChild(name: string, { stderr, signal }: ChildOptions): ChildProcess {
  const env: NodeJS.ProcessEnv = { ...process.env };
  // Loaders and debuggers of this process would be measured with it.
  delete env.NODE_OPTIONS;
  return fork(pathOf(name), {
    execArgv: [],
    env,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', stderr, 'ipc'],
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The compiled module, also where this runs from TypeScript sources: a process has no compiler. */
function pathOf(name: string): string {
  const path = join(packageRoot(), 'dist', 'bench', name);
  if (existsSync(path)) return path;
  throw new TensorRTError(
    'ERR_TRT_LOAD_FILE',
    `The compiled module ${path} is missing: a process cannot start.`,
    {
      hint: 'In a checkout run `npm run build`; in a bundled application keep tensorrt-node external.',
      details: { path },
    },
  );
}
