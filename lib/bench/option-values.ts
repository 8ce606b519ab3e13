// SPDX-License-Identifier: Apache-2.0
// Checks of single values, with one form of message: what was expected, for which option, what came.

import { TensorRTError } from '../errors';
import { didYouMean } from '../text/nearest-name';

/** Checks the value of one option. */
export type ValueCheck = (name: string, value: unknown) => void;

/** The error for a value that an option cannot have: of the wrong type, or out of range. */
export function invalid(
  name: string,
  value: unknown,
  expected: string,
  { hint, isType = false }: { hint?: string | undefined; isType?: boolean } = {},
): TensorRTError {
  const code = isType ? 'ERR_TRT_ARG_TYPE' : 'ERR_TRT_ARG_VALUE';
  return new TensorRTError(code, `Option "${name}" must be ${expected}, not ${show(value)}.`, {
    ...(hint === undefined ? {} : { hint }),
    details: { option: name, expected, received: show(value) },
  });
}

/**
 * Refuses what is no object, and names that are not known.
 *
 * @param hint - What is meant, where that is known; no nearest name is guessed then.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, or `ERR_TRT_ARG_UNKNOWN_OPTION` naming the nearest one.
 */
export function rejectUnknown(
  where: string,
  options: unknown,
  known: readonly string[],
  { hint }: { hint?: string | undefined } = {},
): void {
  const advice = hint === undefined ? {} : { hint };
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `Expected the ${where} as an object, not ${show(options)}.`,
      advice,
    );
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_UNKNOWN_OPTION',
    `There is no option "${unknown}" among the ${where}.${hint === undefined ? didYouMean(unknown, known) : ''}`,
    { ...advice, details: { option: unknown, known } },
  );
}

/** Bounds of a number; `above` is not allowed itself. */
export interface NumberRange {
  readonly least?: number;
  readonly above?: number;
  readonly most: number;
  readonly unit: string;
}

/** A number between bounds; neither NaN nor infinite. */
export function number({ least = -Infinity, above = -Infinity, most, unit }: NumberRange): ValueCheck {
  const from = above > -Infinity ? `above ${above}` : `from ${least}`;
  const expected = `a number of ${unit} ${from} and up to ${most}`;
  return (name, value) => {
    if (typeof value !== 'number') throw invalid(name, value, expected, { isType: true });
    if (!(value >= least && value > above && value <= most)) throw invalid(name, value, expected);
  };
}

/** A whole number between bounds. */
export function integer(least: number, most: number): ValueCheck {
  const expected = `a whole number from ${least} to ${most}`;
  return (name, value) => {
    if (typeof value !== 'number') throw invalid(name, value, expected, { isType: true });
    if (!Number.isSafeInteger(value) || value < least || value > most) throw invalid(name, value, expected);
  };
}

/** True or false. */
export function flag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw invalid(name, value, 'true or false', { isType: true });
}

/** One of several words. */
export function oneOf(...words: readonly string[]): ValueCheck {
  const expected = words.map((word) => `'${word}'`).join(', ');
  return (name, value) => {
    if (typeof value !== 'string') throw invalid(name, value, `one of ${expected}`, { isType: true });
    if (!words.includes(value)) {
      const hint = didYouMean(value, words).trim();
      throw invalid(name, value, `one of ${expected}`, hint === '' ? {} : { hint });
    }
  };
}

/** A percentile that a distribution can have. */
export const percentile: ValueCheck = number({ above: 0, most: 100, unit: 'percent' });

/** An array, each item of which passes a check. */
export function list(check: ValueCheck): ValueCheck {
  return (name, value) => {
    if (!Array.isArray(value)) throw invalid(name, value, 'an array', { isType: true });
    value.forEach((item, index) => check(`${name}[${index}]`, item));
  };
}

/** A value as it stands in a message. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
