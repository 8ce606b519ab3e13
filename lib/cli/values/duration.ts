// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../args/usage-error';

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a duration like `3s`, `500ms`, `1.5min` or `1h`, in milliseconds.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for anything else; a bare number is refused because tools differ on
 * its unit.
 */
export function parseDurationMs(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|min|m|h)$/.exec(text.trim());
  if (match === null) {
    const bare = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*$/.exec(text)?.[1];
    if (bare !== undefined)
      throw usageError(
        `${option} expects a duration with its unit, but ${text} has none.`,
        `Write ${option} ${bare}s for seconds or ${option} ${bare}ms for milliseconds.`,
      );
    if (/^\s*-/.test(text)) throw usageError(`${option}: a duration cannot be negative, but got '${text}'.`);
    throw usageError(
      `${option} expects a duration with its unit, but got '${text}'.`,
      `Write for example ${option} 3s or ${option} 500ms.`,
    );
  }
  return Number(match[1]) * MS_PER_UNIT[match[2]!]!;
}

/**
 * The same for a duration that must not be zero.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parsePositiveDurationMs(text: string, option: string): number {
  const milliseconds = parseDurationMs(text, option);
  if (milliseconds === 0)
    throw usageError(`${option} expects a duration above zero, but got '${text}'.`, `Write ${option} 1ms`);
  return milliseconds;
}
