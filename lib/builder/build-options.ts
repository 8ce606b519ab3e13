// SPDX-License-Identifier: Apache-2.0
import type { CalibrationData } from '../compress/calibrate/feed-source';
import type { QuantizeOptions } from '../compress/quantize-options';
import { TensorRTError, type LogLine } from '../errors';
import type { PipelineSpec } from '../pipeline/spec/pipeline-spec';
import type { Feeds } from '../runtime/feeds';
import {
  flag,
  integer,
  isPlainObject,
  oneOf,
  path,
  rejectUnknownOptions,
  typed,
  typeError,
  valueError,
  type OptionCheck,
} from '../option-checks';
import type { RuntimeChoice } from '../runtime/select-library';
import type { BuildProgress } from './build-progress';
import type { DynamicAxes } from './dynamic-axes';
import type { Precision } from './precision-checks';
import type { ProfileSpec } from './profiles';

/** The part of the options of `quantize` that a build leaves open. */
export type BuildQuantization = Omit<
  QuantizeOptions<Feeds>,
  'type' | 'calibration' | 'runner' | 'decisions' | 'onProgress' | 'signal'
>;

/** Options of {@link buildEngine}. */
export interface BuildOptions {
  /** Which TensorRT builds. `'auto'` (default): TensorRT where it and a GPU are usable, else TensorRT-RTX. */
  runtime?: RuntimeChoice;
  /** A library file or a folder of libraries; nothing else is looked at then. */
  libraryPath?: string;
  /**
   * What the engine computes in, default `'model'`: what the graph says. TensorRT takes precision from the graph alone, so
   * an FP32 model is rewritten before the build, the same for every family: see `cast` and `quantize` of
   * `tensorrt-node/compress`. Inputs and outputs keep their types. A model that is in the precision already is built as it
   * is; `'fp32'` refuses one that is not.
   */
  precision?: Precision;
  /**
   * Typical inputs, the feeds of one run at a time: some dozens of samples. `'int8'` and `'fp8'` need them; `'fp16'` keeps
   * tensors in FP32 that leave its range on them. They run on the CPU. With `cacheDir` or `outputPath`, what was found is
   * kept in a file and used again for the same model, data and options.
   */
  calibration?: CalibrationData<Feeds>;
  /**
   * Share of samples, 0 to 1, whose best class may differ from the FP32 model's: as few layers as needed stay in floating
   * point. Needs `calibration`.
   */
  maxDrop?: number;
  /** How to quantise, besides the options above. */
  quantization?: BuildQuantization;
  /**
   * Accept element types that TensorRT changes without a word (DOUBLE to FLOAT, UINT8 quantisation to INT8): they
   * become warnings. Default: false, they are errors.
   */
  allowTypeChanges?: boolean;
  /** Optimisation profiles: a range for each dynamic input, in as many combinations as are wanted. */
  profiles?: readonly ProfileSpec[];
  /** One profile by the names of dynamic dimensions: `{ batch: [1, 8, 32] }` is min, opt and max. */
  dynamicAxes?: DynamicAxes;
  /** For a model given as bytes: its external data files by the names that the model uses. */
  externalData?: Readonly<Record<string, Uint8Array>>;
  /** Limit of the memory that a layer may use while it runs, in bytes. Default: TensorRT's, all of the GPU. */
  workspaceBytes?: number;
  /** Limit of a tactic's shared memory in bytes. */
  tacticSharedMemoryBytes?: number;
  /** 0 (fast build) to 5 (fast engine). Default: TensorRT's. */
  optimizationLevel?: number;
  /** Path of a timing cache that is read, if it is there, and written back; `true` uses one for this build alone. */
  timingCache?: string | boolean;
  /** Which GPUs besides the one at hand shall run the engine. TensorRT only. */
  hardwareCompatibility?: 'none' | 'ampere+' | 'same-compute-capability';
  /** Has newer TensorRT versions run the engine. */
  versionCompatible?: boolean;
  /** Leaves the lean runtime out of a version-compatible engine. */
  excludeLeanRuntime?: boolean;
  /** TensorRT-RTX only: compute capabilities to compile for (75, 80, 86, 89, 120, 121), or `'current'`. */
  computeCapabilities?: readonly (number | 'current')[];
  /** What the engine tells about its layers. Default: `'layer-names-only'`. */
  profilingVerbosity?: 'layer-names-only' | 'none' | 'detailed';
  /** Allows weights to be kept off the GPU and streamed. */
  weightStreaming?: boolean;
  /** Whether weights can be replaced later: `'identical'` by the same ones only. */
  refit?: 'none' | 'all' | 'identical';
  /** Leaves the weights out of the plan. */
  stripPlan?: boolean;
  /** Allows kernels for 2:4 sparse weights. */
  sparseWeights?: boolean;
  /** Forbids TF32 in FP32 layers. */
  disableTf32?: boolean;
  /** How many streams besides the main one the engine may use. */
  maxAuxStreams?: number;
  /** Writes the engine there, and the manifest beside it, instead of keeping it in memory. */
  outputPath?: string;
  /**
   * What is done before and after the model: kept in the engine's manifest, where `createPipeline()` of
   * `tensorrt-node/pipeline` finds it. Checked, and held against the model, before the build. The path of a JSON file
   * does as well. It changes nothing of the plan.
   */
  pipeline?: PipelineSpec | string;
  /** Folder of built engines that are used again when nothing that matters has changed. Made if it is not there. */
  cacheDir?: string;
  /**
   * Where TensorRT runs: in a child process (`'process'`, default), which no crash can hurt and which is killed on
   * cancel, or on a thread of this one. On a thread, a cancel and `process.exit()` wait for the next moment at which
   * TensorRT asks whether to go on: up to seconds.
   */
  isolation?: 'process' | 'thread';
  /** Cancels the build. */
  signal?: AbortSignal;
  /** Called as the build advances, at most a few times for each turn of the event loop. */
  onProgress?: (progress: BuildProgress) => void;
  /** Called for each line that TensorRT logs. */
  onLog?: (line: LogLine) => void;
  /** Least severe lines that are reported. Default: `'warning'`. */
  logSeverity?: LogLine['severity'];
}

/** Options with defaults, each checked. */
export interface BuildSettings extends BuildOptions {
  readonly runtime: RuntimeChoice;
  readonly precision: Precision;
  readonly isolation: 'process' | 'thread';
  readonly logSeverity: LogLine['severity'];
}

const SEVERITIES = ['internal-error', 'error', 'warning', 'info', 'verbose'] as const;

/** One check per option; unknown names are found by this table too. */
const CHECKS: Readonly<Record<keyof BuildOptions, OptionCheck>> = {
  runtime: oneOf('auto', 'tensorrt', 'tensorrt-rtx'),
  libraryPath: path,
  precision: oneOf('model', 'fp32', 'fp16', 'bf16', 'int8', 'fp8', 'int4'),
  calibration: typed('an iterable of feeds or a function that gives one', isCalibrationData),
  maxDrop: share,
  // The values are checked by quantize().
  quantization: quantization,
  allowTypeChanges: flag,
  // Their content is checked against the model's inputs, by profiles.ts and dynamic-axes.ts.
  profiles: typed('an array of profiles', Array.isArray),
  dynamicAxes: typed('an object of ranges by symbol name', isPlainObject),
  externalData: externalData,
  workspaceBytes: integer(1, Number.MAX_SAFE_INTEGER),
  tacticSharedMemoryBytes: integer(1, Number.MAX_SAFE_INTEGER),
  optimizationLevel: integer(0, 5),
  timingCache: timingCache,
  hardwareCompatibility: oneOf('none', 'ampere+', 'same-compute-capability'),
  versionCompatible: flag,
  excludeLeanRuntime: flag,
  computeCapabilities: computeCapabilities,
  profilingVerbosity: oneOf('layer-names-only', 'none', 'detailed'),
  weightStreaming: flag,
  refit: oneOf('none', 'all', 'identical'),
  stripPlan: flag,
  sparseWeights: flag,
  disableTf32: flag,
  maxAuxStreams: integer(0, 1024),
  outputPath: path,
  // Its content is checked by lib/pipeline/spec, which is loaded only where there is one.
  pipeline: typed("a pipeline's spec or the path of its file", isSpecOrPath),
  cacheDir: path,
  isolation: oneOf('process', 'thread'),
  signal: typed('an AbortSignal', (value) => value instanceof AbortSignal),
  onProgress: typed('a function', (value) => typeof value === 'function'),
  onLog: typed('a function', (value) => typeof value === 'function'),
  logSeverity: oneOf(...SEVERITIES),
};

/** Names of all build options. */
export const BUILD_OPTION_NAMES = Object.keys(CHECKS) as readonly (keyof BuildOptions)[];

/**
 * Checks options by themselves, before any file is opened, and fills in defaults. An option that is `undefined` counts
 * as left out.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_UNKNOWN_OPTION`, `ERR_TRT_ARG_TYPE` or `ERR_TRT_ARG_VALUE`.
 */
export function validateBuildOptions(options: BuildOptions): BuildSettings {
  rejectUnknownOptions('buildEngine', options, BUILD_OPTION_NAMES);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const [name, value] of Object.entries(given)) CHECKS[name as keyof BuildOptions](name, value);
  checkCombinations(given);
  return { runtime: 'auto', precision: 'model', isolation: 'process', logSeverity: 'warning', ...given };
}

const QUANTIZATION_NAMES = [
  'weightOnly',
  'ranges',
  'method',
  'percentile',
  'equalize',
  'biasCorrection',
  'rounding',
  'blockSize',
  'embeddings',
  'attention',
  'residual',
  'smallLayers',
  'rest',
  'exclude',
  'bound',
] as const satisfies readonly (keyof BuildQuantization)[];

function quantization(name: string, value: unknown): void {
  if (!isPlainObject(value)) throw typeError(name, value, 'an object of options of quantize()');
  rejectUnknownOptions('quantize', value, QUANTIZATION_NAMES);
}

function isSpecOrPath(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || isPlainObject(value);
}

function isCalibrationData(value: unknown): boolean {
  if (typeof value === 'function') return true;
  return (
    typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

function share(name: string, value: unknown): void {
  if (typeof value !== 'number') throw typeError(name, value, 'a number');
  if (!(value >= 0 && value <= 1)) throw valueError(name, value, 'a share from 0 to 1');
}

/** Without it nothing is rewritten, and an option that does nothing is a mistake. */
function needsPrecision(name: string, precision: Precision): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Option "${name}" has no effect with the precision "${precision}".`,
    {
      hint: "Add the precision that it is for: 'int8', 'fp8', 'int4' (fp16 and bf16 take calibration and exclude).",
      details: { option: name, precision },
    },
  );
}

function checkCombinations(options: BuildOptions): void {
  const { excludeLeanRuntime, versionCompatible, precision = 'model', calibration, maxDrop } = options;
  if (maxDrop !== undefined && calibration === undefined)
    throw valueError('maxDrop', maxDrop, 'used together with calibration, on which it is measured');
  const isQuantized = ['int8', 'fp8', 'int4'].includes(precision);
  if (maxDrop !== undefined && !isQuantized)
    throw valueError('maxDrop', maxDrop, "used with the precision 'int8', 'fp8' or 'int4'");
  const isRewritten = precision !== 'model' && precision !== 'fp32';
  if (calibration !== undefined && !isRewritten) throw needsPrecision('calibration', precision);
  const given = Object.keys(options.quantization ?? {});
  const isOfHalf = isRewritten && given.every((name) => name === 'exclude');
  if (given.length > 0 && !isQuantized && !isOfHalf)
    throw needsPrecision(`quantization.${given.find((name) => name !== 'exclude') ?? 'exclude'}`, precision);
  if (excludeLeanRuntime && !versionCompatible)
    throw valueError('excludeLeanRuntime', true, 'used together with versionCompatible: true');
}

function timingCache(name: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  if (typeof value !== 'string') throw typeError(name, value, 'a path, true or false');
  path(name, value);
}

function externalData(name: string, value: unknown): void {
  if (!isPlainObject(value)) throw typeError(name, value, 'an object of Uint8Array by file name');
  for (const [file, bytes] of Object.entries(value as object)) {
    if (!(bytes instanceof Uint8Array))
      throw typeError(`${name}[${JSON.stringify(file)}]`, bytes, 'a Uint8Array');
  }
}

function computeCapabilities(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw typeError(name, value, "an array of numbers or 'current'");
  const expected = "made of numbers such as 89 (major * 10 + minor) or 'current'";
  for (const item of value as unknown[]) {
    const isRight =
      item === 'current' || (Number.isInteger(item) && (item as number) >= 10 && (item as number) < 1000);
    if (!isRight) throw valueError(name, value, expected);
  }
  if (value.includes('current') && value.length > 1)
    throw valueError(name, value, "['current'] alone or a list without it");
}
