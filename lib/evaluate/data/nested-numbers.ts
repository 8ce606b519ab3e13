// SPDX-License-Identifier: Apache-2.0
import { dataError } from './data-error';

/** Numbers with their dims. */
export interface NestedNumbers {
  readonly values: readonly number[];
  readonly dims: readonly number[];
}

/**
 * Lists in lists as a tensor: `[[1, 2], [3, 4]]` has dims `[2, 2]`. NaN and infinity have no form in JSON: null stands for
 * neither.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` for lists of different lengths, and for what is no number
 */
export function flattenNumbers(value: unknown, where: string): NestedNumbers {
  const dims: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0] as unknown) dims.push(inner.length);
  const values: number[] = [];
  collect(value, dims, 0, { values, where });
  return { values, dims };
}

function collect(
  value: unknown,
  dims: readonly number[],
  depth: number,
  to: { readonly values: number[]; readonly where: string },
): void {
  if (depth === dims.length) {
    if (typeof value !== 'number')
      throw dataError(
        `${to.where}: expected a number at place ${to.values.length}, got ${JSON.stringify(value)}.`,
      );
    to.values.push(value);
    return;
  }
  if (!Array.isArray(value) || value.length !== dims[depth])
    throw dataError(`${to.where}: lists at depth ${depth + 1} must all have ${dims[depth]} entries.`);
  for (const inner of value) collect(inner, dims, depth + 1, to);
}
