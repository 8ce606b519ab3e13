// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TensorRTError } from '../../errors';
import { usageError } from '../args/usage-error';

/** What the messages say of a module that is not as it should be. */
export interface ModuleAdvice {
  /** The option that names it. */
  readonly option: string;
  /** Its default export in short, and in full. */
  readonly form: string;
  readonly example: string;
}

/**
 * Loads a module, ES or CommonJS, whose default export is a function.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if it cannot be loaded, `ERR_TRT_ARG_USAGE` if it exports no function
 */
export async function loadModuleFunction(path: string, advice: ModuleAdvice): Promise<unknown> {
  const { option, form, example } = advice;
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TensorRTError('ERR_TRT_LOAD_FILE', `${path} cannot be loaded: ${reason}`, {
      hint: `Give a module whose default export is a function: ${form}`,
      details: { path },
      cause,
    });
  }
  const found = defaultExport(loaded);
  if (typeof found === 'function') return found;
  throw usageError(
    `${option} expects a module whose default export is a function, but that of ${path} is ${typeof found}.`,
    `Write ${example}`,
    { path },
  );
}

/** Of CommonJS the exports are the default; compilers of ES modules put theirs inside of them. */
function defaultExport({ default: outer }: { default?: unknown }): unknown {
  const isWrapped = typeof outer === 'object' && outer !== null && 'default' in outer;
  return isWrapped ? outer.default : outer;
}
