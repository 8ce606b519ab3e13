// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime's own settings of a session on the CPU, checked option by option.

import { resolve } from 'node:path';

import type { NativeOnnxRuntimeSettings } from '../binding/contract';
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

/** What ONNX Runtime is told about a session on the CPU; what is left out keeps its default. */
export interface OnnxRuntimeOptions {
  /**
   * How far the graph is rewritten. Default `'all'`, but `'basic'` for models with FP8 quantisation: what goes further
   * changes what they compute.
   *
   * @see `SetSessionGraphOptimizationLevel` of ONNX Runtime's C API
   */
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  /**
   * `'parallel'`: operators that do not depend on each other run at the same time, on `interOpNumThreads` threads.
   * Default `'sequential'`.
   *
   * @see `SetSessionExecutionMode`
   */
  executionMode?: 'sequential' | 'parallel';
  /**
   * Threads between operators, for `executionMode: 'parallel'`; 0: as many as there are cores. Default: 1, and 0 for
   * `'parallel'`.
   *
   * @see `SetInterOpNumThreads`
   */
  interOpNumThreads?: number;
  /** Keep memory for later runs instead of giving it back. Default true. @see `DisableCpuMemArena` */
  enableCpuMemArena?: boolean;
  /** Plan the memory of a run by that of an earlier one with the same shapes. Default true. @see `DisableMemPattern` */
  enableMemPattern?: boolean;
  /** Name of the session in the lines that it logs. @see `SetSessionLogId` */
  logId?: string;
  /**
   * The least severe lines that are logged: 0 verbose, 1 info, 2 warning (default), 3 error, 4 fatal. Nothing is
   * printed: the lines of a call that failed are in the `log` of its error.
   *
   * @see `SetSessionLogSeverityLevel`
   */
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  /** How much verbose lines tell, with `logSeverityLevel: 0`. Default 0. @see `SetSessionLogVerbosityLevel` */
  logVerbosityLevel?: number;
  /**
   * Sizes of the model's symbolic dimensions, by name: the session then takes these sizes alone.
   *
   * @see `AddFreeDimensionOverrideByName`
   */
  freeDimensionOverrides?: Readonly<Record<string, number>>;
  /** Session configuration entries by key, e.g. `'session.disable_prepacking'`. @see `AddSessionConfigEntry` */
  configEntries?: Readonly<Record<string, string>>;
  /** The rewritten model is written to this file while the session is made. @see `SetOptimizedModelFilePath` */
  optimizedModelFilePath?: string;
  /**
   * Files of external data given as bytes, by the path that the model names. The bytes are copied before
   * `createSession()` loads the model. Needs ONNX Runtime 1.18.
   *
   * @see `AddExternalInitializersFromFilesInMemory`
   */
  externalData?: readonly { readonly path: string; readonly data: Uint8Array }[];
}

const MAX_INT32 = 2 ** 31 - 1;

const CHECKS: Readonly<Record<keyof OnnxRuntimeOptions, OptionCheck>> = {
  graphOptimizationLevel: oneOf('disabled', 'basic', 'extended', 'layout', 'all'),
  executionMode: oneOf('sequential', 'parallel'),
  interOpNumThreads: integer(0, 1024),
  enableCpuMemArena: flag,
  enableMemPattern: flag,
  logId: text,
  logSeverityLevel: integer(0, 4),
  logVerbosityLevel: integer(0, MAX_INT32),
  freeDimensionOverrides: byName(integer(0, Number.MAX_SAFE_INTEGER), 'sizes by the names of dimensions'),
  configEntries: byName(text, 'strings by key'),
  optimizedModelFilePath: path,
  externalData,
};

const OPTION_NAMES = Object.keys(CHECKS) as (keyof OnnxRuntimeOptions)[];

/**
 * Checks the option `onnxRuntime` of `createSession()`.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_*`
 */
export function checkOnnxRuntimeOptions(name: string, options: unknown): void {
  if (!isPlainObject(options)) throw typeError(name, options, "an object with ONNX Runtime's settings");
  rejectUnknownOptions(`createSession() with ${name}`, options, OPTION_NAMES);
  for (const [option, value] of Object.entries(options as OnnxRuntimeOptions)) {
    if (value !== undefined) CHECKS[option as keyof OnnxRuntimeOptions](`${name}.${option}`, value);
  }
}

/** Checked options whose path does not depend on the working folder any more. */
export function withResolvedPath(options: OnnxRuntimeOptions): OnnxRuntimeOptions {
  const { optimizedModelFilePath: file } = options;
  return file === undefined ? options : { ...options, optimizedModelFilePath: resolve(file) };
}

/** Checked options in the form that native code takes. */
export function toNativeSettings(options: OnnxRuntimeOptions): NativeOnnxRuntimeSettings {
  const { freeDimensionOverrides, configEntries, externalData: files, ...plain } = options;
  return {
    ...plain,
    freeDimensionNames: Object.keys(freeDimensionOverrides ?? {}),
    freeDimensionSizes: Object.values(freeDimensionOverrides ?? {}),
    configKeys: Object.keys(configEntries ?? {}),
    configValues: Object.values(configEntries ?? {}),
    externalPaths: files?.map((file) => file.path) ?? [],
    externalData: files?.map(({ data }) => data) ?? [],
  };
}

/** Strings end at a NUL for ONNX Runtime. */
function text(name: string, value: unknown): void {
  typed('a string', (given) => typeof given === 'string')(name, value);
  if ((value as string).includes('\0')) throw valueError(name, value, 'a string without NUL');
}

function byName(check: OptionCheck, expected: string): OptionCheck {
  return (name, value) => {
    if (!isPlainObject(value)) throw typeError(name, value, `an object with ${expected}`);
    for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
      text(`a name of ${name}`, key);
      check(`${name}[${JSON.stringify(key)}]`, item);
    }
  };
}

function externalData(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw typeError(name, value, 'an array of { path, data }');
  value.forEach((file: unknown, index) => {
    const at = `${name}[${index}]`;
    if (!isPlainObject(file)) throw typeError(at, file, '{ path, data }');
    rejectUnknownOptions(`createSession() with ${at}`, file, ['path', 'data']);
    const { path: location, data } = file as { path?: unknown; data?: unknown };
    path(`${at}.path`, location);
    if (!(data instanceof Uint8Array)) throw typeError(`${at}.data`, data, 'a Uint8Array');
  });
}
