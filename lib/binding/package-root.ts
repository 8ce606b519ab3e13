// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

let cached: string | undefined;

/**
 * Folder of this package's package.json. Sources run from `lib/` under the tests and from `dist/` once
 * compiled, so the depth is not fixed.
 */
export function packageRoot(): string {
  cached ??= findPackageRoot(__dirname);
  return cached;
}

function findPackageRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && readName(manifest) === 'tensorrt-node') return folder;
    // A bundler moved this file out of its package: the nearest guess is as good as any, and loading the addon
    // from there fails with a message that names the folder.
    if (dirname(folder) === folder) return dirname(start);
  }
}

function readName(manifest: string): unknown {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}

/** Version of this package, from its package.json. */
export function packageVersion(): string {
  try {
    const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
    return String((JSON.parse(text) as { version?: unknown }).version ?? 'unknown');
  } catch {
    return 'unknown';
  }
}
