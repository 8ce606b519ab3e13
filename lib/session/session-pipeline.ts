// SPDX-License-Identifier: Apache-2.0
// What createSession() does: options, source, device, engine, backend, in this order.

import type { NativeAddon, NativeCudaDevice, NativeCudaReport } from '../binding/contract';
import { loadAddon } from '../binding/load';
import type { BuildOptions } from '../builder/build-options';
import { shortSuggestion } from '../builder/profile-suggestion';
import { TensorRTError, type TensorRTErrorCode } from '../errors';
import { CpuBackend } from '../runtime/cpu-backend';
import { hasUsableGpu } from '../runtime/cuda-status';
import type { Engine } from '../runtime/engine';
import { GpuBackend } from '../runtime/gpu-backend';
import { requireGpu, type GpuName } from '../runtime/gpu-device';
import { loadEngineOn } from '../runtime/load-pipeline';
import type { OnnxRuntimeOptions } from '../runtime/onnx-runtime-options';
import { canRun, checkAgainstDevice } from '../runtime/plan-checks';
import { currentSelection, findRuntimeLibrary } from '../runtime/runtime-library';
import { askDriver, type SelectionContext } from '../runtime/select-library';
import { openSession, type Session } from '../runtime/session';
import { nameOf, resolveSource } from './model-source';
import { checkSessionOptions, type CheckedOptions, type SessionOptions } from './session-options';

/** The world outside of a session; tests replace parts. */
export interface SessionContext extends SelectionContext {
  addon: Pick<NativeAddon, 'probeCuda' | 'probeTensorRt' | 'createSession'>;
  /** Builds the engine of an ONNX model; `cuda` is what the driver said. */
  buildEngine(model: string | Uint8Array, options: BuildOptions, cuda: NativeCudaReport): Promise<Engine>;
}

/** This machine. Opens the addon. */
function currentSessionContext(): SessionContext {
  return {
    ...currentSelection(),
    addon: loadAddon(),
    async buildEngine(model, options, cuda) {
      // Loaded when asked for: most sessions build nothing.
      const { buildEngineIn, currentContext } = await import('../builder/build-pipeline.js');
      return buildEngineIn(model, options, () => ({ ...currentContext(), cuda }));
    },
  };
}

/** `createSession()` after it was loaded. The world is asked for when native code is first needed. */
export async function createSessionFor(
  source: Engine | string | Uint8Array,
  options: SessionOptions,
  context: () => SessionContext = currentSessionContext,
): Promise<Session> {
  const checked = checkSessionOptions(options);
  const model = await resolveSource(source);
  if (model.kind === 'onnx') return runModel(model.source, checked, context);
  if (model.kind === 'ort') return runOrtModel(model.source, checked);
  if (checked.device === 'cpu') throw cpuEngineError();
  rejectCpuOptions(checked);
  const probed = await withDriver(context());
  const engine =
    model.kind === 'engine'
      ? model.engine
      : await loadEngineOn(model.source, { libraryPath: checked.runtimeLibrary }, probed);
  return runEngine(engine, checked, probed);
}

/** A context with what the driver says. */
type ProbedContext = SessionContext & { cuda: NativeCudaReport };

/** The driver is asked once for a session, however many steps want to know. */
async function withDriver(context: SessionContext): Promise<ProbedContext> {
  return { ...context, cuda: await askDriver(context) };
}

async function runModel(
  model: string | Uint8Array,
  options: CheckedOptions,
  context: () => SessionContext,
): Promise<Session> {
  const { device } = options;
  if (device === 'cpu') return runOnCpu(model, options, null);
  const probed = await withDriver(context());
  if (device !== 'auto') {
    // Before an engine is built for nothing.
    rejectCpuOptions(options);
    return buildAndRun(model, options, probed, device);
  }
  const { cuda } = probed;
  if (!hasUsableGpu(cuda)) return runOnCpu(model, options, `no usable GPU (${cuda.message || cuda.status})`);
  try {
    return await buildAndRun(model, options, probed, `cuda:${cuda.devices[0]!.ordinal}`);
  } catch (error) {
    if (!isReasonToFallBack(error)) throw error;
    return runOnCpu(model, options, reasonOf(error));
  }
}

/** A model in ONNX Runtime's own format, which TensorRT cannot read. */
async function runOrtModel(model: string | Uint8Array, options: CheckedOptions): Promise<Session> {
  const { device, onnxRuntime } = options;
  if (device !== 'auto' && device !== 'cpu') {
    throw new TensorRTError(
      'ERR_TRT_RUN_DEVICE',
      `A model in ORT format runs on the CPU alone, but device is '${device}'.`,
      { hint: 'Pass the .onnx file that the .ort file was made from to run it on a GPU.' },
    );
  }
  // Of files ONNX Runtime looks at the name alone.
  const configEntries = { 'session.load_model_format': 'ORT', ...onnxRuntime?.configEntries };
  const reason = device === 'auto' ? 'a model in ORT format runs on the CPU alone' : null;
  return runOnCpu(model, { ...options, onnxRuntime: { ...onnxRuntime, configEntries } }, reason);
}

/** What the caller wrote or decided, and what must be seen although the CPU would do: a full or broken GPU. */
const NO_REASON_TO_FALL_BACK: ReadonlySet<TensorRTErrorCode> = new Set<TensorRTErrorCode>([
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
  'ERR_TRT_RUN_UNSUPPORTED',
]);

/** True for what the machine or the model lacks. */
function isReasonToFallBack(error: unknown): error is TensorRTError {
  if (!(error instanceof TensorRTError)) return false;
  const { code } = error;
  if (code === 'ERR_TRT_ARG_PROFILE_MISSING') return true;
  return !code.startsWith('ERR_TRT_ARG_') && !NO_REASON_TO_FALL_BACK.has(code);
}

function reasonOf({ code, message, hint }: TensorRTError): string {
  const reason = `the model does not run on the GPU: ${message} [${code}]`;
  if (code !== 'ERR_TRT_ARG_PROFILE_MISSING') return reason;
  return `${reason}; pass build: { ${shortSuggestion(hint)} }`;
}

async function runOnCpu(
  model: string | Uint8Array,
  options: CheckedOptions,
  fallbackReason: string | null,
): Promise<Session> {
  if (options.cudaGraph === 'on') {
    const why = fallbackReason === null ? '' : `: ${fallbackReason}`;
    throw new TensorRTError(
      'ERR_TRT_RUN_UNSUPPORTED',
      `cudaGraph 'on' needs a GPU, but the session would run on the CPU${why}.`.replace('..', '.'),
      { hint: "Leave cudaGraph at 'auto', or run on a GPU." },
    );
  }
  const { contexts, intraOpNumThreads, maxQueue, stageTimes, runtimeLibrary, profileFilePrefix } = options;
  const { hasFloat8, unranked } = await readFacts(model);
  // ONNX Runtime 1.30 replaces FP8 pairs by kernels that compute something else; other models it computes as they are.
  const onnxRuntime = hasFloat8
    ? { graphOptimizationLevel: 'basic' as const, ...withoutUndefined(options.onnxRuntime) }
    : options.onnxRuntime;
  const backend = new CpuBackend({
    model,
    contexts,
    intraOpNumThreads,
    maxQueue,
    stageTimes,
    unranked,
    ...(onnxRuntime === undefined ? {} : { onnxRuntime }),
    ...(runtimeLibrary === undefined ? {} : { runtimeLibrary }),
    ...(profileFilePrefix === undefined ? {} : { profileFilePrefix }),
  });
  return openSession(backend, fallbackReason);
}

/** What ONNX Runtime's C API does not tell about a model. */
async function readFacts(
  model: string | Uint8Array,
): Promise<{ hasFloat8: boolean; unranked: ReadonlySet<string> }> {
  const { readModelInfo } = await import('../onnx/reader.js');
  try {
    const { inputs, typeCensus } = await readModelInfo(model);
    return {
      hasFloat8: Object.keys(typeCensus.quantize).some((type) => type.startsWith('FLOAT8')),
      unranked: new Set(inputs.filter(({ hasShape }) => !hasShape).map(({ name }) => name)),
    };
  } catch {
    // What is wrong with a model ONNX Runtime says itself.
    return { hasFloat8: false, unranked: new Set() };
  }
}

function withoutUndefined(options: OnnxRuntimeOptions | undefined): OnnxRuntimeOptions {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
}

async function buildAndRun(
  model: string | Uint8Array,
  options: CheckedOptions,
  context: ProbedContext,
  device: GpuName,
): Promise<Session> {
  requireGpu(device, context.cuda);
  const { runtimeLibrary, build = {} } = options;
  const libraryPath = build.libraryPath ?? runtimeLibrary;
  const engine = await context.buildEngine(model, { ...build, libraryPath }, context.cuda);
  return runEngine(engine, { ...options, device, runtimeLibrary: runtimeLibrary ?? libraryPath }, context);
}

async function runEngine(engine: Engine, options: CheckedOptions, context: ProbedContext): Promise<Session> {
  rejectCpuOptions(options);
  const name = nameOf(engine);
  const gpu = chooseGpu(engine, options.device, context.cuda);
  checkAgainstDevice(engine.manifest, gpu, context.cuda, name);
  const {
    runtimeLibrary,
    device: _device,
    intraOpNumThreads: _threads,
    build: _build,
    profileFilePrefix: _prefix,
    onnxRuntime: _onnxRuntime,
    ...settings
  } = options;
  const backend = new GpuBackend({
    engine,
    device: `cuda:${gpu.ordinal}`,
    ordinal: gpu.ordinal,
    library: await findRuntimeLibrary(engine, name, runtimeLibrary, context),
    driverLibrary: context.driverLibrary,
    settings,
    addon: context.addon,
  });
  return openSession(backend);
}

/** The GPU that was named; for `'auto'` the first that can run the engine, as far as its manifest tells. */
function chooseGpu(
  { manifest }: Engine,
  device: CheckedOptions['device'],
  cuda: NativeCudaReport,
): NativeCudaDevice {
  if (device === 'cpu') throw cpuEngineError();
  if (device !== 'auto') return requireGpu(device, cuda);
  const suitable = cuda.devices.find((gpu) => manifest === null || canRun(gpu, manifest));
  return suitable ?? requireGpu('cuda:0', cuda);
}

/** Options of ONNX Runtime, with what a GPU has instead. */
const CPU_OPTIONS = {
  profileFilePrefix: 'On a GPU trace() gives the times of the layers, and stageTimes those of the stages.',
  onnxRuntime: 'On a GPU `build` says how the engine is made, and the other options how it runs.',
} as const;

function rejectCpuOptions(options: CheckedOptions): void {
  for (const option of ['profileFilePrefix', 'onnxRuntime'] as const) {
    if (options[option] === undefined) continue;
    throw new TensorRTError(
      'ERR_TRT_RUN_UNSUPPORTED',
      `Option "${option}" needs the CPU, where ONNX Runtime runs the model, but the session would run on a GPU.`,
      {
        hint: `Pass device: 'cpu'. ${CPU_OPTIONS[option]}`,
        details: { option, device: options.device },
      },
    );
  }
}

function cpuEngineError(): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_RUN_DEVICE',
    "A built engine runs on NVIDIA GPUs alone, but device is 'cpu'.",
    { hint: 'Pass the ONNX model instead of the engine to run it on the CPU.' },
  );
}
