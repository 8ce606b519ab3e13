// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import {
  BUILD_OPTION_NAMES,
  validateBuildOptions,
  type BuildOptions,
} from '../../../lib/builder/build-options';

function check(options: unknown) {
  return validateBuildOptions(options as BuildOptions);
}

describe('validateBuildOptions', () => {
  it('fills in defaults and counts undefined as left out', () => {
    expect(check({ workspaceBytes: undefined, runtime: undefined })).toEqual({
      runtime: 'auto',
      precision: 'model',
      isolation: 'process',
      logSeverity: 'warning',
    });
  });

  it('accepts a value for every option', () => {
    const every: Required<BuildOptions> = {
      runtime: 'tensorrt-rtx',
      libraryPath: '/lib',
      precision: 'int8',
      calibration: [{ x: new Float32Array(2) }],
      maxDrop: 0.005,
      quantization: { method: 'mse', rest: 'fp16' },
      allowTypeChanges: true,
      profiles: [{ x: [1, 2] }],
      dynamicAxes: { batch: [1, 2, 3] },
      externalData: { 'w.bin': new Uint8Array(1) },
      workspaceBytes: 2 ** 40,
      tacticSharedMemoryBytes: 1,
      optimizationLevel: 5,
      timingCache: 'cache',
      hardwareCompatibility: 'ampere+',
      versionCompatible: true,
      excludeLeanRuntime: true,
      computeCapabilities: [80, 89],
      profilingVerbosity: 'detailed',
      weightStreaming: true,
      refit: 'identical',
      stripPlan: false,
      sparseWeights: true,
      disableTf32: true,
      maxAuxStreams: 0,
      outputPath: 'm.engine',
      pipeline: 'm.pipeline.json',
      cacheDir: 'cache',
      isolation: 'thread',
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onLog: () => undefined,
      logSeverity: 'verbose',
    };
    expect(check(every)).toEqual(every);
    expect(Object.keys(every).sort()).toEqual([...BUILD_OPTION_NAMES].sort());
  });

  it.each([
    [{ optimisationLevel: 3 }, 'optimizationLevel'],
    [{ cachedir: 'x' }, 'cacheDir'],
    [{ profile: [] }, 'profiles'],
    [{ quantization: { exlude: {} } }, 'exclude'],
  ])('names the nearest option for %j', (options, nearest) => {
    expect(() => check(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_ARG_UNKNOWN_OPTION',
        message: expect.stringContaining(`"${nearest}"`) as string,
      }),
    );
  });

  it.each([
    [null],
    ['fp16'],
    [[]],
    [{ runtime: 5 }],
    [{ workspaceBytes: '1G' }],
    [{ versionCompatible: 1 }],
    [{ profiles: {} }],
    [{ dynamicAxes: [1, 2, 3] }],
    [{ externalData: new Uint8Array(4) }],
    [{ externalData: { w: [1, 2] } }],
    [{ timingCache: 5 }],
    [{ computeCapabilities: 89 }],
    [{ outputPath: new URL('file:///x') }],
    [{ signal: {} }],
    [{ onProgress: 'log' }],
    [{ precision: 'int8', calibration: 5 }],
    [{ precision: 'int8', calibration: [], maxDrop: '1%' }],
    [{ quantization: 'mse' }],
  ])('refuses the type of %j', (options) => {
    expect(() => check(options)).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_TYPE' }));
  });

  it.each([
    [{ runtime: 'rtx' }],
    [{ precision: 'fp4' }],
    [{ precision: 'int8', calibration: [], maxDrop: 5 }],
    [{ precision: 'int8', maxDrop: 0.01 }],
    [{ precision: 'fp16', calibration: [], maxDrop: 0.01 }],
    [{ calibration: [] }],
    [{ quantization: { method: 'mse' } }],
    [{ precision: 'fp16', quantization: { rest: 'fp16' } }],
    [{ quantization: { exclude: { names: ['a'] } } }],
    [{ workspaceBytes: 0 }],
    [{ workspaceBytes: NaN }],
    [{ workspaceBytes: 1.5 }],
    [{ optimizationLevel: 6 }],
    [{ optimizationLevel: -1 }],
    [{ maxAuxStreams: Infinity }],
    [{ computeCapabilities: [8.9] }],
    [{ computeCapabilities: ['newest'] }],
    [{ computeCapabilities: ['current', 89] }],
    [{ cacheDir: '' }],
    [{ outputPath: 'a\0b' }],
    [{ isolation: 'container' }],
    [{ excludeLeanRuntime: true }],
  ])('refuses the value of %j', (options) => {
    expect(() => check(options)).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }));
  });
});
