// SPDX-License-Identifier: Apache-2.0
// Options are checked before any file is opened: a misspelled one would be ignored in silence.

import { TensorRTError } from '../errors';
import { referenceNumerics } from '../numerics/reference';
import {
  flag,
  integer,
  isPlainObject,
  oneOf,
  rejectUnknownOptions,
  typed,
  typeError,
  valueError,
  type OptionCheck,
} from '../option-checks';
import type { NodeExclusion } from '../onnx/graph/node-exclusion';
import type { CastToOptions } from './cast-options';
import type { AccuracyBound, QuantizeOptions } from './quantize-options';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isSignal = (value: unknown): boolean => value instanceof AbortSignal;
const anything: OptionCheck = () => undefined;

/** A number between bounds. */
export function numberBetween(least: number, most: number): OptionCheck {
  return (name, value) => {
    if (typeof value !== 'number') throw typeError(name, value, 'a number');
    if (!(value >= least && value <= most)) throw valueError(name, value, `from ${least} to ${most}`);
  };
}

const EXCLUSION: Record<keyof NodeExclusion, true> = { names: true, ops: true, patterns: true };

const exclusion: OptionCheck = (name, value) => {
  if (!isPlainObject(value)) throw typeError(name, value, 'an object such as { names: [...], ops: [...] }');
  rejectUnknownOptions(name, value, Object.keys(EXCLUSION));
  for (const [key, list] of Object.entries(value as object)) {
    if (list !== undefined && !Array.isArray(list)) throw typeError(`${name}.${key}`, list, 'a list');
  }
};

const BOUND: Readonly<Record<keyof AccuracyBound, OptionCheck>> = {
  maxDrop: numberBetween(0, 1),
  minCosine: numberBetween(-1, 1),
  minSqnrDb: numberBetween(-200, 200),
  score: typed('a function', isFunction),
};

const bound: OptionCheck = (name, value) => {
  if (!isPlainObject(value)) throw typeError(name, value, 'an object such as { maxDrop: 0.005 }');
  checkTable(name, value, BOUND);
};

/** What all that changes models takes. The data itself is checked when it is opened. */
export const COMMON_CHECKS = {
  calibration: anything,
  runner: typed('a function such as sessionRunner()', isFunction),
  exclude: exclusion,
  signal: typed('an AbortSignal', isSignal),
} as const;

const CAST: Readonly<Record<keyof CastToOptions<unknown>, OptionCheck>> = {
  ...COMMON_CHECKS,
  to: oneOf('fp16', 'bf16'),
  keepIo: flag,
};

const QUANTIZE: Readonly<Record<keyof QuantizeOptions<unknown>, OptionCheck>> = {
  ...COMMON_CHECKS,
  type: oneOf('int8', 'fp8', 'int4'),
  weightOnly: flag,
  ranges: typed('ranges by tensor', isPlainObject),
  decisions: typed('the decisions of a report', isPlainObject),
  method: oneOf('auto', 'mixed', 'max', 'percentile', 'entropy', 'mse'),
  percentile: numberBetween(1, 100),
  equalize: oneOf('auto', 'off'),
  biasCorrection: flag,
  rounding: oneOf('nearest', 'mse', 'gptq', 'awq'),
  blockSize: integer(1, 65536),
  embeddings: flag,
  attention: flag,
  smallLayers: oneOf('auto', 'float', 'quantize'),
  residual: flag,
  rest: oneOf('fp32', 'fp16', 'bf16'),
  bound,
  onProgress: typed('a function', isFunction),
};

/** @throws {TensorRTError} ERR_TRT_ARG_UNKNOWN_OPTION, ERR_TRT_ARG_TYPE, ERR_TRT_ARG_VALUE */
export function checkCastOptions<Feeds>(options: CastToOptions<Feeds>): void {
  checkTable('cast', options, CAST);
  if ((options as Partial<CastToOptions<Feeds>>).to === undefined)
    throw typeError('to', undefined, "'fp16' or 'bf16'");
}

/** @throws {TensorRTError} ERR_TRT_ARG_UNKNOWN_OPTION, ERR_TRT_ARG_TYPE, ERR_TRT_ARG_VALUE */
export function checkQuantizeOptions<Feeds>(options: QuantizeOptions<Feeds>): void {
  checkTable('quantize', options, QUANTIZE);
}

/** Refuses options that a function does not have, and values that they cannot have. */
export function checkTable(
  caller: string,
  options: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
): void {
  rejectUnknownOptions(caller, options, Object.keys(checks));
  for (const [name, value] of Object.entries(options as object))
    if (value !== undefined) checks[name]!(name, value);
}

/** An implementation of linear algebra, whole: an object that lacks a function would fail after minutes. */
export const numericsCheck: OptionCheck = typed(
  'an implementation of Numerics such as nativeNumerics()',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(referenceNumerics).every(
      ([name, own]) => typeof (value as Record<string, unknown>)[name] === typeof own,
    ),
);

/** Who is told how far the work is. */
export const progressCheck: OptionCheck = typed('a function', isFunction);

/**
 * Refuses data that nothing can run a model on, and steps that there is no data for.
 *
 * @param needs - What is asked for that needs data, in words; false for nothing.
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE; ERR_TRT_QUANT_CALIBRATION
 */
export function checkCalibration(
  caller: string,
  { calibration, runner }: { readonly calibration?: unknown; readonly runner?: unknown },
  needs: string | false,
): void {
  if (calibration !== undefined && runner === undefined)
    throw contradiction(
      caller,
      'calibration needs a runner that runs models on it',
      'Pass runner: sessionRunner(), which runs them on the CPU.',
    );
  if (calibration === undefined && needs !== false)
    throw new TensorRTError(
      'ERR_TRT_QUANT_CALIBRATION',
      `There is no calibration data; it is needed for ${needs}.`,
    );
}

/** The error of options that contradict each other, or that lack another one. */
export function contradiction(caller: string, message: string, hint?: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Options of ${caller}: ${message}.`,
    hint === undefined ? {} : { hint },
  );
}
