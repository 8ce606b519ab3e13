// SPDX-License-Identifier: Apache-2.0
// Folders where pip and conda put packages, found by looking: starting an interpreter takes tens of milliseconds, and
// may run anything that its site customisation says.

import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';

/** The parts of a machine that decide where Python packages are; tests replace them. */
export interface PythonPlaces {
  env: NodeJS.ProcessEnv;
  home: string;
  /** Where the system is mounted: '/' outside tests. */
  systemRoot: string;
}

/** Packages that hold TensorRT libraries, best first. */
export const TENSORRT_PACKAGES = ['tensorrt_libs', 'tensorrt_rtx_libs', 'tensorrt_lean_libs'] as const;

/**
 * Existing site-packages folders: the active environment's first, then those of the interpreter that `python3` means,
 * of pyenv, the user and the system.
 */
export async function findSitePackages(places: PythonPlaces): Promise<string[]> {
  const { env, home, systemRoot } = places;
  const active = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter((prefix): prefix is string => !!prefix);
  const prefixes = [
    ...active,
    ...(await prefixesOfPython3(env)),
    ...(await pyenvPrefixes(env, home)),
    join(home, '.local'),
    join(systemRoot, 'usr', 'local'),
    join(systemRoot, 'usr'),
  ];
  const found = await Promise.all([...new Set(prefixes)].map(sitePackagesOf));
  return [...new Set(found.flat())];
}

/** `lib/python3.11/site-packages` and Debian's `dist-packages` below a prefix, newest Python first. */
async function sitePackagesOf(prefix: string): Promise<string[]> {
  const folders: string[] = [];
  for (const lib of ['lib', 'lib64']) {
    const versions = (await list(join(prefix, lib))).filter((name) => /^python3(\.\d+)?$/.test(name));
    versions.sort((a, b) => minorOf(b) - minorOf(a));
    for (const version of versions) {
      const contents = await list(join(prefix, lib, version));
      for (const name of ['site-packages', 'dist-packages']) {
        if (contents.includes(name)) folders.push(await resolved(join(prefix, lib, version, name)));
      }
    }
  }
  return folders;
}

function minorOf(name: string): number {
  return Number(name.split('.')[1] ?? 0);
}

/** The prefix of the first `python3` on PATH, as named and behind its links (a venv links to its base). */
async function prefixesOfPython3(env: NodeJS.ProcessEnv): Promise<string[]> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    // pyenv's shims are scripts; pyenvPrefixes() knows what they mean.
    if (folder === '' || basename(folder) === 'shims' || !(await list(folder)).includes('python3')) continue;
    const target = await resolved(join(folder, 'python3'));
    return [dirname(folder), dirname(dirname(target))];
  }
  return [];
}

/** pyenv's versions, the selected one first. */
async function pyenvPrefixes(env: NodeJS.ProcessEnv, home: string): Promise<string[]> {
  const root = env.PYENV_ROOT || join(home, '.pyenv');
  const versions = (await list(join(root, 'versions'))).sort().reverse();
  const selected = (env.PYENV_VERSION ?? (await text(join(root, 'version')))).split(/[:\s]+/);
  versions.sort((a, b) => Number(selected.includes(b)) - Number(selected.includes(a)));
  return versions.map((version) => join(root, 'versions', version));
}

/** Names in a folder; none if it cannot be read, since every place here is a guess. */
async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function resolved(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
