// SPDX-License-Identifier: Apache-2.0
// Finding and opening the .node file. Nothing here runs at import: the first call that needs native code does.
// Order: TENSORRT_NODE_ADDON, a local build, the prebuilt binary of this platform. Only "there is no such file"
// moves on to the next place; a file that is there and does not load is an error, since falling back would hide
// it.

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

import { TensorRTError } from '../errors';
import type { NativeAddon } from './contract';
import { packageRoot } from './package-root';

/** Name of the addon's build target. */
const ADDON_NAME = 'tensorrt_node';

/** A place that was looked at and why it gave no addon. */
export interface AddonAttempt {
  path: string;
  reason: string;
}

/** Where to look; tests replace parts of it. */
export interface AddonPlaces {
  env: NodeJS.ProcessEnv;
  root: string;
  platform: string;
  arch: string;
  libc: 'glibc' | 'musl' | null;
}

type BindingsFunction = (options: { bindings: string; module_root: string; path: true }) => string;

const requireFromHere = createRequire(__filename);
let loaded: { addon: NativeAddon; path: string } | undefined;

/**
 * Opens the addon at the first call and returns the same one afterwards.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_ADDON` if no binary is there or it does not load; `details.tried` lists
 * every place.
 */
export function loadAddon(): NativeAddon {
  return openAddon().addon;
}

/**
 * Path of the addon, without opening it; a child process gets it handed so that it need not search.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_ADDON` if there is none.
 */
export function addonPath(): string {
  return loaded?.path ?? findAddon(defaultPlaces());
}

function openAddon(): { addon: NativeAddon; path: string } {
  if (loaded) return loaded;
  const path = findAddon(defaultPlaces());
  const addon = requireAddon(path);
  process.once('exit', () => addon.shutdown());
  loaded = { path, addon };
  return loaded;
}

/** Opens the binary at `path`, explaining a failure by its cause. */
export function requireAddon(path: string): NativeAddon {
  try {
    return requireFromHere(path) as NativeAddon;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new TensorRTError('ERR_TRT_LOAD_ADDON', `The addon ${path} does not load: ${text}`, {
      hint: explainLoadFailure(text),
      details: { tried: [{ path, reason: text }] },
      cause: error,
    });
  }
}

function defaultPlaces(): AddonPlaces {
  return {
    env: process.env,
    root: packageRoot(),
    platform: process.platform,
    arch: process.arch,
    libc: currentLibc(),
  };
}

// The same test that node-gyp-build uses; asking process.report takes milliseconds and may touch the network.
function currentLibc(): AddonPlaces['libc'] {
  if (process.platform !== 'linux') return null;
  return existsSync('/etc/alpine-release') ? 'musl' : 'glibc';
}

/** Path of the addon to open. @throws {TensorRTError} `ERR_TRT_LOAD_ADDON` if there is none. */
export function findAddon(places: AddonPlaces): string {
  const fromEnvironment = places.env.TENSORRT_NODE_ADDON;
  if (fromEnvironment) return resolve(fromEnvironment);
  const tried: AddonAttempt[] = [];
  const path = findLocalBuild(places, tried) ?? findPrebuild(places, tried);
  if (path !== undefined) return path;
  throw new TensorRTError(
    'ERR_TRT_LOAD_ADDON',
    `No addon for ${describePlatform(places)} was found in ${places.root}.`,
    {
      hint:
        places.platform === 'linux'
          ? 'In a checkout run `npm run build`; elsewhere reinstall tensorrt-node, so that its prebuilds/ are complete.'
          : `Prebuilt binaries exist for linux-x64 and linux-arm64; on ${places.platform} build from a checkout with \`npm run build\`.`,
      details: { platform: describePlatform(places), tried },
    },
  );
}

function describePlatform({ platform, arch, libc }: AddonPlaces): string {
  return `${platform}-${arch}${libc ? ` (${libc})` : ''}`;
}

function findLocalBuild({ root }: AddonPlaces, tried: AddonAttempt[]): string | undefined {
  const bindings = requireFromHere('bindings') as BindingsFunction;
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

function findPrebuild(places: AddonPlaces, tried: AddonAttempt[]): string | undefined {
  const folder = join(places.root, 'prebuilds', `${places.platform}-${places.arch}`);
  const names = listFolder(folder);
  if (names === undefined) {
    tried.push({ path: folder, reason: 'no such folder' });
    return undefined;
  }
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

function listFolder(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** What to do about a loader's message. */
export function explainLoadFailure(message: string): string {
  if (/GLIBC_|GLIBCXX_/.test(message))
    return 'The C library of this system is older than the binary needs (glibc 2.28): use a newer system or build from a checkout with `npm run build`.';
  if (/invalid ELF header|wrong ELF class|file too short|not a mach-o|not a valid Win32/i.test(message))
    return 'The file is no binary for this platform, or was cut short: reinstall tensorrt-node on this machine instead of copying node_modules.';
  if (/did not self-register|NODE_MODULE_VERSION|different Node\.js version/.test(message))
    return 'The binary was built for another Node.js: run `npm run build` again, or reinstall tensorrt-node.';
  if (/Cannot find module|no such file|ENOENT/i.test(message))
    return 'The file is not there: correct TENSORRT_NODE_ADDON, or run `npm run build` in a checkout.';
  return 'Run `npx tensorrt-node doctor` to see which binaries were tried.';
}
