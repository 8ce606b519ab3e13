// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from './errors';
import { didYouMean } from './text/nearest-name';

/**
 * Refuses anything but a plain options object with known names.
 *
 * @param caller - Name of the function, for the message.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, or `ERR_TRT_ARG_UNKNOWN_OPTION` naming the nearest option.
 */
export function rejectUnknownOptions(caller: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `${caller}() takes its options as an object, not ${describeType(options)}.`,
    );
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_UNKNOWN_OPTION',
    `${caller}() has no option "${unknown}".${didYouMean(unknown, known)}`,
    { details: { option: unknown, known } },
  );
}

/** Checks the value of one option; throws `ERR_TRT_ARG_TYPE` or `ERR_TRT_ARG_VALUE`. */
export type OptionCheck = (name: string, value: unknown) => void;

/** A value's type in words: `'null'`, `'an array'`, `'a number'`, `'Float32Array'`. */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name && name !== 'Object' ? name : 'an object';
  }
  return `a ${typeof value}`;
}

/** The `ERR_TRT_ARG_TYPE` of an option. */
export function typeError(name: string, value: unknown, expected: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_TYPE',
    `Option "${name}" must be ${expected}, not ${describeType(value)}.`,
    {
      details: { option: name, expected, received: describeType(value) },
    },
  );
}

/** The `ERR_TRT_ARG_VALUE` of an option. */
export function valueError(name: string, value: unknown, expected: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Option "${name}" must be ${expected}, not ${JSON.stringify(value) ?? String(value)}.`,
    {
      details: { option: name, expected, received: value },
    },
  );
}

/** A value that a function knows. */
export function typed(expected: string, isRight: (value: unknown) => boolean): OptionCheck {
  return (name, value) => {
    if (!isRight(value)) throw typeError(name, value, expected);
  };
}

/** One of several words. */
export function oneOf(...allowed: readonly string[]): OptionCheck {
  return (name, value) => {
    const expected = `one of ${allowed.map((word) => `'${word}'`).join(', ')}`;
    if (typeof value !== 'string') throw typeError(name, value, expected);
    if (!allowed.includes(value)) throw valueError(name, value, expected);
  };
}

/** A whole number between bounds. */
export function integer(min: number, max: number): OptionCheck {
  return (name, value) => {
    const expected =
      max === Number.MAX_SAFE_INTEGER
        ? `a whole number of at least ${min}`
        : `a whole number from ${min} to ${max}`;
    if (typeof value !== 'number') throw typeError(name, value, expected);
    if (!Number.isSafeInteger(value) || value < min || value > max)
      throw valueError(name, Number.isFinite(value) ? value : String(value), expected);
  };
}

/** True or false. */
export function flag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw typeError(name, value, 'true or false');
}

/** A path that could exist. */
export function path(name: string, value: unknown): void {
  if (typeof value !== 'string') throw typeError(name, value, 'a path');
  if (value === '' || value.includes('\0')) throw valueError(name, value, 'a path');
}

/** True for an object with fields by name. */
export function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
