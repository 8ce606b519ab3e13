// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

let cached: { folder: string | undefined } | undefined;

/**
 * Folder of this code. Not always that of the file that was installed: a bundler moves the code, and makes an ES module
 * of it, which has no `__dirname`.
 */
function codeFolder(): string {
  return typeof __dirname === 'string' ? __dirname : process.cwd();
}

/** Folder of this package's package.json; `undefined` if a bundler moved this code out of the package. */
export function packageFolder(): string | undefined {
  cached ??= { folder: findPackageFolder(codeFolder()) };
  return cached.folder;
}

/**
 * As {@link packageFolder}, with a guess where there is none: what is looked for there is not found, and the message
 * names the folder.
 */
export function packageRoot(): string {
  return packageFolder() ?? dirname(codeFolder());
}

/** Sources run from `lib/` under the tests and from `dist/` once compiled, so the depth is not fixed. */
function findPackageFolder(start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && readName(manifest) === 'tensorrt-node') return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function readName(manifest: string): unknown {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}

/** Version of this package, from its package.json; `'unknown'` without one. */
export function packageVersion(): string {
  try {
    const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
    return name === 'tensorrt-node' ? String(version ?? 'unknown') : 'unknown';
  } catch {
    return 'unknown';
  }
}
