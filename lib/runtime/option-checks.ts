// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { didYouMean } from '../text/nearest-name';

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
