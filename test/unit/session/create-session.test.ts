// SPDX-License-Identifier: Apache-2.0
// Which backend createSession() takes, on machines with any driver and any libraries.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { NativeCudaReport, NativeGpuSessionRequest } from '../../../lib/binding/contract';
import { TensorRTError } from '../../../lib/errors';
import { Engine } from '../../../lib/runtime/engine';
import type { Manifest } from '../../../lib/runtime/manifest';
import type { SessionOptions } from '../../../lib/session/create-session';
import { checkSessionOptions } from '../../../lib/session/session-options';
import { createSessionFor, type SessionContext } from '../../../lib/session/session-pipeline';
import { FakeBackend, fakeTensor, nativeError, type FakeModel } from '../../fake-backend';
import { gpus, machine, noDriver, oneGpu, type FakeLibraries } from '../../fake-machine';
import { addModel } from '../../onnx-models';
import { manifestFor, rtxPlan, tensorRtPlan } from '../../plan-samples';

const folder = mkdtempSync(join(tmpdir(), 'create-session-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const model: FakeModel = {
  inputs: [fakeTensor('x', 'float32', [2])],
  outputs: [fakeTensor('y', 'float32', [2])],
  compute: ([x]) => [{ data: x!, dims: [2] }],
};

const TENSORRT_10: FakeLibraries = { 'libnvinfer.so.10': 101601, 'libnvinfer_lean.so.10': 101701 };
const RTX: FakeLibraries = { 'libtensorrt_rtx.so.1': 10701 };

/** A machine whose addon makes fake sessions and remembers what it was asked for. */
function world(libraries: FakeLibraries, cuda: NativeCudaReport = oneGpu()) {
  const base = machine(libraries, cuda);
  const requests: NativeGpuSessionRequest[] = [];
  const backend = new FakeBackend(model);
  const state = { probes: 0, requests, backend, folder: base.folder, builds: [] as unknown[] };
  const context: SessionContext = {
    ...base,
    addon: {
      probeTensorRt: base.addon.probeTensorRt,
      probeCuda: () => {
        state.probes++;
        return Promise.resolve(cuda);
      },
      createSession: (request, onFinished) => {
        requests.push(request as NativeGpuSessionRequest);
        return backend.load(onFinished);
      },
    },
    buildEngine: (_, options) => {
      state.builds.push(options);
      return Promise.resolve(
        engine({ family: 'tensorrt-10', version: '10.16.1.4', computeCapabilities: [89] }),
      );
    },
  };
  return { ...state, state, context };
}

function engine(changes: Partial<Manifest> = {}): Engine {
  const manifest = manifestFor(tensorRtPlan(), { profiles: [], ...changes });
  const bytes = tensorRtPlan();
  return new Engine({
    family: manifest.family,
    version: manifest.version,
    manifest,
    source: { bytes },
    bytes: bytes.length,
  });
}

const plan10 = { family: 'tensorrt-10', version: '10.16.1.4', computeCapabilities: [89] } as const;

function open(
  source: Engine | string | Uint8Array,
  options: SessionOptions,
  { context }: { context: SessionContext },
) {
  return createSessionFor(source, options, () => context);
}

describe('an engine', () => {
  it('runs on the GPU with the library of its family and release', async () => {
    const here = world({ 'libnvinfer.so.11': 110201, ...TENSORRT_10, ...RTX });
    const session = await open(engine(plan10), {}, here);
    expect(session).toMatchObject({ device: 'cuda:0', backend: 'tensorrt', fallbackReason: null });
    expect(here.state.probes).toBe(1);
    expect(here.requests).toEqual([
      {
        backend: 'tensorrt',
        library: join(here.folder, 'libnvinfer.so.10'),
        parserLibrary: join(here.folder, 'libnvonnxparser.so.10'),
        device: 0,
        planBytes: tensorRtPlan(),
        contexts: 1,
        maxQueue: 1024,
        cudaGraph: 'auto',
        cudaGraphLimit: 8,
        contextMemory: 'static',
        streamPriority: 'normal',
        auxStreams: true,
        spinWait: false,
        stageTimes: false,
      },
    ]);
  });

  it('passes its options on', async () => {
    const here = world(TENSORRT_10);
    await open(
      engine({ ...plan10, options: { versionCompatible: true }, version: '10.15.0' }),
      {
        cudaGraph: 'off',
        profile: 0,
        weightStreamingBudgetBytes: 'auto',
        pinnedMemoryBytes: 5,
        plugins: ['libplugin.so', './libother.so'],
        intraOpNumThreads: 3,
        stageTimes: true,
      },
      here,
    );
    expect(here.requests[0]).toMatchObject({
      stageTimes: true,
      cudaGraph: 'off',
      profile: 0,
      weightStreamingBudgetBytes: -1,
      pinnedMemoryBytes: 5,
      allowHostCode: true,
      pluginLibraries: ['libplugin.so', join(process.cwd(), 'libother.so')],
    });
    expect(here.requests[0]).not.toHaveProperty('intraOpNumThreads');
  });

  it('runs with the lean runtime if it is version-compatible', async () => {
    const here = world({ 'libnvinfer_lean.so.10': 101701 });
    const compatible = engine({ ...plan10, options: { versionCompatible: true } });
    await open(compatible, {}, here);
    expect(here.requests[0]!.library).toBe(join(here.folder, 'libnvinfer_lean.so.10'));
    const failure = open(engine(plan10), {}, here);
    await expect(failure).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_VERSION',
      message: expect.stringContaining('the lean runtime'),
    });
  });

  it('is loaded from its file', async () => {
    const here = world(RTX);
    const path = join(folder, 'm.engine');
    writeFileSync(path, rtxPlan());
    await open(path, {}, here);
    expect(here.requests[0]).toMatchObject({ planPath: path });
  });

  it.each<[string, FakeLibraries, string]>([
    ['no library', {}, 'ERR_TRT_LOAD_TENSORRT_NOT_FOUND'],
    ['another family', RTX, 'ERR_TRT_LOAD_PLAN_FAMILY'],
    ['another release', { 'libnvinfer.so.10': 101500 }, 'ERR_TRT_LOAD_PLAN_VERSION'],
  ])('says what it needs where there is %s', async (_, libraries, code) => {
    await expect(open(engine(plan10), {}, world(libraries))).rejects.toMatchObject({ code });
  });

  it('does not run on the CPU', async () => {
    const cpu = { device: 'cpu' } as const;
    for (const source of [engine(plan10), tensorRtPlan()]) {
      await expect(open(source, cpu, world(TENSORRT_10))).rejects.toMatchObject({
        code: 'ERR_TRT_RUN_DEVICE',
      });
    }
  });

  it('has options of its family alone', async () => {
    for (const options of [{ runtimeCache: 'c' }, { dynamicShapeKernels: 'lazy' }] as const) {
      await expect(open(engine(plan10), options, world(TENSORRT_10))).rejects.toMatchObject({
        code: 'ERR_TRT_RUN_UNSUPPORTED',
        message: expect.stringContaining('TensorRT-RTX'),
      });
    }
    const outOfRange = { code: 'ERR_TRT_ARG_VALUE', details: { option: 'profile' } };
    await expect(open(engine(plan10), { profile: 1 }, world(TENSORRT_10))).rejects.toMatchObject(outOfRange);
    // Only native code knows the profiles of a plan without a manifest.
    const here = world(TENSORRT_10);
    here.context.addon.createSession = () => Promise.reject(nativeError('ERR_TRT_RUN_PROFILE', 'one of 1'));
    await expect(open(engine(plan10), { profile: 0 }, here)).rejects.toMatchObject(outOfRange);
  });

  it.each(['ERR_TRT_LOAD_DESERIALIZE', 'ERR_TRT_LOAD_PLUGIN', 'ERR_TRT_CUDA_OUT_OF_MEMORY'])(
    'passes %s on with its details',
    async (code) => {
      const here = world(TENSORRT_10);
      here.context.addon.createSession = () => Promise.reject(nativeError(code, 'no', { needed: 1 }));
      await expect(open(engine(plan10), {}, here)).rejects.toMatchObject({ code, details: { needed: 1 } });
    },
  );
});

describe('the device', () => {
  it('must exist; the message lists those that do', async () => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '0,1');
    const failure = open(engine(plan10), { device: 'cuda:5' }, world(TENSORRT_10, gpus(89, 120)));
    await expect(failure).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE',
      message:
        'There is no device cuda:5: cuda:0 is Fake GPU (GPU-0), cuda:1 is Fake GPU (GPU-1); CUDA_VISIBLE_DEVICES is "0,1".',
    });
    const none = open(engine(plan10), {}, world(TENSORRT_10, noDriver()));
    await expect(none).rejects.toMatchObject({ code: 'ERR_TRT_CUDA_DRIVER_NOT_FOUND' });
  });

  it('must have the compute capability of the engine; the message names one that has', async () => {
    const failure = open(engine(plan10), { device: 'cuda:0' }, world(TENSORRT_10, gpus(120, 89)));
    await expect(failure).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_PLAN_DEVICE',
      message: 'The engine the given engine needs compute capability 8.9; cuda:0 is Fake GPU (12.0).',
      hint: 'cuda:1, Fake GPU (8.9), can run it.',
    });
  });

  it("'auto' is the first that can run the engine", async () => {
    const here = world(TENSORRT_10, gpus(120, 89));
    expect((await open(engine(plan10), {}, here)).device).toBe('cuda:1');
    expect(here.requests[0]!.device).toBe(1);
  });
});

describe('an ONNX model', () => {
  it('is built for a GPU that was named', async () => {
    const here = world(TENSORRT_10);
    const options = { device: 'cuda:0', runtimeLibrary: here.folder, build: { cacheDir: 'cache' } } as const;
    const session = await open(addModel(), options, here);
    expect(session).toMatchObject({ device: 'cuda:0', backend: 'tensorrt', fallbackReason: null });
    expect(here.builds).toEqual([{ cacheDir: 'cache', libraryPath: here.folder }]);
    expect(here.state.probes).toBe(1);
  });

  it("is built for a GPU that 'auto' found", async () => {
    const session = await open(addModel(), {}, world(TENSORRT_10));
    expect(session).toMatchObject({ device: 'cuda:0', fallbackReason: null });
  });

  it('has a reason for the CPU that says what to pass for its dynamic inputs', async () => {
    const here = world(TENSORRT_10);
    const hint = 'Give ranges:\n  profiles: [{ x: 1 }]\nor by name:\n  dynamicAxes: { batch: [1, 8, 32] }';
    here.context.buildEngine = () =>
      Promise.reject(new TensorRTError('ERR_TRT_ARG_PROFILE_MISSING', 'No range.', { hint }));
    // The option is the shortest way to the reason: a session on the CPU would load its library.
    await expect(open(addModel(), { cudaGraph: 'on' }, here)).rejects.toMatchObject({
      message: expect.stringContaining('pass build: { dynamicAxes: { batch: [1, 8, 32] } }'),
    });
  });

  it.each([
    'ERR_TRT_ARG_PROFILE_RANK',
    'ERR_TRT_BUILD_CACHE',
    'ERR_TRT_BUILD_CANCELLED',
    'ERR_TRT_BUILD_DISK_FULL',
    'ERR_TRT_BUILD_OUTPUT',
    'ERR_TRT_BUILD_PRECISION',
    'ERR_TRT_CUDA_DEVICE_LOST',
    'ERR_TRT_CUDA_OUT_OF_MEMORY',
    'ERR_TRT_CUDA_POISONED',
    'ERR_TRT_LOAD_FILE',
    'ERR_TRT_LOAD_PLUGIN',
  ] as const)('does not hide %s behind the CPU', async (code) => {
    const here = world(TENSORRT_10);
    here.context.buildEngine = () => Promise.reject(new TensorRTError(code, 'as the caller wanted'));
    await expect(open(addModel(), {}, here)).rejects.toMatchObject({ code });
  });

  it('never falls back from a GPU that was named', async () => {
    const here = world(TENSORRT_10);
    here.context.buildEngine = () => Promise.reject(new TensorRTError('ERR_TRT_BUILD_PARSE', 'no'));
    await expect(open(addModel(), { device: 'cuda:0' }, here)).rejects.toMatchObject({
      code: 'ERR_TRT_BUILD_PARSE',
    });
  });

  it('cannot have a CUDA graph on the CPU; the message says why it is there', async () => {
    const cudaGraph = 'on';
    await expect(open(addModel(), { cudaGraph, device: 'cpu' }, world({}))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
    });
    const here = world(TENSORRT_10);
    here.context.buildEngine = () =>
      Promise.reject(new TensorRTError('ERR_TRT_BUILD_PARSE', 'no such layer'));
    await expect(open(addModel(), { cudaGraph }, here)).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
      message: expect.stringContaining('no such layer [ERR_TRT_BUILD_PARSE]'),
    });
  });
});

describe("ONNX Runtime's profile", () => {
  const profileFilePrefix = join(folder, 'profile');
  const refused = { code: 'ERR_TRT_RUN_UNSUPPORTED', details: { option: 'profileFilePrefix' } };

  it('is no option of an engine', async () => {
    const here = world(TENSORRT_10);
    await expect(open(engine(plan10), { profileFilePrefix }, here)).rejects.toMatchObject(refused);
    expect(here.requests).toEqual([]);
  });

  it('is refused for a GPU that was named, before an engine is built', async () => {
    const here = world(TENSORRT_10);
    const options = { profileFilePrefix, device: 'cuda:0' } as const;
    await expect(open(addModel(), options, here)).rejects.toMatchObject(refused);
    expect(here.builds).toEqual([]);
  });

  it("is refused where 'auto' takes a GPU", async () => {
    const here = world(TENSORRT_10);
    await expect(open(addModel(), { profileFilePrefix }, here)).rejects.toMatchObject(refused);
    expect(here.requests).toEqual([]);
  });

  it('is written to a path that does not depend on the working folder later', () => {
    expect(checkSessionOptions({ profileFilePrefix: 'p' }).profileFilePrefix).toBe(join(process.cwd(), 'p'));
  });
});

describe("ONNX Runtime's settings", () => {
  const onnxRuntime = { logId: 'here' };
  const refused = { code: 'ERR_TRT_RUN_UNSUPPORTED', details: { option: 'onnxRuntime' } };

  it('are no option of an engine, nor of a GPU that was named or taken', async () => {
    const here = world(TENSORRT_10);
    await expect(open(engine(plan10), { onnxRuntime }, here)).rejects.toMatchObject(refused);
    await expect(open(addModel(), { onnxRuntime, device: 'cuda:0' }, here)).rejects.toMatchObject(refused);
    expect(here.builds).toEqual([]);
    await expect(open(addModel(), { onnxRuntime }, here)).rejects.toMatchObject(refused);
    expect(here.requests).toEqual([]);
  });

  it('are checked before anything is opened', async () => {
    const options = { onnxRuntime: { logID: 'here' } } as SessionOptions;
    await expect(createSessionFor('/nowhere.onnx', options)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_UNKNOWN_OPTION',
      message: expect.stringContaining('logId') as string,
    });
  });
});

describe("a model in ONNX Runtime's own format", () => {
  it('does not run on a GPU that was named', async () => {
    const here = world(TENSORRT_10);
    const bytes = Buffer.concat([Buffer.from([0x1c, 0, 0, 0]), Buffer.from('ORTM'), Buffer.alloc(64)]);
    await expect(open(bytes, { device: 'cuda:0' }, here)).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE',
      hint: expect.stringContaining('.onnx') as string,
    });
    expect(here.builds).toEqual([]);
  });
});

describe('the runtime cache of TensorRT-RTX', () => {
  const rtx = () => engine({ computeCapabilities: [] });

  it('is read if it is there and written at the end', async () => {
    const here = world(RTX);
    const runtimeCache = join(folder, 'kernels.bin');
    here.backend.answers = { 'runtime-cache': Uint8Array.of(1, 2, 3) };
    await (await open(rtx(), { runtimeCache }, here)).close();
    expect(here.requests[0]).not.toHaveProperty('runtimeCache');
    expect(readFileSync(runtimeCache)).toEqual(Buffer.of(1, 2, 3));
    const again = world(RTX);
    again.backend.answers = { 'runtime-cache': nativeError('ERR_TRT_CUDA_DEVICE_LOST', 'gone') };
    await (await open(rtx(), { runtimeCache }, again)).close();
    expect(again.requests[0]!.runtimeCache).toEqual(Uint8Array.of(1, 2, 3));
    expect(readFileSync(runtimeCache)).toEqual(Buffer.of(1, 2, 3));
  });

  it('needs a folder, and says so at once', async () => {
    const runtimeCache = join(folder, 'none', 'kernels.bin');
    await expect(open(rtx(), { runtimeCache }, world(RTX))).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
    });
  });
});

describe('options', () => {
  it.each<[object, string]>([
    [{ cudaGraphLimit: 0 }, 'ERR_TRT_ARG_VALUE'],
    [{ contextMemory: 'dynamic' }, 'ERR_TRT_ARG_VALUE'],
    [{ profile: 'best' }, 'ERR_TRT_ARG_VALUE'],
    [{ profile: 0.5 }, 'ERR_TRT_ARG_VALUE'],
    [{ streamPriority: 'urgent' }, 'ERR_TRT_ARG_VALUE'],
    [{ auxStreams: 1 }, 'ERR_TRT_ARG_TYPE'],
    [{ spinWait: 'yes' }, 'ERR_TRT_ARG_TYPE'],
    [{ stageTimes: 1 }, 'ERR_TRT_ARG_TYPE'],
    [{ profileFilePrefix: '' }, 'ERR_TRT_ARG_VALUE'],
    [{ profileFilePrefix: true }, 'ERR_TRT_ARG_TYPE'],
    [{ pinnedMemoryBytes: 0 }, 'ERR_TRT_ARG_VALUE'],
    [{ plugins: 'libplugin.so' }, 'ERR_TRT_ARG_TYPE'],
    [{ plugins: [5] }, 'ERR_TRT_ARG_TYPE'],
    [{ runtimeCache: '' }, 'ERR_TRT_ARG_VALUE'],
    [{ dynamicShapeKernels: 'all' }, 'ERR_TRT_ARG_VALUE'],
    [{ build: [] }, 'ERR_TRT_ARG_TYPE'],
    [{ build: { precison: 'fp16' } }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    [{ cudaGraphs: 'on' }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
  ])('%j are refused before anything is opened', async (options, code) => {
    await expect(createSessionFor('/nowhere.onnx', options)).rejects.toMatchObject({ code });
  });
});
