// SPDX-License-Identifier: Apache-2.0
// Where TensorRT may be. This file lists candidates by looking at folders; opening them is select-library.ts's.

import { readdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

import type { Family } from '../binding/contract';
import { packageRoot } from '../package-root';
import { findSitePackages, TENSORRT_PACKAGES } from './python-packages';

/** What a library file is by its name. */
export type LibraryKind = 'tensorrt' | 'tensorrt-rtx' | 'lean' | 'unknown';

/** A library that may be TensorRT. */
export interface LibraryCandidate {
  /** A path, or a bare soname for the loader's own search. */
  path: string;
  kind: LibraryKind;
  /** How it was found, for people: `'TENSORRT_NODE_LIB_DIR'`. */
  from: string;
}

/** A place that held no library. */
export interface TriedPath {
  /** Path or name of the library. */
  path: string;
  /** Why it was not taken. */
  reason: string;
}

/** Everything that was looked at. */
export interface LibrarySearch {
  /** Best first. */
  candidates: LibraryCandidate[];
  tried: TriedPath[];
}

/** The machine to look at; tests replace parts. */
export interface SearchPlaces {
  env: NodeJS.ProcessEnv;
  home: string;
  /** Root of this package, whose `.sdk/` is looked at in a checkout. */
  root: string;
  systemRoot: string;
  arch: string;
}

/** This machine. */
export function currentPlaces(): SearchPlaces {
  return { env: process.env, home: homedir(), root: packageRoot(), systemRoot: '/', arch: process.arch };
}

/** Names of the ONNX parser that belongs to a library of this family. */
export function parserName(family: Family): string {
  if (family === 'tensorrt-rtx') return 'libtensorrt_onnxparser_rtx.so.1';
  return family === 'tensorrt-11' ? 'libnvonnxparser.so.11' : 'libnvonnxparser.so.10';
}

/** Names that the loader itself is asked for, and that a folder is expected to hold. */
const SONAMES = ['libnvinfer.so.11', 'libnvinfer.so.10', 'libtensorrt_rtx.so.1'] as const;

const TRIPLETS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/**
 * Lists the libraries of this machine in the order in which they are taken. Looks at names and folders only.
 *
 * @param libraryPath - A library file or a folder of libraries. If given, nothing else is looked at.
 */
export async function locateTensorRt(
  libraryPath?: string,
  places: SearchPlaces = currentPlaces(),
): Promise<LibrarySearch> {
  const search: LibrarySearch = { candidates: [], tried: [] };
  if (libraryPath !== undefined) {
    await addPath(search, resolve(libraryPath), 'libraryPath');
    return search;
  }
  const fromEnvironment = places.env.TENSORRT_NODE_LIB_DIR;
  if (fromEnvironment) await addPath(search, resolve(fromEnvironment), 'TENSORRT_NODE_LIB_DIR');
  const sdk = join(places.root, '.sdk');
  await addPackages(search, join(sdk, 'python'), '.sdk');
  await addFolder(search, join(sdk, 'lib'), '.sdk');
  for (const site of await findSitePackages(places)) await addPackages(search, site, 'a Python package');
  for (const soname of SONAMES) {
    search.candidates.push({ path: soname, kind: kindOf(soname), from: "the loader's search path" });
  }
  for (const folder of await systemFolders(places)) await addFolder(search, folder, 'the system');
  search.candidates = await withoutRepetitions(search.candidates);
  return search;
}

/** Adds the libraries of TensorRT's Python packages in a site-packages folder. */
async function addPackages(search: LibrarySearch, site: string, from: string): Promise<void> {
  const names = await readdir(site).catch(() => undefined);
  const packages = TENSORRT_PACKAGES.filter((name) => names?.includes(name));
  const reason = names ? `holds none of ${TENSORRT_PACKAGES.join(', ')}` : 'no such folder';
  if (packages.length === 0) search.tried.push({ path: site, reason });
  for (const name of packages) await addFolder(search, join(site, name), from);
}

async function systemFolders({ systemRoot, arch }: SearchPlaces): Promise<string[]> {
  const local = join(systemRoot, 'usr', 'local');
  const installed = (await readdir(local).catch(() => []))
    .filter((name) => /^tensorrt/i.test(name))
    .sort()
    .reverse();
  const folders = installed.flatMap((name) => [join(local, name, 'lib'), join(local, name, 'lib64')]);
  const triplet = TRIPLETS[arch];
  if (triplet) folders.push(join(systemRoot, 'usr', 'lib', triplet));
  return [...folders, join(systemRoot, 'usr', 'lib64')];
}

/** Adds a file or all libraries of a folder that somebody named. */
async function addPath(search: LibrarySearch, path: string, from: string): Promise<void> {
  if (/[<>]/.test(path)) {
    search.tried.push({ path, reason: `${from} holds a placeholder: put the real folder in its place` });
    return;
  }
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) return addFolder(search, path, from);
  if (stats) search.candidates.push({ path, kind: kindOf(basename(path)), from });
  else search.tried.push({ path, reason: `${from} names it, but there is no such file or folder` });
}

async function addFolder(search: LibrarySearch, folder: string, from: string): Promise<void> {
  const names = await readdir(folder).catch(() => undefined);
  if (!names) {
    search.tried.push({ path: folder, reason: 'no such folder' });
    return;
  }
  const libraries = libraryNames(names);
  if (libraries.length === 0)
    search.tried.push({ path: folder, reason: `holds none of ${SONAMES.join(', ')}` });
  for (const name of libraries)
    search.candidates.push({ path: join(folder, name), kind: kindOf(name), from });
}

/** The library names of a folder: one per product and major version, newest major version first. */
function libraryNames(names: readonly string[]): string[] {
  const pattern = /^lib(nvinfer|tensorrt_rtx|nvinfer_lean)\.so\.(\d+)((?:\.\d+)*)$/;
  const shortest = new Map<string, { name: string; major: number; product: string }>();
  for (const name of names) {
    const match = pattern.exec(name);
    if (!match) continue;
    const key = `${match[1]} ${match[2]}`;
    // libnvinfer.so.10 is a link to libnvinfer.so.10.15.1: the short one is the name that the parser asks for.
    if ((shortest.get(key)?.name.length ?? Infinity) <= name.length) continue;
    shortest.set(key, { name, major: Number(match[2]), product: match[1]! });
  }
  const rank = (product: string): number => ['nvinfer', 'tensorrt_rtx', 'nvinfer_lean'].indexOf(product);
  return [...shortest.values()]
    .sort((a, b) => rank(a.product) - rank(b.product) || b.major - a.major)
    .map(({ name }) => name);
}

function kindOf(name: string): LibraryKind {
  if (/^libnvinfer\.so/.test(name)) return 'tensorrt';
  if (/^libtensorrt_rtx\.so/.test(name)) return 'tensorrt-rtx';
  return /^libnvinfer_lean\.so/.test(name) ? 'lean' : 'unknown';
}

/** The same file reached through links is one candidate. */
async function withoutRepetitions(candidates: readonly LibraryCandidate[]): Promise<LibraryCandidate[]> {
  const seen = new Set<string>();
  const kept: LibraryCandidate[] = [];
  for (const candidate of candidates) {
    const isPath = candidate.path.includes('/');
    const key = isPath ? await realpath(candidate.path).catch(() => candidate.path) : candidate.path;
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push(candidate);
  }
  return kept;
}

/** Path of the ONNX parser that belongs to a library: beside it, or by soname for the loader's search. */
export async function findParser(library: string, family: Family): Promise<string | undefined> {
  const name = parserName(family);
  if (!library.includes('/')) return name;
  // The library may be named by a link whose folder holds the link alone.
  const folders = [dirname(library), dirname(await realpath(library).catch(() => library))];
  for (const folder of new Set(folders)) {
    const path = join(folder, name);
    if (
      await stat(path)
        .then((stats) => stats.isFile())
        .catch(() => false)
    )
      return path;
  }
  return undefined;
}
