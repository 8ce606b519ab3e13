// SPDX-License-Identifier: Apache-2.0
import type { BuildOptions } from '../../builder/build-options';
import { flag, option, repeated, type OptionTable } from '../args/option';
import type { ParsedArguments } from '../args/parse-arguments';
import { parseChoice, parseInteger, parseList, parseText } from '../values/basic';
import { parseByteSize } from '../values/byte-size';
import { collectAxes, parseDynamicAxis } from '../values/dynamic-axes';
import { parseShapes, parseShapeValues } from '../values/named-lists';
import {
  calibrationOptionTable,
  quantizationOptionTable,
  toQuantization,
} from '../precision/quantize-arguments';
import { collectProfiles } from './profile-arguments';

/** Options of `build`. */
export const buildOptionTable = {
  output: option(
    '<file>',
    'where the engine goes; <model>.engine unless told. <file>.json is written beside it',
    parseText,
    'o',
  ),
  dynamicAxes: repeated(
    '<symbol=min,opt,max>',
    'range of a symbolic dimension; may be repeated',
    parseDynamicAxis,
  ),
  shapes: repeated(
    '<shapes>',
    'shapes of inputs where only one is needed: images:1x3x224x224,ids:1x128',
    parseShapes,
  ),
  minShapes: repeated('<shapes>', 'smallest shapes of dynamic inputs', parseShapes),
  optShapes: repeated('<shapes>', 'shapes to tune for', parseShapes),
  maxShapes: repeated('<shapes>', 'largest shapes', parseShapes),
  values: repeated('<values>', 'values of shape-tensor inputs: size:640x480', parseShapeValues),
  minValues: repeated('<values>', 'smallest values of shape-tensor inputs', parseShapeValues),
  optValues: repeated('<values>', 'values to tune for', parseShapeValues),
  maxValues: repeated('<values>', 'largest values', parseShapeValues),
  profile: repeated(
    '<n>',
    'the shapes that follow belong to profile n; profiles are counted from 0',
    parseInteger(0, 1023),
  ),
  runtime: option(
    '<name>',
    'auto, tensorrt or tensorrt-rtx',
    parseChoice('auto', 'tensorrt', 'tensorrt-rtx'),
  ),
  lib: option('<path>', 'the TensorRT library to use, or its folder', parseText),
  precision: option(
    '<precision>',
    'model (default), fp32, fp16, bf16, int8, fp8 or int4: a model in fp32 is rewritten to it',
    parseChoice('model', 'fp32', 'fp16', 'bf16', 'int8', 'fp8', 'int4'),
  ),
  ...calibrationOptionTable,
  ...quantizationOptionTable,
  allowTypeChanges: flag('accept that TensorRT changes types it does not keep, e.g. float64'),
  workspace: option('<size>', 'memory that tactics may use: 512MiB, 1GiB', parseByteSize),
  tacticSharedMemory: option('<size>', 'shared memory that tactics may use', parseByteSize),
  optimizationLevel: option('<0-5>', 'how long to look for fast tactics', parseInteger(0, 5)),
  timingCache: option('<file>', 'timings from and for other builds', parseText),
  pipeline: option(
    '<file>',
    "a pipeline's spec (JSON), kept in the engine's manifest for createPipeline() and run --image",
    parseText,
  ),
  cacheDir: option('<folder>', 'take a finished engine from there, or leave it there', parseText),
  hardwareCompatibility: option(
    '<level>',
    'none, ampere+ or same-compute-capability: which other GPUs may run the engine',
    parseChoice('none', 'ampere+', 'same-compute-capability'),
  ),
  versionCompatible: flag('newer TensorRT versions may run the engine'),
  excludeLeanRuntime: flag('leave the lean runtime out of a version-compatible engine'),
  computeCapability: option(
    '<list>',
    'GPUs that a TensorRT-RTX engine is for: 86,89 or current',
    parseList((text, name) =>
      text === 'current' ? ('current' as const) : parseInteger(10, 999)(text, name),
    ),
  ),
  profilingVerbosity: option(
    '<level>',
    'none, layer-names-only or detailed: what the engine can tell about its layers',
    parseChoice('none', 'layer-names-only', 'detailed'),
  ),
  weightStreaming: flag('weights may stay in host memory'),
  refit: option(
    '<weights>',
    'all or identical: which weights can be replaced later',
    parseChoice('none', 'all', 'identical'),
  ),
  stripPlan: flag('leave the weights out of the engine'),
  sparsity: flag('use 2:4 sparse weights'),
  disableTf32: flag('compute float32 in full precision'),
  maxAuxStreams: option('<n>', 'streams that one inference may use besides its own', parseInteger(0)),
  isolation: option('<where>', 'process or thread: where the build runs', parseChoice('process', 'thread')),
  logLevel: option(
    '<severity>',
    'show log lines from this severity on: error, warning, info, verbose',
    parseChoice('internal-error', 'error', 'warning', 'info', 'verbose'),
  ),
} satisfies OptionTable;

/** Parsed command line of `build`. */
export type BuildArguments = ParsedArguments<typeof buildOptionTable>;

/**
 * Turns the command line into the options of `buildEngine`. Only what was written is set: the defaults are the
 * builder's.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for profiles that are not complete.
 */
export function toBuildOptions(args: BuildArguments): BuildOptions {
  const { options } = args;
  const profiles = collectProfiles(args.occurrences);
  const quantization = toQuantization(options);
  return dropUndefined({
    quantization: Object.keys(quantization).length === 0 ? undefined : quantization,
    runtime: options.runtime,
    libraryPath: options.lib,
    precision: options.precision,
    profiles: profiles.length === 0 ? undefined : profiles,
    dynamicAxes: options.dynamicAxes.length === 0 ? undefined : collectAxes(options.dynamicAxes),
    allowTypeChanges: whereGiven(options.allowTypeChanges),
    workspaceBytes: options.workspace,
    tacticSharedMemoryBytes: options.tacticSharedMemory,
    optimizationLevel: options.optimizationLevel,
    timingCache: options.timingCache,
    pipeline: options.pipeline,
    cacheDir: options.cacheDir,
    hardwareCompatibility: options.hardwareCompatibility,
    versionCompatible: whereGiven(options.versionCompatible),
    excludeLeanRuntime: whereGiven(options.excludeLeanRuntime),
    computeCapabilities: options.computeCapability === undefined ? undefined : [...options.computeCapability],
    profilingVerbosity: options.profilingVerbosity,
    weightStreaming: whereGiven(options.weightStreaming),
    refit: options.refit,
    stripPlan: whereGiven(options.stripPlan),
    sparseWeights: whereGiven(options.sparsity),
    disableTf32: whereGiven(options.disableTf32),
    maxAuxStreams: options.maxAuxStreams,
    isolation: options.isolation,
    logSeverity: options.logLevel,
  });
}

function whereGiven(isSet: boolean): true | undefined {
  return isSet ? true : undefined;
}

function dropUndefined(options: BuildOptions): BuildOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
