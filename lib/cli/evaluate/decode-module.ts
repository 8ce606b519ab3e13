// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TensorRTError } from '../../errors';
import type { Decode } from '../../evaluate';
import { usageError } from '../args/usage-error';

/**
 * Loads a module, ES or CommonJS, whose default export reads samples.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if it cannot be loaded, `ERR_TRT_ARG_USAGE` if it exports no function
 */
export async function loadDecode(path: string): Promise<Decode> {
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  } catch (cause) {
    throw new TensorRTError('ERR_TRT_LOAD_FILE', `${path} cannot be loaded: ${(cause as Error).message}`, {
      hint: 'Give a module whose default export is a function: export default async (path) => ({ data, dims })',
      details: { path },
      cause,
    });
  }
  const { default: outer } = loaded;
  // Compilers of ES modules to CommonJS put the default export inside of the exports.
  const isWrapped = typeof outer === 'object' && outer !== null && 'default' in outer;
  const decode = isWrapped ? outer.default : outer;
  if (typeof decode === 'function') return decode as Decode;
  throw usageError(
    `--decode expects a module whose default export is a function, but that of ${path} is ${typeof decode}.`,
    'Write export default async (path) => ({ data, dims })',
    { path },
  );
}
