// SPDX-License-Identifier: Apache-2.0
// Opening the .node file. Nothing here runs at import: the first call that needs native code does. find-addon.ts finds
// the file; what fails is explained by its cause, and tried again at the next call.

import { TensorRTError } from '../errors';
import { checkAddonSync } from './addon-check';
import { currentAddonPlaces } from './addon-places';
import type { NativeAddon } from './contract';
import { explainCrash, explainLoad, explainVersion, notOurs } from './explain-load';
import { findAddon } from './find-addon';
import { explainOldNode, inspectAddon } from './inspect-addon';
import { loadError, type AddonFile, type AddonOrigin, type LoadFailure } from './load-failure';
import { keepOpened, openedAddon } from './opened-addon';
import { registerCopy } from './package-copies';
import { packageVersion } from '../package-root';
import { requireFromHere } from './require-from-here';

/** Set to 1, it has the addon opened in a child process first; default: off. */
export const CHECK_VARIABLE = 'TENSORRT_NODE_ADDON_CHECK';

/**
 * Opens the addon at the first call and returns the same one afterwards.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_ADDON` if no binary is there or it does not load; `details.cause` says why,
 * `details.tried` lists every place.
 */
export function loadAddon(): NativeAddon {
  const opened = openedAddon();
  if (opened) return opened.addon;
  const file = findAddon(currentAddonPlaces());
  if (isCheckWanted(process.env[CHECK_VARIABLE])) refuseIfCrashing(file);
  const addon = requireAddon(file.path, file.origin);
  process.once('exit', () => addon.shutdown());
  keepOpened({ addon, file });
  registerCopy();
  return addon;
}

/**
 * Path and origin of the addon, without opening it.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_ADDON` if there is none.
 */
export function addonFile(): AddonFile {
  return openedAddon()?.file ?? findAddon(currentAddonPlaces());
}

/** Path of the addon; a child process gets it handed so that it need not search. @throws as {@link addonFile} */
export function addonPath(): string {
  return addonFile().path;
}

/** Whether this process has it open: it will not crash any more by being opened. */
export function isAddonLoaded(): boolean {
  return openedAddon() !== undefined;
}

/** Opens the binary at `path`, explaining a failure by its cause. */
export function requireAddon(path: string, origin: AddonOrigin = 'environment'): NativeAddon {
  const file = { path, origin };
  const refusal = explainOldNode(process) ?? inspectAddon(file, process);
  if (refusal) throw failureOf(file, refusal);
  const addon = openBinary(file) as Partial<NativeAddon> | null | undefined;
  const found: unknown = addon?.buildInfo?.version;
  if (typeof found !== 'string')
    throw failureOf(file, notOurs(file, 'it is an addon without the functions of this package'));
  const expected = packageVersion();
  // A bundle has no package.json to compare with.
  if (found !== expected && expected !== 'unknown')
    throw failureOf(file, explainVersion(file, { found, expected }));
  return addon as NativeAddon;
}

function openBinary(file: AddonFile): unknown {
  try {
    if (file.path.endsWith('.node')) return requireFromHere()(file.path);
    // require() would read a file of another name as JavaScript.
    const module = { exports: {} };
    process.dlopen(module, file.path);
    return module.exports;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw failureOf(file, explainLoad(file, text), error);
  }
}

function isCheckWanted(value: string | undefined): boolean {
  if (value === undefined || value === '' || value === '0') return false;
  if (value === '1') return true;
  throw new TensorRTError('ERR_TRT_ARG_VALUE', `${CHECK_VARIABLE} is 0 or 1, not "${value}".`, {
    details: { name: CHECK_VARIABLE, value },
  });
}

function refuseIfCrashing(file: AddonFile): void {
  // What its head tells is told better by requireAddon().
  if (inspectAddon(file, process)) return;
  const check = checkAddonSync(file.path);
  if (check.outcome === 'crashes') throw failureOf(file, explainCrash(file, check.end));
}

function failureOf({ path }: AddonFile, failure: LoadFailure, error?: unknown): TensorRTError {
  const reason = error instanceof Error ? error.message : failure.message;
  return loadError(failure, [{ path, reason }], error);
}
