// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkOnnxRuntimeOptions,
  toNativeSettings,
  withResolvedPath,
  type OnnxRuntimeOptions,
} from '../../../lib/runtime/onnx-runtime-options';
import { checkSessionOptions } from '../../../lib/session/session-options';

const check = (options: unknown) => checkOnnxRuntimeOptions('onnxRuntime', options);

describe('the option onnxRuntime', () => {
  it('takes every setting', () => {
    const all: Required<OnnxRuntimeOptions> = {
      graphOptimizationLevel: 'layout',
      executionMode: 'parallel',
      interOpNumThreads: 0,
      enableCpuMemArena: false,
      enableMemPattern: false,
      logId: '',
      logSeverityLevel: 0,
      logVerbosityLevel: 3,
      freeDimensionOverrides: { batch: 1 },
      configEntries: { 'session.disable_prepacking': '1' },
      optimizedModelFilePath: 'optimized.onnx',
      externalData: [{ path: 'weights.bin', data: Uint8Array.of(1) }],
    };
    expect(() => check(all)).not.toThrow();
    expect(() => check({})).not.toThrow();
    const undefinedAll = Object.fromEntries(Object.keys(all).map((name) => [name, undefined]));
    expect(() => check(undefinedAll)).not.toThrow();
  });

  it.each<[unknown, string, string]>([
    [[], 'ERR_TRT_ARG_TYPE', 'onnxRuntime'],
    [null, 'ERR_TRT_ARG_TYPE', 'onnxRuntime'],
    [{ graphOptimisationLevel: 'all' }, 'ERR_TRT_ARG_UNKNOWN_OPTION', 'graphOptimizationLevel'],
    [{ graphOptimizationLevel: 99 }, 'ERR_TRT_ARG_TYPE', 'graphOptimizationLevel'],
    [{ graphOptimizationLevel: 'most' }, 'ERR_TRT_ARG_VALUE', "'layout'"],
    [{ executionMode: 'serial' }, 'ERR_TRT_ARG_VALUE', "'sequential'"],
    [{ interOpNumThreads: -1 }, 'ERR_TRT_ARG_VALUE', 'interOpNumThreads'],
    [{ interOpNumThreads: 1.5 }, 'ERR_TRT_ARG_VALUE', 'interOpNumThreads'],
    [{ enableCpuMemArena: 1 }, 'ERR_TRT_ARG_TYPE', 'enableCpuMemArena'],
    [{ enableMemPattern: 'no' }, 'ERR_TRT_ARG_TYPE', 'enableMemPattern'],
    [{ logId: 5 }, 'ERR_TRT_ARG_TYPE', 'logId'],
    [{ logId: 'a\0b' }, 'ERR_TRT_ARG_VALUE', 'NUL'],
    [{ logSeverityLevel: 5 }, 'ERR_TRT_ARG_VALUE', '0 to 4'],
    [{ logVerbosityLevel: 2 ** 31 }, 'ERR_TRT_ARG_VALUE', 'logVerbosityLevel'],
    [{ freeDimensionOverrides: [4] }, 'ERR_TRT_ARG_TYPE', 'freeDimensionOverrides'],
    [{ freeDimensionOverrides: { batch: '4' } }, 'ERR_TRT_ARG_TYPE', '["batch"]'],
    [{ freeDimensionOverrides: { batch: -1 } }, 'ERR_TRT_ARG_VALUE', '["batch"]'],
    [{ configEntries: { key: 1 } }, 'ERR_TRT_ARG_TYPE', '["key"]'],
    [{ configEntries: { 'a\0': '1' } }, 'ERR_TRT_ARG_VALUE', 'NUL'],
    [{ optimizedModelFilePath: '' }, 'ERR_TRT_ARG_VALUE', 'optimizedModelFilePath'],
    [{ externalData: {} }, 'ERR_TRT_ARG_TYPE', 'externalData'],
    [{ externalData: ['weights.bin'] }, 'ERR_TRT_ARG_TYPE', 'externalData[0]'],
    [{ externalData: [{ path: 'w', data: 'text' }] }, 'ERR_TRT_ARG_TYPE', 'externalData[0].data'],
    [{ externalData: [{ path: '', data: new Uint8Array() }] }, 'ERR_TRT_ARG_VALUE', 'externalData[0].path'],
    [{ externalData: [{ path: 'w', dat: 1 }] }, 'ERR_TRT_ARG_UNKNOWN_OPTION', '"data"'],
  ])('%j is refused', (options, code, text) => {
    expect(() => check(options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(text) as string }) as Error,
    );
  });

  it('goes to native code as lists', () => {
    const data = Uint8Array.of(1, 2);
    const options = {
      logId: 'a',
      freeDimensionOverrides: { batch: 4, length: 8 },
      configEntries: { key: 'value' },
      externalData: [{ path: 'w', data }],
    };
    expect(toNativeSettings(options)).toEqual({
      logId: 'a',
      freeDimensionNames: ['batch', 'length'],
      freeDimensionSizes: [4, 8],
      configKeys: ['key'],
      configValues: ['value'],
      externalPaths: ['w'],
      externalData: [data],
    });
  });

  it('has a path that does not depend on the working folder later', () => {
    const resolved = { optimizedModelFilePath: join(process.cwd(), 'o.onnx') };
    expect(withResolvedPath({ optimizedModelFilePath: 'o.onnx' })).toEqual(resolved);
    expect(checkSessionOptions({ onnxRuntime: { optimizedModelFilePath: 'o.onnx' } }).onnxRuntime).toEqual(
      resolved,
    );
  });
});
