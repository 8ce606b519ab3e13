// SPDX-License-Identifier: Apache-2.0
// The options of onnxruntime-common's sessions in the terms of this package: checked with the messages that
// onnxruntime-node has, then sorted by who needs them.

import type { InferenceSession } from 'onnxruntime-common';

import type { TensorRTError } from '../errors';
import { isPlainObject } from '../option-checks';
import type { OnnxRuntimeOptions } from '../runtime/onnx-runtime-options';
import { readExternalData, type ExternalFile } from './external-data';
import { flattenExtra } from './extra-options';
import { logSeverity, type LogSettings } from './log';
import { checkOutputLocation } from './output-location';
import { checkSeverity } from './run-options';
import { optionTypeError, upstreamError } from './upstream-error';

type Options = InferenceSession.SessionOptions;

/** Options of a session, independent of the execution provider. */
export interface MappedOptions {
  readonly intraOpNumThreads?: number;
  readonly profileFilePrefix?: string;
  /** `enableGraphCapture`, if it was given. */
  readonly graphCapture?: boolean;
  readonly freeDimensions: Readonly<Record<string, number>>;
  readonly externalData: readonly ExternalFile[];
  /** What ONNX Runtime is told, on the CPU. */
  readonly onnxRuntime: OnnxRuntimeOptions;
}

type Check = (value: unknown, name: string) => void;

/** Largest number of threads or level of detail that makes sense to ONNX Runtime: a C int. */
const MAX_INT = 2 ** 31 - 1;

const CHECKS: Readonly<Record<keyof Options, Check>> = {
  // Read by the registry, and by execution-providers.ts.
  executionProviders: () => undefined,
  intraOpNumThreads: count,
  interOpNumThreads: count,
  freeDimensionOverrides: dimensions,
  graphOptimizationLevel: word('disabled', 'basic', 'extended', 'layout', 'all'),
  enableCpuMemArena: flag,
  enableMemPattern: flag,
  executionMode: word('sequential', 'parallel'),
  optimizedModelFilePath: text,
  enableProfiling: flag,
  profileFilePrefix: text,
  logId: text,
  logSeverityLevel: (value, name) => checkSeverity(`sessionOptions.${name}`, value),
  logVerbosityLevel: count,
  preferredOutputLocation: checkOutputLocation,
  enableGraphCapture: flag,
  // Checked where they are read.
  externalData: () => undefined,
  extra: () => undefined,
};

/** With null onnxruntime-node runs as if these were left out: it says so, or does not read them. */
const MAY_BE_NULL: readonly string[] = [
  'executionProviders',
  'externalData',
  'preferredOutputLocation',
  'freeDimensionOverrides',
  'enableGraphCapture',
  'profileFilePrefix',
  'logVerbosityLevel',
] satisfies (keyof Options)[];

/** Names of all options, for messages about others. */
export const SESSION_OPTION_NAMES = Object.keys(CHECKS);

/**
 * Checks options and sorts them. One that is `undefined` counts as left out; one that nobody knows is ignored.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_RUN_UNSUPPORTED`
 */
export function mapSessionOptions(given: Options, env: LogSettings): MappedOptions {
  const options = givenOptions(given);
  for (const [name, value] of Object.entries(options)) CHECKS[name as keyof Options](value, name);
  const externalData = readExternalData(options.externalData);
  const freeDimensions = { ...options.freeDimensionOverrides };
  const { intraOpNumThreads, enableGraphCapture } = options;
  const prefix = profilePrefix(options);
  return {
    freeDimensions,
    externalData,
    onnxRuntime: runtimeOptions(options, { env, freeDimensions, externalData }),
    // 0 is ONNX Runtime's word for "as it likes".
    ...(intraOpNumThreads ? { intraOpNumThreads } : {}),
    ...(enableGraphCapture === undefined ? {} : { graphCapture: enableGraphCapture }),
    ...(prefix === undefined ? {} : { profileFilePrefix: prefix }),
  };
}

/** The options that are known and given. By name: what onnxruntime-common passes on is a proxy. */
function givenOptions(options: Options): Options {
  const all = SESSION_OPTION_NAMES.map((name) => [name, options[name as keyof Options] as unknown] as const);
  const isGiven = ([name, value]: (typeof all)[number]) =>
    value !== undefined && !(value === null && MAY_BE_NULL.includes(name));
  return Object.fromEntries(all.filter(isGiven));
}

function runtimeOptions(
  options: Options,
  {
    env,
    freeDimensions,
    externalData,
  }: { env: LogSettings } & Pick<MappedOptions, 'freeDimensions' | 'externalData'>,
): OnnxRuntimeOptions {
  const configEntries = flattenExtra(options.extra);
  const given: OnnxRuntimeOptions = {
    graphOptimizationLevel: options.graphOptimizationLevel,
    executionMode: options.executionMode,
    interOpNumThreads: options.interOpNumThreads || undefined,
    enableCpuMemArena: options.enableCpuMemArena,
    enableMemPattern: options.enableMemPattern,
    logId: options.logId,
    logSeverityLevel: options.logSeverityLevel ?? logSeverity(env),
    logVerbosityLevel: options.logVerbosityLevel,
    freeDimensionOverrides: unlessEmpty(freeDimensions),
    configEntries: unlessEmpty(configEntries),
    optimizedModelFilePath: options.optimizedModelFilePath,
    externalData: externalData.length > 0 ? externalData : undefined,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function unlessEmpty<T extends object>(object: T): T | undefined {
  return Object.keys(object).length > 0 ? object : undefined;
}

function profilePrefix({ enableProfiling, profileFilePrefix }: Options): string | undefined {
  if (enableProfiling !== true) return undefined;
  if (profileFilePrefix !== undefined && profileFilePrefix !== '') return profileFilePrefix;
  throw upstreamError(
    'TypeError',
    'ERR_TRT_ARG_VALUE',
    'Invalid argument: sessionOptions.profileFilePrefix is required when sessionOptions.enableProfiling is set to true.',
  );
}

function count(value: unknown, name: string): void {
  if (typeof value !== 'number') throw optionTypeError(`sessionOptions.${name}`, 'a number');
  if (Number.isInteger(value) && value >= 0 && value <= MAX_INT) return;
  throw upstreamError('RangeError', 'ERR_TRT_ARG_VALUE', `'${name}' is invalid: ${value}`, {
    hint: 'Pass a whole number, not negative.',
    details: { option: name, received: String(value) },
  });
}

function flag(value: unknown, name: string): void {
  if (typeof value !== 'boolean') throw optionTypeError(`sessionOptions.${name}`, 'a boolean value');
}

function text(value: unknown, name: string): void {
  if (typeof value !== 'string') throw optionTypeError(`sessionOptions.${name}`, 'a string');
}

function word(...allowed: readonly string[]): Check {
  return (value, name) => {
    text(value, name);
    if (!allowed.includes(value as string)) throw wordError(value as string, name, allowed);
  };
}

function wordError(value: string, name: string, allowed: readonly string[]): TensorRTError {
  return upstreamError('TypeError', 'ERR_TRT_ARG_VALUE', `'${name}' is not supported: ${value}`, {
    hint: `Pass one of ${allowed.join(', ')}.`,
    details: { option: name, received: value, allowed },
  });
}

function dimensions(value: unknown, name: string): void {
  if (!isPlainObject(value)) throw optionTypeError(`sessionOptions.${name}`, 'an object');
  for (const [symbol, size] of Object.entries(value as object)) {
    if (Number.isSafeInteger(size) && size >= 0) continue;
    throw optionTypeError(
      `sessionOptions.${name}[${JSON.stringify(symbol)}]`,
      'a whole number, not negative',
    );
  }
}
