// SPDX-License-Identifier: Apache-2.0
import type { RangeHistogram } from './histogram';

/**
 * How the quantised range of a tensor is chosen from what was seen:
 * - `max` covers everything;
 * - `percentile` cuts off the largest 0.01 %;
 * - `mse` takes the range with the smallest mean squared error, cut-off and rounding together.
 */
export type CalibrationMethod = 'max' | 'percentile' | 'mse';

const SHARE = 0.9999;
const STEPS = 127;
/** Below a tenth of the largest value, steps would be finer than the bins that the error is computed from. */
const CUTS = Array.from({ length: 46 }, (_, index) => 1 - index * 0.02);

/** The absolute value at which a tensor saturates; 0 for one that was always zero. */
export function chooseAmplitude(histogram: RangeHistogram, method: CalibrationMethod): number {
  const { largest } = histogram;
  if (method === 'max' || largest === 0) return largest;
  // A tensor that is zero nearly everywhere has a percentile of nothing.
  if (method === 'percentile') return histogram.quantile(SHARE) || largest;
  let best = largest;
  let leastError = Infinity;
  for (const cut of CUTS) {
    const error = squaredError(histogram, cut * largest);
    if (error < leastError) [best, leastError] = [cut * largest, error];
  }
  return best;
}

function squaredError(histogram: RangeHistogram, amplitude: number): number {
  const scale = amplitude / STEPS;
  let sum = 0;
  histogram.forEachBin((size, count) => {
    const quantized = Math.min(STEPS, Math.round(size / scale)) * scale;
    sum += count * (size - quantized) ** 2;
  });
  return sum;
}
