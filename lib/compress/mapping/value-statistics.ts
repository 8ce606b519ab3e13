// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';

/** What mappings need to know of the values that they are made for. */
export interface ValueStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Square root of the mean squared distance from the mean. */
  readonly deviation: number;
}

/**
 * Statistics of values, summed up in double precision.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_WEIGHTS for values that are not finite, or none at all
 */
export function describeValues(values: ArrayLike<number>, name = 'values'): ValueStatistics {
  let [min, max, sum] = [Infinity, -Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) throw notFinite(name, value, i);
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  if (values.length === 0)
    throw new TensorRTError('ERR_TRT_QUANT_WEIGHTS', `"${name}" has no values to map.`, {
      details: { name },
    });
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return { min, max, mean, deviation: Math.sqrt(squares / values.length) };
}

function notFinite(name: string, value: number, position: number): TensorRTError {
  const message = `"${name}" holds ${value} at position ${position}: only finite values can be mapped.`;
  return new TensorRTError('ERR_TRT_QUANT_WEIGHTS', message, {
    details: { name, position, value: String(value) },
  });
}
