// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { entropyAmplitude } from './entropy';
import type { RangeHistogram } from './histogram';

/**
 * How the quantised range of a tensor is chosen from what was seen:
 * - `max` covers everything;
 * - `percentile` cuts off the largest 0.01 %, or as much as is said;
 * - `mse` takes the range with the smallest mean squared error, cut-off and rounding together;
 * - `entropy` takes the range that keeps most information (Kullback-Leibler).
 */
export type CalibrationMethod = 'max' | 'percentile' | 'mse' | 'entropy';

/** All methods. */
export const CALIBRATION_METHODS: readonly CalibrationMethod[] = ['max', 'percentile', 'mse', 'entropy'];

/** Numbers that methods can be told. */
export interface AmplitudeOptions {
  /** Share of values in percent that `percentile` covers, above 0 to 100. Default 99.99. */
  readonly percentile?: number;
  /** Steps of one sign that `mse` rounds to. Default 127. */
  readonly steps?: number;
}

/** Of the largest value: evenly down to a fifth, then by a tenth each to a fiftieth. */
const CUTS = [
  ...Array.from({ length: 41 }, (_, index) => 1 - index * 0.02),
  ...Array.from({ length: 22 }, (_, index) => Math.max(0.02, 0.2 * 0.9 ** (index + 1))),
];

/**
 * The absolute value at which a tensor saturates; 0 for one that was always zero, the value itself for one that was
 * always the same.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a percentile that is none
 */
export function chooseAmplitude(
  histogram: RangeHistogram,
  method: CalibrationMethod,
  { percentile = 99.99, steps = 127 }: AmplitudeOptions = {},
): number {
  if (!(percentile > 0 && percentile <= 100)) throw noPercentile(percentile);
  const { largest } = histogram;
  if (method === 'max' || largest === 0 || histogram.isConstant) return largest;
  // A tensor that is zero nearly everywhere has a percentile of nothing.
  if (method === 'percentile') return percentile === 100 ? largest : percentileOf(histogram, percentile);
  if (method === 'entropy') return entropyAmplitude(histogram);
  const used = Math.floor(largest / histogram.width) + 1;
  const counts = histogram.counts().subarray(0, used);
  let best = largest;
  let leastError = Infinity;
  for (const cut of CUTS) {
    const error = squaredError(counts, (cut * largest) / steps / histogram.width, steps);
    if (error < leastError) [best, leastError] = [cut * largest, error];
  }
  return best;
}

function percentileOf(histogram: RangeHistogram, percentile: number): number {
  const amplitude = histogram.quantile(percentile / 100);
  // Inside the first bin nothing tells the values from zeros.
  return amplitude <= histogram.width ? histogram.largest : amplitude;
}

/**
 * Squared error of all values when they are rounded to steps of a scale, both in widths of a bin, as if values were spread
 * evenly inside each bin but for the first, which is all zeros. It is an integral, not a sum over samples: bins may be
 * wider than the steps.
 */
function squaredError(counts: Float64Array, scale: number, steps: number): number {
  let sum = 0;
  let before = integralOfError(1 / scale, steps);
  for (let i = 1; i < counts.length; i++) {
    const after = integralOfError((i + 1) / scale, steps);
    sum += counts[i]! * (after - before);
    before = after;
  }
  return sum * scale ** 3;
}

/** Integral from 0 to `x`, which is not negative, of `(t - q(t))^2`, where `q` rounds to whole numbers up to `steps`. */
function integralOfError(x: number, steps: number): number {
  const nearest = Math.floor(x + 0.5);
  const whole = nearest < steps ? nearest : steps;
  const rest = x - whole;
  // Math.pow is many times slower than two products.
  return whole / 12 + (rest * rest * rest) / 3;
}

function noPercentile(percentile: number): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Expected a percentile above 0 and up to 100, got ${String(percentile)}.`,
    { details: { percentile } },
  );
}
