// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';

import { readProviders, type Provider } from '../../../lib/onnxruntime/execution-providers';
import { sessionOptionsFor } from '../../../lib/onnxruntime/provider-session';
import { mapSessionOptions } from '../../../lib/onnxruntime/session-options';

const none = (): void => undefined;
const read = (...entries: unknown[]): readonly Provider[] => readProviders(entries, none);
const one = (entry: unknown): Provider => read(entry)[0]!;
const tensorRt = (options: object): Provider => one({ name: 'tensorrt', ...options });

describe('providers', () => {
  it.each([[undefined], [[]]])('are the CPU alone for %j', (entries) => {
    const contexts = Math.min(4, availableParallelism());
    expect(readProviders(entries, none)).toEqual([
      { name: 'cpu', session: { device: 'cpu', contexts }, fallback: 'never' },
    ]);
  });

  it('come in their order, by either kind of name', () => {
    const names = read('cuda', { name: 'tensorrt-node:tensorrt' }, 'cpu').map(({ name }) => name);
    expect(names).toEqual(['cuda', 'tensorrt', 'cpu']);
  });

  it.each([
    ['a string', 'cpu', 'ERR_TRT_ARG_TYPE'],
    ['a number in the list', [5], 'ERR_TRT_ARG_TYPE'],
    ['null in the list', [null], 'ERR_TRT_ARG_TYPE'],
    ['a name that nobody serves', ['dml'], 'ERR_TRT_ARG_VALUE'],
    ['half a context', [{ name: 'cpu', contexts: 0.5 }], 'ERR_TRT_ARG_VALUE'],
    ['a misspelled option', [{ name: 'tensorrt', percision: 'fp16' }], 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    [
      'a misspelled option of ONNX Runtime',
      [{ name: 'cuda', trt_fp16_enabel: 1 }],
      'ERR_TRT_ARG_UNKNOWN_OPTION',
    ],
    ['a negative device', [{ name: 'cuda', deviceId: -1 }], 'ERR_TRT_ARG_VALUE'],
    ['a device in words', [{ name: 'cuda', deviceId: 'first' }], 'ERR_TRT_ARG_TYPE'],
    ['an unknown precision', [{ name: 'tensorrt', precision: 'fp12' }], 'ERR_TRT_ARG_VALUE'],
    ['a cache that is no path', [{ name: 'tensorrt', engineCache: 5 }], 'ERR_TRT_ARG_TYPE'],
    ['an unknown fallback', [{ name: 'tensorrt', fallback: 'maybe' }], 'ERR_TRT_ARG_VALUE'],
    ['an unknown graph mode', [{ name: 'tensorrt', cudaGraph: 'maybe' }], 'ERR_TRT_ARG_VALUE'],
    ['a flag in words', [{ name: 'tensorrt', trt_fp16_enable: 'yes' }], 'ERR_TRT_ARG_VALUE'],
    ['half a number', [{ name: 'tensorrt', trt_max_workspace_size: '1.5' }], 'ERR_TRT_ARG_VALUE'],
    [
      'a wrong option behind another provider',
      ['cpu', { name: 'tensorrt', contexts: 0 }],
      'ERR_TRT_ARG_VALUE',
    ],
  ])('refuses %s', (_, entries, code) => {
    expect(() => readProviders(entries, none)).toThrow(expect.objectContaining({ code }));
  });

  it('names the nearest option, and calls the cache as the caller does', () => {
    expect(() => tensorRt({ percision: 'fp16' })).toThrow('Did you mean "precision"?');
    expect(() => tensorRt({ trt_engine_cache_pat: 'x' })).toThrow('Did you mean "trt_engine_cache_path"?');
    expect(() => tensorRt({ engineCache: 5 })).toThrow('"engineCache"');
  });
});

describe('options of the TensorRT provider', () => {
  it('reach the build and the session', () => {
    const profiles = [{ x: { min: [1], opt: [2], max: [3] } }];
    const options = {
      deviceId: 2,
      engineCache: 'engines',
      precision: 'fp16',
      profiles,
      timingCache: 'timing.bin',
      workspaceBytes: 1024,
      optimizationLevel: 4,
      cudaGraph: true,
      contexts: 3,
      fallback: 'always',
    };
    expect(tensorRt(options)).toEqual({
      name: 'tensorrt',
      fallback: 'always',
      session: {
        device: 'cuda:2',
        contexts: 3,
        cudaGraph: 'on',
        build: {
          cacheDir: 'engines',
          precision: 'fp16',
          profiles,
          timingCache: 'timing.bin',
          workspaceBytes: 1024,
          optimizationLevel: 4,
        },
      },
    });
  });

  it("are taken by ONNX Runtime's names, with values as text or not", () => {
    const { session } = tensorRt({
      device_id: '1',
      trt_engine_cache_enable: 'True',
      trt_engine_cache_path: 'engines',
      trt_timing_cache_enable: true,
      trt_fp16_enable: 1,
      trt_max_workspace_size: '4294967296',
      trt_builder_optimization_level: '5',
      trt_cuda_graph_enable: '0',
      trt_auxiliary_streams: -1,
      trt_sparsity_enable: false,
      trt_engine_hw_compatible: true,
      trt_extra_plugin_lib_paths: 'a.so;b.so',
      trt_profile_min_shapes: 'ids:1x1,mask:1x1',
      trt_profile_opt_shapes: 'ids:4x64,mask:4x64',
      trt_profile_max_shapes: 'ids:8x128,mask:8x128',
    });
    const range = { min: [1, 1], opt: [4, 64], max: [8, 128] };
    expect(session).toEqual({
      device: 'cuda:1',
      cudaGraph: 'off',
      plugins: ['a.so', 'b.so'],
      build: {
        cacheDir: 'engines',
        timingCache: 'engines/tensorrt-node.timing',
        precision: 'fp16',
        workspaceBytes: 4294967296,
        optimizationLevel: 5,
        sparseWeights: false,
        hardwareCompatibility: 'ampere+',
        profiles: [{ ids: range, mask: range }],
      },
    });
  });

  it('keep no cache without trt_engine_cache_enable, as in ONNX Runtime', () => {
    expect(tensorRt({ trt_engine_cache_path: 'engines' }).session.build).toEqual({});
    expect(tensorRt({ trt_engine_cache_enable: true }).session.build).toEqual({ cacheDir: '.' });
  });

  it('make several profiles of inputs that come several times', () => {
    const { session } = tensorRt({
      trt_profile_min_shapes: 'x:1,x:9',
      trt_profile_opt_shapes: 'x:4,x:16',
      trt_profile_max_shapes: 'x:8,x:32',
    });
    expect(session.build!.profiles).toEqual([
      { x: { min: [1], opt: [4], max: [8] } },
      { x: { min: [9], opt: [16], max: [32] } },
    ]);
  });

  it.each([
    [{ trt_profile_min_shapes: 'x:1' }],
    [{ trt_profile_max_shapes: 'x:1' }],
    [{ trt_profile_min_shapes: 'x:1', trt_profile_opt_shapes: 'x:1', trt_profile_max_shapes: 'y:1' }],
    [{ trt_profile_min_shapes: 'x:1', trt_profile_opt_shapes: 'x:1', trt_profile_max_shapes: 'x:1,y:1' }],
    [{ trt_profile_min_shapes: 'x=1', trt_profile_opt_shapes: 'x:1', trt_profile_max_shapes: 'x:1' }],
  ])('refuse half a profile: %j', (options) => {
    expect(() => tensorRt(options)).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }));
  });

  it('refuse what is said twice', () => {
    expect(() => tensorRt({ precision: 'bf16', trt_fp16_enable: true })).toThrow(
      '"precision" and "trt_fp16_enable"',
    );
  });

  it('tell of those without effect', () => {
    const ignored: string[] = [];
    readProviders([{ name: 'cuda', gpu_mem_limit: 1, cudnn_conv_algo_search: 'DEFAULT' }], (name, option) =>
      ignored.push(`${name}.${option}`),
    );
    expect(ignored).toEqual(['cuda.gpu_mem_limit', 'cuda.cudnn_conv_algo_search']);
  });
});

describe('the options of createSession()', () => {
  const env = { logLevel: 'error' };

  it('have what ONNX Runtime is told, on the CPU', () => {
    const mapped = mapSessionOptions(
      {
        graphOptimizationLevel: 'basic',
        executionMode: 'parallel',
        intraOpNumThreads: 3,
        interOpNumThreads: 2,
        enableMemPattern: false,
        logId: 'me',
        freeDimensionOverrides: { batch: 4 },
        optimizedModelFilePath: 'out.onnx',
        extra: { session: { disable_prepacking: '1', intra_op: { allow_spinning: '0' } } },
        externalData: [{ path: 'w.bin', data: Uint8Array.of(1) }],
        enableProfiling: true,
        profileFilePrefix: 'p',
      },
      env,
    );
    expect(sessionOptionsFor(one({ name: 'cpu', useArena: false, contexts: 2 }), mapped)).toEqual({
      device: 'cpu',
      contexts: 2,
      maxQueue: 1_000_000,
      intraOpNumThreads: 3,
      profileFilePrefix: 'p',
      onnxRuntime: {
        graphOptimizationLevel: 'basic',
        executionMode: 'parallel',
        interOpNumThreads: 2,
        enableCpuMemArena: false,
        enableMemPattern: false,
        logId: 'me',
        logSeverityLevel: 3,
        freeDimensionOverrides: { batch: 4 },
        configEntries: { 'session.disable_prepacking': '1', 'session.intra_op.allow_spinning': '0' },
        optimizedModelFilePath: 'out.onnx',
        externalData: [{ path: 'w.bin', data: Uint8Array.of(1) }],
      },
    });
  });

  it('have all cores for a run that says nothing, and the level of env', () => {
    const options = sessionOptionsFor(one('cpu'), mapSessionOptions({ intraOpNumThreads: 0 }, env));
    expect(options).toMatchObject({
      intraOpNumThreads: availableParallelism(),
      onnxRuntime: { logSeverityLevel: 3 },
    });
    const louder = mapSessionOptions({ logSeverityLevel: 0 }, env);
    expect(louder.onnxRuntime).toEqual({ logSeverityLevel: 0 });
  });

  it('have sizes, external data and graphs, on a GPU', () => {
    const mapped = mapSessionOptions(
      {
        freeDimensionOverrides: { batch: 4, height: 2 },
        externalData: [{ path: 'w.bin', data: Uint8Array.of(1).buffer }],
        enableGraphCapture: true,
      },
      env,
    );
    const options = sessionOptionsFor(tensorRt({ dynamicAxes: { batch: [1, 2, 3] } }), mapped);
    expect(options).toEqual({
      device: 'cuda:0',
      maxQueue: 1_000_000,
      cudaGraph: 'on',
      build: {
        dynamicAxes: { batch: [1, 2, 3], height: 2 },
        externalData: { 'w.bin': Uint8Array.of(1) },
      },
    });
    expect(sessionOptionsFor(tensorRt({ cudaGraph: 'auto' }), mapped).cudaGraph).toBe('auto');
    expect(sessionOptionsFor(tensorRt({ profiles: [] }), mapped).build!.dynamicAxes).toBeUndefined();
  });
});
