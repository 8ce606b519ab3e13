// SPDX-License-Identifier: Apache-2.0
// Two copies of the package in one process, as two versions in one node_modules tree: both work, each with classes of
// its own, and an object of one is none of the other. A worker thread, and a context of node:vm as vitest makes them,
// has globals of its own and hence only one.

import { realpathSync } from 'node:fs';

import { TensorRTError, type TensorRTErrorCode } from '../errors';
import { packageFolder, packageVersion } from '../package-root';

/** One installed package. */
export interface PackageCopy {
  readonly folder: string;
  readonly version: string;
}

const REGISTRY = Symbol.for('tensorrt-node.copies');
const CLASS = Symbol.for('tensorrt-node.class');

/** Code of the warning about a second copy. */
export const SECOND_COPY_WARNING = 'TRT_TWO_COPIES';

interface Registry {
  copies: PackageCopy[];
  hasWarned: boolean;
}

function registry(): Registry {
  const globals = globalThis as { [REGISTRY]?: Registry };
  return (globals[REGISTRY] ??= { copies: [], hasWarned: false });
}

/** Enters this copy into the list of those in use, and warns once per process if it is not the only one. */
export function registerCopy(copy: PackageCopy | undefined = thisCopy()): void {
  const { copies } = registry();
  if (copy === undefined || copies.some((known) => isSameFolder(known.folder, copy.folder))) return;
  copies.push(copy);
  if (copies.length < 2 || registry().hasWarned) return;
  registry().hasWarned = true;
  const list = copies.map(describeCopy).join(' and ');
  process.emitWarning(
    `Two copies of tensorrt-node are in use in this process: ${list}. Both work, but engines and device tensors of one are not taken by the other; \`npm ls tensorrt-node\` shows who brings them.`,
    { type: 'TensorRTWarning', code: SECOND_COPY_WARNING },
  );
}

/** This one; `undefined` in a bundle. */
function thisCopy(): PackageCopy | undefined {
  const folder = packageFolder();
  return folder === undefined ? undefined : { folder, version: packageVersion() };
}

/** Folders may be reached by links. */
function isSameFolder(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

function describeCopy({ folder, version }: PackageCopy): string {
  return `${version} in ${folder}`;
}

/** Marks the objects of a class, so that another copy of the package knows what they are. */
export function markClass(aClass: { readonly prototype: object }, name: string): void {
  const get = () => ({ name, copy: thisCopy() ?? { folder: 'a bundle', version: packageVersion() } });
  Object.defineProperty(aClass.prototype, CLASS, { get });
}

/**
 * Refuses an object of a marked class that is not an instance of this copy's class. Does nothing for other values; to
 * be called where `instanceof` failed.
 *
 * @param where - The function that it was given to, e.g. `'createSession()'`.
 */
export function refuseForeign(
  value: unknown,
  where: string,
  code: TensorRTErrorCode = 'ERR_TRT_ARG_TYPE',
): void {
  if (typeof value !== 'object' || value === null) return;
  const mark = (value as { [CLASS]?: { name: string; copy: PackageCopy } })[CLASS];
  if (mark === undefined) return;
  const here = thisCopy();
  const isReloaded = here !== undefined && isSameFolder(here.folder, mark.copy.folder);
  const article = /^[AEIOU]/.test(mark.name) ? 'An' : 'A';
  throw new TensorRTError(
    code,
    isReloaded
      ? `${where} was given ${article.toLowerCase()} ${mark.name} of the same tensorrt-node, but its code was loaded twice: ${here.folder}.`
      : `${where} was given ${article.toLowerCase()} ${mark.name} of another copy of tensorrt-node, ${describeCopy(mark.copy)}; this one is ${here ? describeCopy(here) : 'in a bundle'}.`,
    {
      hint: isReloaded
        ? 'Use objects with the module that made them: something emptied the cache of modules (vi.resetModules(), jest), or bundled a part of them.'
        : 'Have one copy: `npm ls tensorrt-node` shows who brings them, `npm dedupe` or `overrides` make them one.',
      details: { name: mark.name, copy: mark.copy, expected: here ?? null },
    },
  );
}
