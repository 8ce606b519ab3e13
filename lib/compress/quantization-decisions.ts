// SPDX-License-Identifier: Apache-2.0
import type { CalibrationMethod } from './calibrate/amplitude';
import type { TensorRanges } from './calibrate/choose-ranges';

/**
 * All that calibration found out: with it the same model is quantised in the same way again, and no data is needed.
 * It is plain JSON.
 */
export interface QuantizationDecisions {
  /** Strength of the equalisation, null for none. */
  readonly exponent: number | null;
  /** True if the equalisation inserted multiplications. */
  readonly multiplications: boolean;
  /** Largest absolute value of each channel of the tensors that were equalised. */
  readonly channelMaxima: Readonly<Record<string, readonly number[]>>;
  /** Ranges of the activations, after equalisation. */
  readonly ranges: TensorRanges;
  /** How the ranges were chosen; `given` where the caller had them. */
  readonly method: CalibrationMethod | 'mixed' | 'given';
  /** True if layers were quantised that are too small for INT8 to be faster. */
  readonly smallLayers: boolean;
  /** Largest absolute values of tensors that FP16 is not wide enough for, where it computes the rest. */
  readonly largest?: Readonly<Record<string, number>>;
  /** Nodes that stay in floating point to keep the bound. */
  readonly keptForBound: readonly string[];
}
