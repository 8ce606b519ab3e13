// SPDX-License-Identifier: Apache-2.0
// Levels at even distances: they differ in what the ends are.

import type { ValueStatistics } from './value-statistics';
import { Mapping } from './mapping';

/**
 * Uniform quantisation around zero: `s * q` for the whole numbers `q` from `-(2^(b-1) - 1)` to `2^(b-1) - 1`, with
 * `s = max|x| / (2^(b-1) - 1)`. Zero is a level; the lowest code is left out so that the range is symmetric.
 *
 * @see B. Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018
 */
export function symmetricLevels({ min, max }: ValueStatistics, bits: number): Mapping {
  const half = 2 ** (bits - 1) - 1;
  const scale = Math.max(-min, max) / half;
  return new Mapping(Array.from({ length: 2 * half + 1 }, (_, code) => (code - half) * scale));
}

/**
 * Uniform quantisation with a zero point: `s * (q - z)` for `q` from 0 to `2^b - 1`, with `s = (max - min) / (2^b - 1)`
 * and `z = round(-min / s)`, over a range that is widened to hold zero, which is a level.
 *
 * @see B. Jacob et al., as above, section 2.1
 */
export function asymmetricLevels({ min, max }: ValueStatistics, bits: number): Mapping {
  const low = Math.min(min, 0);
  const high = Math.max(max, 0);
  const scale = (high - low) / (2 ** bits - 1);
  const zeroPoint = scale === 0 ? 0 : Math.round(-low / scale);
  return new Mapping(Array.from({ length: 2 ** bits }, (_, code) => (code - zeroPoint) * scale));
}

/** Linear mapping: `min + q * (max - min) / (2^b - 1)`. Both ends are levels, zero is one by chance. */
export function linearLevels({ min, max }: ValueStatistics, bits: number): Mapping {
  const last = 2 ** bits - 1;
  return new Mapping(
    Array.from({ length: last + 1 }, (_, code) => (min * (last - code) + max * code) / last),
  );
}

/**
 * Mapping normalised by mean and variance: `z = (x - mean) / deviation` is cut to `-k..k` and mapped linearly to `2^b`
 * levels; the levels are `mean + deviation * k * (2 q / (2^b - 1) - 1)`.
 */
export function normalizedLevels(
  { mean, deviation }: ValueStatistics,
  bits: number,
  sigmas: number,
): Mapping {
  const last = 2 ** bits - 1;
  const reach = deviation * sigmas;
  return new Mapping(Array.from({ length: last + 1 }, (_, code) => mean + reach * ((2 * code) / last - 1)));
}
