// SPDX-License-Identifier: Apache-2.0
import { Mapping } from './mapping';
import type { ValueStatistics } from './value-statistics';

/** So many halvings below the largest level, values count as zero: the smallest of 10 is a thousandth. */
const MOST_OCTAVES = 10;

/**
 * Logarithmic mapping: zero and `±t * 2^(-j * octaves / (n - 1))` for `j` from 0 to `n - 1`, with `n = 2^(b-1) - 1` levels
 * of each sign. The levels are close where most weights are and far apart at the ends, and the relative error is the
 * same everywhere.
 *
 * With `octaves = n - 1`, the default up to 4 bits, neighbours differ by a factor of two and `t` is the power of two
 * nearest to the largest value: a product is a shift then. With fewer octaves than that `t` is the largest value.
 *
 * @param octaves - Halvings from the largest level to the smallest. Default: `n - 1`, at most 10.
 * @see D. Miyashita, E. Lee, B. Murmann, Convolutional Neural Networks using Logarithmic Data Representation, 2016
 */
export function logarithmicLevels(
  { min, max }: ValueStatistics,
  bits: number,
  octaves = Math.min(2 ** (bits - 1) - 2, MOST_OCTAVES),
): Mapping {
  const count = 2 ** (bits - 1) - 1;
  const largest = Math.max(-min, max);
  if (largest === 0) return new Mapping([0]);
  const top = octaves === count - 1 ? 2 ** Math.round(Math.log2(largest)) : largest;
  const perLevel = count === 1 ? 0 : octaves / (count - 1);
  const sizes = Array.from({ length: count }, (_, j) => top * 2 ** (-j * perLevel));
  return new Mapping([...sizes.map((size) => -size), 0, ...sizes]);
}
