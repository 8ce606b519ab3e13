// SPDX-License-Identifier: Apache-2.0
import { isPlainObject } from '../option-checks';
import { optionTypeError } from './upstream-error';

/**
 * Flattens the option `extra` into ONNX Runtime's configuration entries:
 * `{ session: { disable_prepacking: '1' } }` is `{ 'session.disable_prepacking': '1' }`.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`
 */
export function flattenExtra(extra: unknown): Record<string, string> {
  if (extra === undefined) return {};
  if (!isPlainObject(extra)) throw optionTypeError('sessionOptions.extra', 'an object');
  const entries: Record<string, string> = {};
  collect(extra as object, '', entries);
  return entries;
}

function collect(object: object, prefix: string, entries: Record<string, string>): void {
  for (const [name, value] of Object.entries(object)) {
    const key = prefix + name;
    if (isPlainObject(value)) collect(value as object, `${key}.`, entries);
    else if (typeof value === 'string') entries[key] = value;
    else
      throw optionTypeError('sessionOptions.extra value', `a string in Node.js binding, but "${key}" is not`);
  }
}
