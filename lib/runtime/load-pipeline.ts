// SPDX-License-Identifier: Apache-2.0
// What loadEngine() does: header, manifest, digest, libraries, devices, in this order.

import { TensorRTError } from '../errors';
import { digestBytes, digestFile } from './digest';
import { Engine } from './engine';
import { fileReadError } from './file-errors';
import { parseManifest, readManifest, type Manifest } from './manifest';
import { manifestPathOf } from './manifest-path';
import {
  checkAgainstDevices,
  checkAgainstLibraries,
  checkAgainstManifest,
  requireKnownFamily,
} from './plan-checks';
import { checkLoadArguments, type LoadOptions } from './load-options';
import { readPlanHeader } from './plan-header';
import { currentSelection, installedLibraries } from './runtime-library';
import { askDriver, type SelectionContext } from './select-library';

/** {@link loadEngine} with its outside world as an argument. */
export async function loadEngineOn(
  source: string | Uint8Array,
  options: LoadOptions = {},
  context?: SelectionContext,
): Promise<Engine> {
  checkLoadArguments(source, options);
  const name = typeof source === 'string' ? source : 'the given engine';
  const rawHeader = await readPlanHeader(source);
  const manifest = await findManifest(source, options);
  const header = requireKnownFamily(rawHeader, manifest, name);
  if (manifest) checkAgainstManifest(header, await digestOf(source), manifest, name);
  const machine = context ?? currentSelection();
  checkAgainstLibraries(header, manifest, await installedLibraries(machine, options.libraryPath), name);
  // Asking the driver takes its time; only a manifest has something to compare.
  if (manifest && manifest.computeCapabilities.length > 0) {
    checkAgainstDevices(manifest, await askDriver(machine), name);
  }
  return new Engine({
    family: header.family,
    version: header.version ?? manifest?.version ?? 'unknown',
    manifest,
    source: typeof source === 'string' ? { path: source } : { bytes: source },
    bytes: header.actualBytes,
  });
}

async function findManifest(
  source: string | Uint8Array,
  { manifest }: LoadOptions,
): Promise<Manifest | null> {
  if (manifest === false) return null;
  if (typeof manifest === 'object') return parseManifest(manifest, 'The given manifest');
  if (typeof manifest === 'string') return requireManifest(manifest);
  return typeof source === 'string' ? readManifest(manifestPathOf(source)) : null;
}

async function requireManifest(path: string): Promise<Manifest> {
  const manifest = await readManifest(path);
  if (manifest) return manifest;
  throw new TensorRTError(
    'ERR_TRT_LOAD_MANIFEST_MISSING',
    `Expected a manifest at ${path}, but there is no such file.`,
    {
      hint: 'Correct the path, or pass `manifest: false` to load the engine without one.',
      details: { manifest: path },
    },
  );
}

async function digestOf(source: string | Uint8Array): Promise<string> {
  try {
    const digest = typeof source === 'string' ? await digestFile(source) : await digestBytes(source);
    return digest.sha256;
  } catch (error) {
    throw fileReadError('engine', String(source), error);
  }
}
