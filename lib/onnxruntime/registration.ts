// SPDX-License-Identifier: Apache-2.0
// Makes an application that uses onnxruntime-node run on this package without a change to its code.

import { loadAddon } from '../binding/load';
import { TensorRTError } from '../errors';
import { rejectUnknownOptions, typeError } from '../option-checks';
import { didYouMean } from '../text/nearest-name';
import { PROVIDER_NAMES, type ProviderName } from './provider-names';
import { backendFor, PRIORITY, type Registry } from './register-backend';
import { loadedCopies, watchCopies } from './registration-hook';

/** Options of `register`. */
export interface RegisterOptions {
  /**
   * Names of execution providers that this package serves from now on; onnxruntime-node keeps the others. If left
   * out: `'tensorrt'`, `'cuda'` and `'cpu'`, and none of them, with a warning, where the addon of this package does
   * not load: the application then runs on onnxruntime-node as before.
   */
  providers?: readonly ProviderName[];
}

/** That of onnxruntime-node. */
const UPSTREAM_PRIORITY = 100;

const done = new WeakSet();
let warned = false;

/**
 * Registers this package's backend in every copy of onnxruntime-common that the process loads from now on, so that
 * code written for onnxruntime-node runs on TensorRT, or on ONNX Runtime's CPU library off the event loop, unchanged.
 *
 * Call it before anything loads onnxruntime-node, or use `node --require tensorrt-node/onnxruntime/register app.js`,
 * which calls it. A worker thread has modules of its own: it inherits `--require` and `--import`, but not a call.
 * A second call replaces the choice of providers for copies that are loaded later.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_REGISTER` if onnxruntime-node is loaded already: its entries cannot be
 * replaced; `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE` or `ERR_TRT_ARG_UNKNOWN_OPTION` for wrong options.
 * @example
 * ```ts
 * import { register } from 'tensorrt-node/onnxruntime';
 *
 * register({ providers: ['tensorrt', 'cuda'] }); // 'cpu' stays with onnxruntime-node
 * const { pipeline } = await import('@huggingface/transformers');
 * ```
 */
export function register(options: RegisterOptions = {}): void {
  const chosen = checkProviders(options);
  watchCopies((common) => registerIn(common, chosen));
  for (const common of loadedCopies()) {
    const taken = registerIn(common, chosen);
    if (taken.length > 0) throw tooLate(taken);
  }
}

function checkProviders(options: RegisterOptions): readonly ProviderName[] | undefined {
  rejectUnknownOptions('register', options, ['providers']);
  const providers: unknown = options.providers;
  if (providers === undefined) return undefined;
  if (!Array.isArray(providers)) throw typeError('providers', providers, 'an array of provider names');
  for (const name of providers as unknown[]) {
    if ((PROVIDER_NAMES as readonly unknown[]).includes(name)) continue;
    const guess = typeof name === 'string' ? didYouMean(name, PROVIDER_NAMES) : '';
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Option "providers" takes ${quoteAll(PROVIDER_NAMES)}, not ${JSON.stringify(name)}.${guess}`,
      { details: { option: 'providers', expected: PROVIDER_NAMES, received: name } },
    );
  }
  return providers as readonly ProviderName[];
}

/** Gives back the names that another backend holds already. */
function registerIn(common: Registry, chosen: readonly ProviderName[] | undefined): string[] {
  const names = chosen ?? (addonLoads() ? PROVIDER_NAMES : []);
  if (done.has(common.env)) return [];
  done.add(common.env);
  return names.filter((name) => !registerName(common, name));
}

function registerName(common: Registry, name: string): boolean {
  // The registry throws where another object holds the name at the same priority: a second copy of this package,
  // which serves the name as well.
  if (!accepts(common, name, PRIORITY)) return true;
  // A name that onnxruntime-node took is left with it in silence; asking with its own priority makes that show.
  return accepts(common, name, UPSTREAM_PRIORITY);
}

function accepts(common: Registry, name: string, priority: number): boolean {
  try {
    common.registerBackend(name, backendFor(common), priority);
    return true;
  } catch {
    return false;
  }
}

function addonLoads(): boolean {
  try {
    loadAddon();
    return true;
  } catch (error) {
    if (!warned && error instanceof TensorRTError) {
      warned = true;
      const detail = `${error.message}\nhint: ${error.hint}`;
      process.emitWarning('tensorrt-node is not used: onnxruntime-node runs all models.', {
        code: error.code,
        detail,
      });
    }
    return false;
  }
}

function tooLate(taken: readonly string[]): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_LOAD_REGISTER',
    `onnxruntime-node was loaded before register() was called and owns ${quoteAll(taken)}: its entries cannot be replaced.`,
    { details: { providers: taken } },
  );
}

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
