// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import { validateBuildOptions, type BuildOptions } from '../builder/build-options';
import { isGpuName, type GpuName } from '../runtime/gpu-device';
import {
  checkOnnxRuntimeOptions,
  withResolvedPath,
  type OnnxRuntimeOptions,
} from '../runtime/onnx-runtime-options';
import {
  flag,
  integer,
  isPlainObject,
  oneOf,
  path,
  rejectUnknownOptions,
  typeError,
  valueError,
  type OptionCheck,
} from '../option-checks';

/** Execution contexts that a session may have. */
export const MAX_CONTEXTS = 256;
/** Calls that may wait unless told otherwise. */
export const DEFAULT_MAX_QUEUE = 1024;

/** Options of `createSession()`. One that is for the other backend has no effect, unless it says otherwise. */
export interface SessionOptions {
  /**
   * Where to run. `'auto'` (default) takes a GPU if one is usable and else the CPU, and `session.fallbackReason` says
   * why; a device that is named is used or is an error. Wrong arguments, a full GPU and one that broke are errors with
   * `'auto'` too. A built engine runs on GPUs alone.
   */
  device?: 'auto' | 'cpu' | GpuName;
  /** Calls that may run at the same time. Default 1. */
  contexts?: number;
  /** Calls that may wait for a context before new ones are refused. Default 1024. */
  maxQueue?: number;
  /**
   * A library or the folder of one: TensorRT for a GPU, libonnxruntime for the CPU. Default: searched in npm, Python and
   * system folders.
   */
  runtimeLibrary?: string;
  /** CPU: threads of one inference. Default: the available cores divided by `contexts`, at least 1. */
  intraOpNumThreads?: number;
  /** An ONNX model on a GPU: how its engine is built. With `cacheDir` it is built once. */
  build?: BuildOptions;
  /**
   * GPU: replay inferences as CUDA graphs. `'auto'` (default) does so from the second run of a shape on, where it can be
   * done; `'on'` makes it an error where it cannot, also on the CPU.
   */
  cudaGraph?: 'auto' | 'on' | 'off';
  /** GPU: graphs that each context and binding keeps, one for each shape. Default 8. */
  cudaGraphLimit?: number;
  /**
   * GPU: scratch memory of the contexts. `'static'` (default): each has enough for all profiles; `'on-profile-change'`:
   * each has enough for its profile; `'shared'`: lent for the time of a run.
   */
  contextMemory?: 'static' | 'on-profile-change' | 'shared';
  /** GPU: the optimisation profile of all calls. `'auto'` (default): the one whose optimum is nearest to the call's shapes. */
  profile?: 'auto' | number;
  /** GPU: who comes first where sessions compete. Default `'normal'`. */
  streamPriority?: 'low' | 'normal' | 'high';
  /**
   * GPU: an engine that computes on several streams gets those of the session, with its priority. False: TensorRT makes
   * its own. How many there are was decided at the build, by `maxAuxStreams`. Default true.
   */
  auxStreams?: boolean;
  /** GPU: limit of the L2 cache that holds activations between layers. Default: TensorRT's. */
  persistentCacheBytes?: number;
  /** GPU: weights kept in device memory, for an engine built with `weightStreaming`; `'auto'` lets TensorRT decide. */
  weightStreamingBudgetBytes?: number | 'auto';
  /** GPU: limit of the page-locked host memory of the session. Default: none. */
  pinnedMemoryBytes?: number;
  /** GPU: wait for the device in a loop: a few microseconds less for a core that has nothing else to do. Default false. */
  spinWait?: boolean;
  /** GPU: libraries with TensorRT plugins that the engine needs. They stay loaded until the process ends. */
  plugins?: readonly string[];
  /**
   * TensorRT-RTX only: file of compiled kernels, read if it is there and written when the session is closed. An error
   * for an engine of another family.
   */
  runtimeCache?: string;
  /**
   * TensorRT-RTX only: when to compile kernels for the shapes that come. `'lazy'`: in the background, `'eager'`: before
   * the first run of a shape, `'none'`: never. Default: TensorRT-RTX's. An error for an engine of another family.
   */
  dynamicShapeKernels?: 'lazy' | 'eager' | 'none';
  /**
   * Record when the stages of each run began and ended, for `session.takeStageTimes()`. On a GPU that adds some
   * microseconds to a run. Default false.
   */
  stageTimes?: boolean;
  /**
   * CPU only: ONNX Runtime profiles the session, its first million events, and writes the file `<prefix>_<date>.json`
   * when the session is closed. Runs get slower by it. An error where the session runs on a GPU.
   */
  profileFilePrefix?: string;
  /** CPU only: ONNX Runtime's own settings. An error where the session runs on a GPU. */
  onnxRuntime?: OnnxRuntimeOptions;
}

type Defaulted =
  | 'device'
  | 'contexts'
  | 'maxQueue'
  | 'intraOpNumThreads'
  | 'cudaGraph'
  | 'cudaGraphLimit'
  | 'contextMemory'
  | 'profile'
  | 'streamPriority'
  | 'auxStreams'
  | 'spinWait'
  | 'stageTimes';

/** Options with their defaults filled in. */
export type CheckedOptions = Omit<SessionOptions, Defaulted> & Required<Pick<SessionOptions, Defaulted>>;

/** One check per option; unknown names are found by this table too. */
const CHECKS: Readonly<Record<keyof SessionOptions, OptionCheck>> = {
  device,
  contexts: integer(1, MAX_CONTEXTS),
  maxQueue: integer(0, 1_000_000),
  runtimeLibrary: path,
  intraOpNumThreads: integer(1, 1024),
  build,
  cudaGraph: oneOf('auto', 'on', 'off'),
  cudaGraphLimit: integer(1, 1024),
  contextMemory: oneOf('static', 'on-profile-change', 'shared'),
  profile: orAuto(integer(0, 1_000_000)),
  streamPriority: oneOf('normal', 'low', 'high'),
  auxStreams: flag,
  persistentCacheBytes: integer(0, Number.MAX_SAFE_INTEGER),
  weightStreamingBudgetBytes: orAuto(integer(0, Number.MAX_SAFE_INTEGER)),
  pinnedMemoryBytes: integer(1, Number.MAX_SAFE_INTEGER),
  spinWait: flag,
  plugins,
  runtimeCache: path,
  dynamicShapeKernels: oneOf('lazy', 'eager', 'none'),
  stageTimes: flag,
  profileFilePrefix: path,
  onnxRuntime: checkOnnxRuntimeOptions,
};

const OPTION_NAMES = Object.keys(CHECKS) as (keyof SessionOptions)[];

/**
 * Checks options by themselves and fills in defaults. An option that is `undefined` counts as left out.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_*`
 */
export function checkSessionOptions(options: SessionOptions): CheckedOptions {
  rejectUnknownOptions('createSession', options, OPTION_NAMES);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) CHECKS[name as keyof SessionOptions](name, value);
  const checked = { ...DEFAULTS, ...(Object.fromEntries(given) as SessionOptions) };
  const threads = Math.max(1, Math.floor(availableParallelism() / checked.contexts));
  return {
    ...checked,
    intraOpNumThreads: checked.intraOpNumThreads ?? threads,
    // The working folder may be another one when a file is written.
    ...(checked.runtimeCache === undefined ? {} : { runtimeCache: resolve(checked.runtimeCache) }),
    ...(checked.profileFilePrefix === undefined
      ? {}
      : { profileFilePrefix: resolve(checked.profileFilePrefix) }),
    ...(checked.onnxRuntime === undefined ? {} : { onnxRuntime: withResolvedPath(checked.onnxRuntime) }),
  };
}

const DEFAULTS = {
  device: 'auto',
  contexts: 1,
  maxQueue: DEFAULT_MAX_QUEUE,
  cudaGraph: 'auto',
  cudaGraphLimit: 8,
  contextMemory: 'static',
  profile: 'auto',
  streamPriority: 'normal',
  auxStreams: true,
  spinWait: false,
  stageTimes: false,
} as const satisfies SessionOptions;

function device(name: string, value: unknown): void {
  if (value === 'auto' || value === 'cpu' || isGpuName(value)) return;
  throw valueError(name, value, "'auto', 'cpu' or 'cuda:N'");
}

function orAuto(check: OptionCheck): OptionCheck {
  return (name, value) => {
    if (value === 'auto') return;
    if (typeof value === 'string') throw valueError(name, value, "'auto' or a whole number");
    check(name, value);
  };
}

function plugins(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw typeError(name, value, 'an array of paths');
  value.forEach((item, index) => path(`${name}[${index}]`, item));
}

function build(name: string, value: unknown): void {
  if (!isPlainObject(value)) throw typeError(name, value, 'the options of buildEngine()');
  validateBuildOptions(value as BuildOptions);
}
