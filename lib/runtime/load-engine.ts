// SPDX-License-Identifier: Apache-2.0
import { loadAddon } from '../binding/load';
import { TensorRTError } from '../errors';
import { digestBytes, digestFile } from './digest';
import { Engine } from './engine';
import { fileReadError } from './file-errors';
import { formatLibraryVersion } from './library-version';
import { currentPlaces, locateTensorRt } from './locate-tensorrt';
import { manifestPathOf, parseManifest, readManifest, type Manifest } from './manifest';
import {
  checkAgainstDevices,
  checkAgainstLibraries,
  checkAgainstManifest,
  requireKnownFamily,
  type InstalledLibrary,
} from './plan-checks';
import { readPlanHeader } from './plan-header';
import { rejectUnknownOptions } from './option-checks';
import { examineLibrary, type SelectionContext } from './select-library';

/** Options of {@link loadEngine}. */
export interface LoadOptions {
  /**
   * The manifest: its path, its content, or `false` to load without one. Default: the file `<engine>.json` if it is
   * there; bytes have none.
   */
  manifest?: string | Manifest | false;
  /** TensorRT library, or folder of libraries, that shall run the engine. Default: what `probe()` finds. */
  libraryPath?: string;
}

/**
 * Loads a built engine: checks its header, its manifest and the digest in it, and holds both against the installed
 * TensorRT and GPU, all before a byte reaches TensorRT. A file stays on disk until its bytes are asked for.
 *
 * @param source - Path of an engine file, or the plan's bytes; bytes are kept, not copied.
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_PLAN_*` or `ERR_TRT_LOAD_MANIFEST_*`.
 * @example
 * ```ts
 * const engine = await loadEngine('model.engine');
 * console.log(engine.inputs, engine.report().buildMs);
 * ```
 */
export async function loadEngine(source: string | Uint8Array, options: LoadOptions = {}): Promise<Engine> {
  return loadEngineOn(source, options);
}

/** {@link loadEngine} with its outside world as an argument. */
export async function loadEngineOn(
  source: string | Uint8Array,
  options: LoadOptions = {},
  context?: SelectionContext,
): Promise<Engine> {
  checkArguments(source, options);
  const name = typeof source === 'string' ? source : 'the given engine';
  const rawHeader = await readPlanHeader(source);
  const manifest = await findManifest(source, options);
  const header = requireKnownFamily(rawHeader, manifest, name);
  if (manifest) checkAgainstManifest(header, await digestOf(source), manifest, name);
  const machine = context ?? { addon: loadAddon(), places: currentPlaces() };
  checkAgainstLibraries(header, manifest, await installedLibraries(machine, options.libraryPath), name);
  // Asking the driver takes its time; only a manifest has something to compare.
  if (manifest && manifest.computeCapabilities.length > 0) {
    checkAgainstDevices(manifest, await machine.addon.probeCuda(machine.driverLibrary), name);
  }
  return new Engine({
    family: header.family,
    version: header.version ?? manifest?.version ?? 'unknown',
    manifest,
    source: typeof source === 'string' ? { path: source } : { bytes: source },
    bytes: header.actualBytes,
  });
}

function checkArguments(source: unknown, options: LoadOptions): void {
  if (!(typeof source === 'string' && source !== '') && !(source instanceof Uint8Array)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `loadEngine(source) takes the path of an engine or its bytes (Uint8Array), not ${source === '' ? 'an empty string' : typeof source}.`,
    );
  }
  rejectUnknownOptions('loadEngine', options, ['manifest', 'libraryPath']);
  const { manifest, libraryPath } = options;
  const isManifest =
    manifest === undefined ||
    manifest === false ||
    typeof manifest === 'string' ||
    (typeof manifest === 'object' && manifest !== null);
  if (!isManifest)
    throw new TensorRTError('ERR_TRT_ARG_TYPE', 'Option "manifest" takes a path, a manifest, or false.');
  if (libraryPath !== undefined && typeof libraryPath !== 'string')
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      'Option "libraryPath" takes the path of a library or a folder.',
    );
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

/** Libraries of a supported family that open; whether they can also build does not matter here. */
async function installedLibraries(
  context: SelectionContext,
  libraryPath?: string,
): Promise<InstalledLibrary[]> {
  const { candidates } = await locateTensorRt(libraryPath, context.places);
  const installed: InstalledLibrary[] = [];
  for (const candidate of candidates) {
    const { report } = await examineLibrary(candidate, context.addon);
    if (report.family === undefined || report.version === undefined) continue;
    const path = report.path || candidate.path;
    // The loader finds by its name what was opened by its path before.
    if (installed.some((library) => library.path === path)) continue;
    installed.push({ family: report.family, version: formatLibraryVersion(report.version), path });
  }
  return installed;
}
