// SPDX-License-Identifier: Apache-2.0
import type { NativeBuildRequest, NativeCudaReport } from '../binding/contract';
import { digestText } from '../runtime/digest';
import type { SelectedLibrary } from '../runtime/select-library';
import type { ModelDigest } from './model-digest';

/** Raised when this package comes to build another engine from the same input. */
const CACHE_FORMAT = 1;

/** A value of the RTX option `computeCapabilities` that stands for the GPU at hand. */
const CURRENT_GPU = 1;

/** Everything that an engine depends on. */
export interface CacheKeyParts {
  model: ModelDigest;
  /** The options that shape the engine; see {@link shapingOptions}. */
  options: Readonly<Record<string, unknown>>;
  library: Pick<SelectedLibrary, 'family' | 'libraryVersion' | 'libraryBytes'>;
  cuda: NativeCudaReport;
  /** SHA-256 of the timing cache that the build starts from. */
  timingCache: string | null;
}

/** The name of an engine in the cache: a digest of all that changes it. */
export function cacheKey({ model, options, library, cuda, timingCache }: CacheKeyParts): string {
  const { family, libraryVersion, libraryBytes } = library;
  const parts = {
    format: CACHE_FORMAT,
    model: [model.sha256, ...model.externalFiles.map(({ name, sha256 }) => [name, sha256])],
    options: sorted(options),
    library: [family, libraryVersion, libraryBytes],
    device: deviceOf(cuda, family, options),
    // TensorRT-RTX takes no part of its result from a timing cache.
    timingCache: family === 'tensorrt-rtx' ? null : timingCache,
  };
  return digestText(JSON.stringify(parts));
}

/** What of the machine goes into an engine: tactics are timed on the GPU at hand, under its driver. */
function deviceOf(
  cuda: NativeCudaReport,
  family: string,
  options: Readonly<Record<string, unknown>>,
): unknown {
  const targets = options.computeCapabilities as number[] | undefined;
  const isForOthers = family === 'tensorrt-rtx' && targets !== undefined && !targets.includes(CURRENT_GPU);
  const [device] = cuda.devices;
  if (isForOthers || !device) return null;
  return [device.name, device.computeCapability, Math.trunc(cuda.driverVersion / 1000)];
}

/** The part of a native request that shapes the engine: not where files are, and not what is reported. */
export function shapingOptions(request: NativeBuildRequest): Record<string, unknown> {
  const {
    family: _family,
    library: _library,
    parserLibrary: _parserLibrary,
    driverLibrary: _driverLibrary,
    modelPath: _modelPath,
    modelBytes: _modelBytes,
    outputPath: _outputPath,
    timingCache: _timingCache,
    logSeverity: _logSeverity,
    ...shaping
  } = request;
  return Object.fromEntries(
    Object.entries(shaping).filter(([, value]) => value !== undefined && value !== false),
  );
}

/** The same object with its keys in order, at every depth. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
