// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../args/usage-error';

/** A symbol of the model and its range. */
export type DynamicAxis = readonly [symbol: string, range: readonly [number, number, number] | number];

/**
 * Reads `batch=1,8,32` (minimum, optimum, maximum) or `batch=8` (all three).
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function parseDynamicAxis(text: string, option: string): DynamicAxis {
  const match = /^(.+)=(\d+)(?:,(\d+),(\d+))?$/.exec(text.trim());
  if (match === null) {
    throw usageError(
      `${option} expects symbol=min,opt,max, but got '${text}'.`,
      `Write for example ${option} batch=1,8,32 (or ${option} batch=8 for one size).`,
    );
  }
  const first = Number(match[2]);
  const symbol = match[1]!;
  return [symbol, match[3] === undefined ? first : [first, Number(match[3]), Number(match[4])]];
}

/**
 * The axes of all `--dynamic-axes`, as the builder takes them.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` if two of them name the same symbol.
 */
export function collectAxes(axes: readonly DynamicAxis[]): Record<string, DynamicAxis[1]> {
  const twice = axes.find(([symbol], index) => axes.findIndex(([other]) => other === symbol) !== index);
  if (twice !== undefined) throw usageError(`--dynamic-axes names '${twice[0]}' twice.`);
  return Object.fromEntries(axes);
}
