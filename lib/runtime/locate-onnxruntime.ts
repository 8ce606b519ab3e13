// SPDX-License-Identifier: Apache-2.0
// Where libonnxruntime may be. Only names and folders are looked at; the JavaScript of onnxruntime-node is not loaded.

import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';

import { currentPlaces, type LibraryCandidate, type SearchPlaces, type TriedPath } from './locate-tensorrt';
import { NO_LIBRARIES } from './cpu-runtime-advice';
import { findSitePackages } from './python-packages';

/** What was found, best first, and what was not. */
export interface RuntimeSearch {
  candidates: Pick<LibraryCandidate, 'path' | 'from'>[];
  tried: TriedPath[];
}

/** Places to look at; tests replace parts. */
export interface RuntimePlaces extends SearchPlaces {
  /** Folders from which the npm package is resolved, as `require` would. */
  packageOrigins: readonly string[];
  platform: string;
}

/** Environment variable that names the library or its folder. */
export const RUNTIME_VARIABLE = 'TENSORRT_NODE_ONNXRUNTIME';

/**
 * The npm package, and a name under which it can be had beside an `overrides` entry that puts another package in its
 * place: `npm install onnxruntime-node-cpu@npm:onnxruntime-node@<version>`.
 */
const PACKAGES = ['onnxruntime-node', 'onnxruntime-node-cpu'];

const TRIPLETS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** This machine: the npm package is looked for from the application's folder first, then from this package. */
export function currentRuntimePlaces(): RuntimePlaces {
  const places = currentPlaces();
  return { ...places, packageOrigins: [process.cwd(), places.root], platform: process.platform };
}

/**
 * Lists the candidates: an explicit path, the environment variable, the npm package `onnxruntime-node` or its alias
 * `onnxruntime-node-cpu`, Python packages, the system.
 *
 * @param explicit - Library file or folder. If given, nothing else is looked at; the same holds for the variable.
 */
export async function locateOnnxRuntime(
  explicit?: string,
  places: RuntimePlaces = currentRuntimePlaces(),
): Promise<RuntimeSearch> {
  const search: RuntimeSearch = { candidates: [], tried: [] };
  const fromVariable = places.env[RUNTIME_VARIABLE];
  if (explicit !== undefined || fromVariable) {
    const from = explicit !== undefined ? 'runtimeLibrary' : RUNTIME_VARIABLE;
    await addPath(search, resolve(explicit ?? fromVariable!), from);
    return search;
  }
  for (const name of PACKAGES)
    for (const origin of places.packageOrigins) await addNpmPackage(search, name, origin, places);
  const venvs = ['.venv', 'venv'].map((name) => ({
    ...places,
    env: { VIRTUAL_ENV: join(places.packageOrigins[0] ?? '.', name) },
  }));
  const sites = (await Promise.all([places, ...venvs].map(findSitePackages))).flat();
  for (const site of new Set(sites))
    await addFolder(search, join(site, 'onnxruntime', 'capi'), 'a Python package');
  for (const folder of systemFolders(places)) await addFolder(search, folder, 'the system');
  return search;
}

async function addNpmPackage(
  search: RuntimeSearch,
  name: string,
  origin: string,
  { platform, arch }: RuntimePlaces,
): Promise<void> {
  let bin: string;
  try {
    // The manifest is resolved, not loaded: the package's entry point opens its own addon.
    bin = join(dirname(createRequire(join(origin, 'noop.js')).resolve(`${name}/package.json`)), 'bin');
  } catch {
    search.tried.push({ path: join(origin, 'node_modules', name), reason: 'no such package' });
    return;
  }
  const versions = (await readdir(bin).catch(() => [])).filter((entry) => /^napi-v\d+$/.test(entry));
  versions.sort((a, b) => Number(b.slice(6)) - Number(a.slice(6)));
  if (versions.length === 0) search.tried.push({ path: bin, reason: NO_LIBRARIES });
  for (const version of versions) {
    await addFolder(search, join(bin, version, platform, arch), `the npm package ${name}`);
  }
}

function systemFolders({ env, systemRoot, arch }: RuntimePlaces): string[] {
  const triplet = TRIPLETS[arch];
  return [
    ...(env.LD_LIBRARY_PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    join(systemRoot, 'usr', 'local', 'lib'),
    ...(triplet ? [join(systemRoot, 'usr', 'lib', triplet)] : []),
    join(systemRoot, 'usr', 'lib64'),
    join(systemRoot, 'usr', 'lib'),
  ];
}

async function addPath(search: RuntimeSearch, path: string, from: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) return addFolder(search, path, from);
  if (stats) search.candidates.push({ path, from });
  else search.tried.push({ path, reason: `${from} names it, but there is no such file or folder` });
}

async function addFolder(search: RuntimeSearch, folder: string, from: string): Promise<void> {
  const names = await readdir(folder).catch(() => undefined);
  const libraries = (names ?? []).filter((name) =>
    /^libonnxruntime\.so(\.|$)|^libonnxruntime[\d.]*\.dylib$|^onnxruntime\.dll$/.test(name),
  );
  if (libraries.length === 0) {
    search.tried.push({ path: folder, reason: names ? 'holds no libonnxruntime' : 'no such folder' });
    return;
  }
  // One file under several names: the shortest with a version is the one that others link to.
  libraries.sort((a, b) => a.length - b.length);
  const path = join(folder, libraries[0]!);
  if (!search.candidates.some((candidate) => candidate.path === path)) search.candidates.push({ path, from });
}
