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

/** Reads a share: `0.5%` or `0.005`, 0 to 1. */
export function parseShare(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim());
  const value = match === null ? NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  // 0.5 may be half a percent or half of all: it has to be said.
  const isClear = match?.[2] === '%' || value < 0.1;
  if (value >= 0 && value <= 1 && isClear) return value;
  throw usageError(
    `${option} expects a share such as 0.5% or 0.005, but got '${text}'.`,
    match !== null && match[2] === '' ? `Write ${text}% if you mean percent.` : undefined,
  );
}

/** Makes a reader of numbers between `min` and `max`. */
export function parseNumberBetween(min: number, max: number): (text: string, option: string) => number {
  return (text, option) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (value >= min && value <= max) return value;
    throw usageError(`${option} expects a number from ${min} to ${max}, but got '${text}'.`);
  };
}
