// SPDX-License-Identifier: Apache-2.0
// Choosing the TensorRT library. The driver is asked first: TensorRT's own libraries misbehave without one (some
// return a broken pointer, some abort), while TensorRT-RTX builds without a GPU.

import { stat } from 'node:fs/promises';

import type { Family, NativeAddon, NativeCudaReport, NativeLibraryReport } from '../binding/contract';
import { TensorRTError } from '../errors';
import { cudaError, hasUsableGpu } from './cuda-status';
import { FAMILY_NAMES, formatLibraryVersion, productOf } from './library-version';
import {
  findParser,
  locateTensorRt,
  parserName,
  type LibraryCandidate,
  type SearchPlaces,
  type TriedPath,
} from './locate-tensorrt';

/** Which library to use: `'auto'` is TensorRT where it and a GPU are usable, else TensorRT-RTX. */
export type RuntimeChoice = 'auto' | 'tensorrt' | 'tensorrt-rtx';

/** A library that can build. */
export interface SelectedLibrary {
  family: Family;
  library: string;
  parserLibrary: string;
  /** getInferLibVersion(). */
  libraryVersion: number;
  /** The same as text, `'1.7.1'`. */
  version: string;
  /** Size of the library file; tells builds of one version for different CUDA versions apart. */
  libraryBytes: number;
}

/** What is known about one candidate after it was opened. */
export interface ExaminedLibrary {
  candidate: LibraryCandidate;
  report: NativeLibraryReport;
  parserLibrary?: string;
  /** Why it cannot build; absent if it can, as far as can be told without a driver. */
  reason?: string;
}

/** What the search needs from outside; tests replace parts. */
export interface SelectionContext {
  addon: Pick<NativeAddon, 'probeCuda' | 'probeTensorRt'>;
  places: SearchPlaces;
  /** The CUDA driver to ask; default: the system's. */
  driverLibrary?: string;
  /** What the driver said already; asked for if absent. */
  cuda?: NativeCudaReport;
}

/**
 * Finds the library for a build.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_TENSORRT_NOT_FOUND`, `_UNSUPPORTED` or `_BROKEN` with every path tried, or the
 * `ERR_TRT_CUDA_*` of a driver that TensorRT needs and that does not work.
 */
export async function selectLibrary(
  runtime: RuntimeChoice,
  libraryPath: string | undefined,
  context: SelectionContext,
): Promise<SelectedLibrary> {
  const cuda = runtime === 'tensorrt-rtx' ? null : await askDriver(context);
  if (runtime === 'tensorrt' && !hasUsableGpu(cuda!)) throw cudaError(cuda!, 'TensorRT');
  const { candidates, tried } = await locateTensorRt(libraryPath, context.places);
  const examined: ExaminedLibrary[] = [];
  for (const candidate of inPreferredOrder(candidates, runtime, cuda)) {
    const library = await examineLibrary(candidate, context.addon);
    examined.push(library);
    if (library.reason === undefined && isWanted(library, runtime, cuda)) return selected(library);
  }
  throw whyNone(runtime, cuda, examined, tried);
}

/** The driver's report: the one that is known, else a new one. Never rejects. */
export async function askDriver({ addon, driverLibrary, cuda }: SelectionContext): Promise<NativeCudaReport> {
  return cuda ?? addon.probeCuda(driverLibrary);
}

/** Which products are worth opening, first choice first. */
function inPreferredOrder(
  candidates: readonly LibraryCandidate[],
  runtime: RuntimeChoice,
  cuda: NativeCudaReport | null,
): LibraryCandidate[] {
  const of = (...kinds: LibraryCandidate['kind'][]): LibraryCandidate[] =>
    candidates.filter(({ kind }) => kinds.includes(kind));
  if (runtime === 'tensorrt') return of('tensorrt', 'unknown');
  if (runtime === 'tensorrt-rtx') return of('tensorrt-rtx', 'unknown');
  const isGpuThere = cuda !== null && hasUsableGpu(cuda);
  return isGpuThere
    ? of('tensorrt', 'unknown', 'tensorrt-rtx').sort(byKind)
    : of('tensorrt-rtx', 'unknown', 'tensorrt').sort(byKindRtxFirst);
}

function byKind(a: LibraryCandidate, b: LibraryCandidate): number {
  return Number(a.kind === 'tensorrt-rtx') - Number(b.kind === 'tensorrt-rtx');
}

function byKindRtxFirst(a: LibraryCandidate, b: LibraryCandidate): number {
  return Number(a.kind === 'tensorrt') - Number(b.kind === 'tensorrt');
}

function isWanted(
  { report }: ExaminedLibrary,
  runtime: RuntimeChoice,
  cuda: NativeCudaReport | null,
): boolean {
  const isRtx = report.family === 'tensorrt-rtx';
  if (runtime === 'tensorrt-rtx') return isRtx;
  return isRtx ? runtime === 'auto' : cuda !== null && hasUsableGpu(cuda);
}

// Opening a library maps hundreds of megabytes; the answer changes only with the file.
const reports = new Map<string, NativeLibraryReport>();

/** Opens a candidate, asks its version and looks for its parser. Never rejects. */
export async function examineLibrary(
  candidate: LibraryCandidate,
  addon: SelectionContext['addon'],
): Promise<ExaminedLibrary> {
  if (candidate.kind === 'lean') {
    const report = { path: candidate.path, missing: false };
    return { candidate, report, reason: 'the lean runtime runs version-compatible engines and cannot build' };
  }
  const report = await probeOnce(candidate.path, addon);
  if (report.family === undefined || report.reason !== undefined) {
    return { candidate, report, reason: reasonOf(report) };
  }
  const parserLibrary = await findParser(report.path || candidate.path, report.family);
  if (parserLibrary === undefined) {
    return { candidate, report, reason: `its ONNX parser ${parserName(report.family)} is not beside it` };
  }
  return { candidate, report, parserLibrary };
}

/** Opens a library and asks its version; again only after the file has changed. Never rejects. */
export async function probeOnce(
  path: string,
  addon: SelectionContext['addon'],
): Promise<NativeLibraryReport> {
  const stats = await stat(path).catch(() => undefined);
  const key = stats && `${path} ${stats.ino} ${stats.size} ${stats.mtimeMs}`;
  const known = key && reports.get(key);
  if (known) return known;
  const report = await addon.probeTensorRt(path);
  if (key) reports.set(key, report);
  return report;
}

function reasonOf(report: NativeLibraryReport): string {
  if (report.reason) return report.reason;
  if (report.version === undefined) return 'it does not open as a TensorRT library';
  return `${productOf(report.version)} ${formatLibraryVersion(report.version)} is not supported`;
}

async function selected({ candidate, report, parserLibrary }: ExaminedLibrary): Promise<SelectedLibrary> {
  const stats = await stat(report.path || candidate.path).catch(() => undefined);
  return {
    family: report.family!,
    library: report.path || candidate.path,
    parserLibrary: parserLibrary!,
    libraryVersion: report.version!,
    version: formatLibraryVersion(report.version!),
    libraryBytes: stats?.size ?? 0,
  };
}

/** The error for a search without result: the most specific thing that went wrong. */
function whyNone(
  runtime: RuntimeChoice,
  cuda: NativeCudaReport | null,
  examined: readonly ExaminedLibrary[],
  tried: readonly TriedPath[],
): TensorRTError {
  const usable = examined.find(({ reason }) => reason === undefined);
  if (usable && cuda && !hasUsableGpu(cuda)) {
    return cudaError(cuda, `${FAMILY_NAMES[usable.report.family!]} at ${usable.candidate.path}`);
  }
  const all = [
    ...tried,
    ...examined.map(({ candidate, reason }) => ({
      path: candidate.path,
      reason: reason ?? 'not the runtime that was asked for',
    })),
  ];
  const details = { runtime, tried: all };
  const there = examined.filter(({ report }) => !report.missing);
  const unsupported = there.find(({ report }) => report.version !== undefined && report.family === undefined);
  const broken = there.find(({ report, reason }) => reason !== undefined && report !== unsupported?.report);
  if (unsupported) {
    const names = there.map(({ candidate, reason }) => `${candidate.path}: ${reason}`).join('; ');
    return new TensorRTError(
      'ERR_TRT_LOAD_TENSORRT_UNSUPPORTED',
      `No supported TensorRT was found, only ${names}.`,
      { details },
    );
  }
  if (broken) {
    return new TensorRTError(
      'ERR_TRT_LOAD_TENSORRT_BROKEN',
      `${broken.candidate.path} cannot be used: ${broken.reason}.`,
      {
        details,
        hint: broken.report.family
          ? 'Reinstall TensorRT so that the library and its ONNX parser are in one folder.'
          : undefined,
      },
    );
  }
  return notFound(runtime, all, details);
}

function notFound(
  runtime: RuntimeChoice,
  tried: readonly TriedPath[],
  details: Record<string, unknown>,
): TensorRTError {
  const name =
    runtime === 'tensorrt'
      ? 'TensorRT'
      : runtime === 'tensorrt-rtx'
        ? 'TensorRT-RTX'
        : 'TensorRT or TensorRT-RTX';
  const list = tried.map(({ path, reason }) => `\n  ${path}: ${reason}`).join('');
  return new TensorRTError('ERR_TRT_LOAD_TENSORRT_NOT_FOUND', `${name} was not found. Tried:${list}`, {
    hint:
      runtime === 'tensorrt'
        ? 'Install TensorRT with `pip install tensorrt-cu13`, or set TENSORRT_NODE_LIB_DIR to the folder of libnvinfer.so.'
        : undefined,
    details,
  });
}
