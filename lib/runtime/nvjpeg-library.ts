// SPDX-License-Identifier: Apache-2.0
// Where nvJPEG may be. This file lists candidates by looking at folders; opening them is native code's.

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { currentPlaces, type SearchPlaces, type TriedPath } from './locate-tensorrt';
import { findSitePackages } from './python-packages';

/** Environment variable that names the nvJPEG library to open; no other is tried then. */
export const NVJPEG_VARIABLE = 'TENSORRT_NODE_NVJPEG_LIBRARY';

/** What was found on this machine. */
export interface NvjpegSearch {
  /** Paths and bare names for the loader's own search, best first. */
  readonly libraries: readonly string[];
  /** Folders that have none. */
  readonly tried: readonly TriedPath[];
}

/** Newest first: it has code for newer GPUs; where the driver is too old for it, the next one is taken. */
const SONAMES = ['libnvjpeg.so.13', 'libnvjpeg.so.12'] as const;

/** Folders of the Python packages nvidia-nvjpeg and nvidia-nvjpeg-cu12 in site-packages. */
const PACKAGE_FOLDERS = [join('nvidia', 'cu13', 'lib'), join('nvidia', 'nvjpeg', 'lib')] as const;

const TRIPLETS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** Lists the libraries of this machine in the order in which they are taken. */
export async function locateNvjpeg(places: SearchPlaces = currentPlaces()): Promise<NvjpegSearch> {
  const named = places.env[NVJPEG_VARIABLE];
  if (named) return { libraries: [named.includes('/') ? resolve(named) : named], tried: [] };
  const sites = await findSitePackages(places);
  const fromPackages = await lookIn(
    sites.flatMap((site) => PACKAGE_FOLDERS.map((folder) => join(site, folder))),
  );
  const fromSystem = await lookIn(await systemFolders(places));
  return {
    libraries: [...fromPackages.libraries, ...SONAMES, ...fromSystem.libraries],
    tried: [...fromPackages.tried, ...fromSystem.tried],
  };
}

async function systemFolders({ systemRoot, arch }: SearchPlaces): Promise<string[]> {
  const local = join(systemRoot, 'usr', 'local');
  const installed = (await readdir(local).catch(() => []))
    .filter((name) => /^cuda(-\d|$)/.test(name))
    .sort()
    .reverse();
  const triplet = TRIPLETS[arch];
  return [
    ...installed.map((name) => join(local, name, 'lib64')),
    ...(triplet === undefined ? [] : [join(systemRoot, 'usr', 'lib', triplet)]),
    join(systemRoot, 'usr', 'lib64'),
  ];
}

async function lookIn(folders: readonly string[]): Promise<NvjpegSearch> {
  const libraries: string[] = [];
  const tried: TriedPath[] = [];
  for (const folder of new Set(folders)) {
    const names = await readdir(folder).catch(() => undefined);
    const found = SONAMES.filter((soname) => names?.includes(soname));
    libraries.push(...found.map((name) => join(folder, name)));
    const reason = names === undefined ? 'no such folder' : `holds none of ${SONAMES.join(', ')}`;
    if (found.length === 0) tried.push({ path: folder, reason });
  }
  return { libraries, tried };
}
