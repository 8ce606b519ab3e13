// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../args/usage-error';

/**
 * Reads any finite number: `0.5`, `1e-3`.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseNumber(text: string, option: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw usageError(`${option} expects a number, but got '${text}'.`);
}

/** Reads a number that is not negative. */
export function parsePositive(text: string, option: string): number {
  const value = parseNumber(text, option);
  if (value >= 0) return value;
  throw usageError(`${option} expects a number of 0 or more, but got '${text}'.`);
}
