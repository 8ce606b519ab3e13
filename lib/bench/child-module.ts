// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TensorRTError } from '../errors';

/**
 * Path of a compiled module that a fresh process runs, also where this runs from TypeScript sources: a process has no
 * compiler.
 *
 * @param name - Below lib/bench, with slashes: `compare/against-child.js`.
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`
 */
export function childModule(name: string): string {
  const beside = join(__dirname, name);
  const path = existsSync(beside) ? beside : join(__dirname, '../../dist/bench', name);
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
