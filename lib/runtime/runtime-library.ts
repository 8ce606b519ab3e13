// SPDX-License-Identifier: Apache-2.0
// Finding the installed library that runs a given plan: the one of its family and release. Whether it can also build
// does not matter here.

import type { NativeLibraryReport } from '../binding/contract';
import { loadAddon } from '../binding/load';
import { TensorRTError } from '../errors';
import { driverLibrary } from './driver-library';
import type { Engine } from './engine';
import { FAMILY_NAMES, formatLibraryVersion } from './library-version';
import { currentPlaces, findParser, locateTensorRt, type LibraryCandidate } from './locate-tensorrt';
import { canLoad, checkAgainstLibraries, type InstalledLibrary } from './plan-checks';
import { probeOnce, type SelectionContext } from './select-library';

/** The library for a plan. */
export interface RuntimeLibrary extends InstalledLibrary {
  /** Absent where no ONNX parser is beside it: new weights cannot be read from a model then. */
  readonly parserLibrary?: string;
}

/** This machine. Opens the addon. */
export function currentSelection(): SelectionContext {
  return { addon: loadAddon(), places: currentPlaces(), driverLibrary: driverLibrary() };
}

/** Libraries of a supported family that open, in the order in which they are taken. */
export async function installedLibraries(
  context: SelectionContext,
  libraryPath?: string,
): Promise<InstalledLibrary[]> {
  const { candidates } = await locateTensorRt(libraryPath, context.places);
  return openAll(candidates, context);
}

async function openAll(
  candidates: readonly LibraryCandidate[],
  { addon }: SelectionContext,
): Promise<InstalledLibrary[]> {
  const installed: InstalledLibrary[] = [];
  for (const candidate of candidates) {
    const library = toInstalled(candidate, await probeOnce(candidate.path, addon));
    // The loader finds by its name what was opened by its path before.
    if (!library || installed.some(({ path }) => path === library.path)) continue;
    installed.push(library);
  }
  return installed;
}

function toInstalled(candidate: LibraryCandidate, report: NativeLibraryReport): InstalledLibrary | undefined {
  if (report.family === undefined || report.version === undefined) return undefined;
  const library = {
    family: report.family,
    version: formatLibraryVersion(report.version),
    path: report.path || candidate.path,
  };
  return candidate.kind === 'lean' ? { ...library, isLean: true } : library;
}

/**
 * Finds the library that runs an engine.
 *
 * @param name - What to call the engine in messages.
 * @throws {TensorRTError} `ERR_TRT_LOAD_TENSORRT_NOT_FOUND` with every path tried where there is no library at all,
 * `ERR_TRT_LOAD_PLAN_FAMILY` or `ERR_TRT_LOAD_PLAN_VERSION` where none fits.
 */
export async function findRuntimeLibrary(
  engine: Pick<Engine, 'family' | 'version' | 'manifest'>,
  name: string,
  libraryPath: string | undefined,
  context: SelectionContext,
): Promise<RuntimeLibrary> {
  const { candidates, tried } = await locateTensorRt(libraryPath, context.places);
  const installed = await openAll(candidates, context);
  const plan = { family: engine.family, version: engine.version === 'unknown' ? null : engine.version };
  const library = installed.find((candidate) => canLoad(candidate, plan, engine.manifest));
  if (!library) {
    checkAgainstLibraries(plan, engine.manifest, installed, name);
    const places = [...candidates.map(({ path }) => ({ path, reason: 'does not open' })), ...tried];
    throw new TensorRTError(
      'ERR_TRT_LOAD_TENSORRT_NOT_FOUND',
      `${name} needs ${FAMILY_NAMES[plan.family]}${plan.version === null ? '' : ` ${plan.version}`}, which was not found. Tried:${places.map(({ path, reason }) => `\n  ${path}: ${reason}`).join('')}`,
      { details: { source: name, ...plan, tried: places } },
    );
  }
  const parserLibrary = library.isLean ? undefined : await findParser(library.path, library.family);
  return parserLibrary === undefined ? library : { ...library, parserLibrary };
}
