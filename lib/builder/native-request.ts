// SPDX-License-Identifier: Apache-2.0
import type { NativeBuildRequest, NativeProfileRange } from '../binding/contract';
import type { SelectedLibrary } from '../runtime/select-library';
import type { BuildSettings } from './build-options';

/** The addon's number for "the GPU at hand". */
const CURRENT_GPU = 1;

/** A request without model and output: everything that shapes the engine. */
export function toNativeRequest(
  settings: BuildSettings,
  library: SelectedLibrary,
  profiles: NativeProfileRange[][],
): NativeBuildRequest {
  return {
    family: library.family,
    library: library.library,
    parserLibrary: library.parserLibrary,
    profiles,
    workspaceBytes: settings.workspaceBytes,
    tacticSharedMemoryBytes: settings.tacticSharedMemoryBytes,
    optimizationLevel: settings.optimizationLevel,
    useTimingCache: usesTimingCache(settings),
    hardwareCompatibility: settings.hardwareCompatibility,
    versionCompatible: settings.versionCompatible,
    excludeLeanRuntime: settings.excludeLeanRuntime,
    computeCapabilities: targetsOf(settings),
    profilingVerbosity: settings.profilingVerbosity,
    weightStreaming: settings.weightStreaming,
    refit: settings.refit,
    stripPlan: settings.stripPlan,
    sparseWeights: settings.sparseWeights,
    disableTf32: settings.disableTf32,
    maxAuxStreams: settings.maxAuxStreams,
    logSeverity: settings.logSeverity,
  };
}

function usesTimingCache({ timingCache }: BuildSettings): boolean {
  return timingCache !== undefined && timingCache !== false;
}

// The order in which targets are named has no meaning; sorted, it does not split the cache.
function targetsOf({ computeCapabilities }: BuildSettings): number[] | undefined {
  if (!computeCapabilities || computeCapabilities.length === 0) return undefined;
  const numbers = computeCapabilities.map((target) => (target === 'current' ? CURRENT_GPU : target));
  return [...new Set(numbers)].sort((a, b) => a - b);
}
