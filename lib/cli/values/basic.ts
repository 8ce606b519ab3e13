// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../args/usage-error';

/** Reads any text. */
export function parseText(text: string, option: string): string {
  if (text === '') throw usageError(`${option} expects a value, but got an empty one.`);
  return text;
}

/** Makes a reader of whole numbers between `min` and `max`. */
export function parseInteger(
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): (text: string, option: string) => number {
  return (text, option) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
      throw usageError(`${option} expects a whole number ${range}, but got '${text}'.`);
    }
    return value;
  };
}

/** Makes a reader of one of some words. */
export function parseChoice<const T extends string>(
  ...choices: readonly T[]
): (text: string, option: string) => T {
  return (text, option) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) {
      throw usageError(`${option} expects one of ${choices.join(', ')}, but got '${text}'.`);
    }
    return found;
  };
}

/** Makes a reader of comma-separated lists. */
export function parseList<T>(
  parseItem: (text: string, option: string) => T,
): (text: string, option: string) => readonly T[] {
  return (text, option) => text.split(',').map((item) => parseItem(item.trim(), option));
}
