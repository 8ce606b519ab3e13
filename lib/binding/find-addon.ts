// SPDX-License-Identifier: Apache-2.0
// Finding the .node file. Order: TENSORRT_NODE_ADDON, a local build, the prebuilt binary of this platform. Only "there
// is no such file" moves on to the next place; a file that is there and does not load is an error, since falling back
// would hide it.

import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { AddonPlaces } from './addon-places';
import { explainNothingFound } from './explain-search';
import { requireFromHere } from './require-from-here';
import { loadError, type AddonAttempt, type AddonFile } from './load-failure';

/** Name of the addon's build target. */
const ADDON_NAME = 'tensorrt_node';

type BindingsFunction = (options: { bindings: string; module_root: string; path: true }) => string;

/** The binary to open. @throws {TensorRTError} `ERR_TRT_LOAD_ADDON` if there is none. */
export function findAddon(places: AddonPlaces): AddonFile {
  const fromEnvironment = places.env.TENSORRT_NODE_ADDON;
  if (fromEnvironment) return { path: resolve(fromEnvironment), origin: 'environment' };
  const tried: AddonAttempt[] = [];
  const built = findLocalBuild(places, tried);
  if (built !== undefined) return { path: built, origin: 'local-build' };
  const prebuilt = findPrebuild(places, tried);
  if (prebuilt !== undefined) return { path: prebuilt, origin: 'prebuilt' };
  throw loadError(explainNothingFound(places), tried);
}

function findLocalBuild({ root }: AddonPlaces, tried: AddonAttempt[]): string | undefined {
  if (root === undefined) return undefined;
  const bindings = requireBindings();
  if (bindings === undefined) {
    // A step that copied only what it saw used left it out; it finds local builds, and there are none then.
    tried.push({ path: join(root, 'build'), reason: 'not looked at: the package `bindings` is not there' });
    return undefined;
  }
  try {
    return bindings({ bindings: ADDON_NAME, module_root: root, path: true });
  } catch (error) {
    const { tries } = error as { tries?: string[] };
    // Only the package's own "could not locate" has `tries`; anything else is a real failure.
    if (!tries) throw error;
    tried.push(...tries.map((path) => ({ path, reason: 'no such file' })));
    return undefined;
  }
}

function requireBindings(): BindingsFunction | undefined {
  try {
    return requireFromHere()('bindings') as BindingsFunction;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function findPrebuild(places: AddonPlaces, tried: AddonAttempt[]): string | undefined {
  if (places.root === undefined) return undefined;
  const folder = join(places.root, 'prebuilds', `${places.platform}-${places.arch}`);
  const names = listFolder(folder, tried);
  if (names === undefined) return undefined;
  const binaries = names.filter((name) => name.endsWith('.node')).sort();
  if (binaries.length === 0) tried.push({ path: folder, reason: 'the folder holds no .node file' });
  for (const name of binaries) {
    const reason = whyNotThisPrebuild(name, places.libc);
    if (reason === undefined) return join(folder, name);
    tried.push({ path: join(folder, name), reason });
  }
  return undefined;
}

/** prebuildify writes what a binary is for between the dots: `tensorrt-node.glibc.node`. */
function whyNotThisPrebuild(name: string, libc: AddonPlaces['libc']): string | undefined {
  const tags = name.split('.').slice(1, -1);
  const wanted = tags.find((tag) => tag === 'glibc' || tag === 'musl');
  return wanted !== undefined && wanted !== libc ? `made for ${wanted}, this system has ${libc}` : undefined;
}

function listFolder(folder: string, tried: AddonAttempt[]): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      tried.push({ path: folder, reason: 'no such folder' });
      return undefined;
    }
    throw loadError(
      {
        cause: 'permission',
        message: `The folder of the prebuilt binary, ${folder}, cannot be read: ${message}`,
        hint: 'Make it readable for the user that runs Node (`chmod -R a+rX node_modules/tensorrt-node`).',
      },
      [...tried, { path: folder, reason: message }],
      error,
    );
  }
}
