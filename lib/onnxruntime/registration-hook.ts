// SPDX-License-Identifier: Apache-2.0
// Every copy of onnxruntime-common has a registry of its own, and whoever registers a name first keeps it. So our
// backend has to be in a copy before onnxruntime-node, which loads that copy, goes on: the moment between the two is
// the return of `require('onnxruntime-common')`. Only the CommonJS build is watched: onnxruntime-node uses no other.

import Module from 'node:module';

import type { Registry } from './register-backend';

type Load = (this: unknown, request: string, ...rest: unknown[]) => unknown;

/** Node's own loader, as tools that watch `require` have used it for years. Only what is needed here. */
interface Loader {
  _load: Load;
  readonly _cache: Readonly<Record<string, { exports: unknown } | undefined>>;
}

const COMMON_FILE = /[\\/]onnxruntime-common[\\/]dist[\\/]cjs[\\/]index\.js$/;

const loader = Module as unknown as Loader;
let listener: ((common: Registry) => void) | undefined;

/** The copies of onnxruntime-common that this process has loaded so far. */
export function loadedCopies(): Registry[] {
  const files = Object.keys(loader._cache).filter((file) => COMMON_FILE.test(file));
  return files.map((file) => loader._cache[file]?.exports).filter(isRegistry);
}

/** Calls `found` with each copy that is loaded from now on, before the module that asked for it goes on. */
export function watchCopies(found: (common: Registry) => void): void {
  const watching = listener !== undefined;
  listener = found;
  if (watching) return;
  const load = loader._load;
  loader._load = function (this: unknown, request: string, ...rest: unknown[]) {
    const loaded = load.call(this, request, ...rest);
    if ((request === 'onnxruntime-common' || COMMON_FILE.test(request)) && isRegistry(loaded))
      listener?.(loaded);
    return loaded;
  };
}

function isRegistry(value: unknown): value is Registry {
  const candidate = value as Partial<Registry> | null | undefined;
  return typeof candidate?.registerBackend === 'function' && typeof candidate.env === 'object';
}
