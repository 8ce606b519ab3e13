// SPDX-License-Identifier: Apache-2.0
import { chooseAmplitude, type AmplitudeOptions, type CalibrationMethod } from './amplitude';
import type { RangeHistogram } from './histogram';

/** What a tensor was seen to hold. */
export interface TensorRange {
  /** The smallest value. */
  readonly min: number;
  /** The largest value. */
  readonly max: number;
  /** The absolute value at which it saturates when it is quantised. */
  readonly amplitude: number;
}

/** Ranges by the names of tensors. */
export type TensorRanges = Readonly<Record<string, TensorRange>>;

/** The range of each tensor by one method; nothing is run for it. */
export function chooseRanges(
  histograms: ReadonlyMap<string, RangeHistogram>,
  method: CalibrationMethod,
  options: AmplitudeOptions = {},
): TensorRanges {
  const ranges = [...histograms].map(([name, histogram]) => {
    const { min, max } = histogram;
    return [name, { min, max, amplitude: chooseAmplitude(histogram, method, options) }] as const;
  });
  // Names are the model's: one of them may be "__proto__", which an assignment would lose.
  return Object.fromEntries(ranges);
}
