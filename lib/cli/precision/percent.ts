// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../args/usage-error';

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
export function parseNumber(min: number, max: number): (text: string, option: string) => number {
  return (text, option) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (value >= min && value <= max) return value;
    throw usageError(`${option} expects a number from ${min} to ${max}, but got '${text}'.`);
  };
}
