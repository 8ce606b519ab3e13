// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { clustersOf } from '../../numerics/k-means';
import { asymmetricLevels, linearLevels, normalizedLevels, symmetricLevels } from './even-levels';
import { logarithmicLevels } from './logarithmic-levels';
import { MOST_LEVELS, Mapping } from './mapping';
import { describeValues, type ValueStatistics } from './value-statistics';

/**
 * How levels are placed:
 * - `uniform`: at even distances, zero among them;
 * - `linear`: at even distances from the smallest value to the largest;
 * - `logarithmic`: zero and magnitudes with even distances of their logarithms;
 * - `normalized`: at even distances around the mean, up to some standard deviations;
 * - `kmeans`: where the squared error is smallest.
 */
export type MappingKind = 'uniform' | 'linear' | 'logarithmic' | 'normalized' | 'kmeans';

/** All kinds. */
export const MAPPING_KINDS: readonly MappingKind[] = [
  'uniform',
  'linear',
  'logarithmic',
  'normalized',
  'kmeans',
];

/** Which levels values are mapped to. */
export interface MappingOptions {
  /** How the levels lie. */
  readonly mapping: MappingKind;
  /** Bits of a code, 2 to 8. Default 8. */
  readonly bits?: number;
  /** Levels of `kmeans`, 2 to 256. Default: as many as the bits can tell apart. */
  readonly levels?: number;
  /** For `uniform`: false gives it a zero point and so the range that the values have. Default true. */
  readonly symmetric?: boolean;
  /** For `normalized`: standard deviations from the mean to the ends. Default: of ten widths the one with the smallest error. */
  readonly sigmas?: number;
  /** For `logarithmic`: halvings from the largest level to the smallest, above 0. Default: one a level, at most 10. */
  readonly octaves?: number;
  /** For `kmeans`: of its random starts. Default 1. */
  readonly seed?: number;
}

/**
 * Makes a mapping for values. It decodes to between their extremes, but for logarithmic levels that are powers of two, the
 * largest of which may be up to 1.42 times the largest value.
 *
 * @param name - What messages call the values.
 * @throws {TensorRTError} ERR_TRT_QUANT_WEIGHTS for values that are not finite; ERR_TRT_ARG_VALUE for numbers of levels,
 * bits, deviations or octaves that are not possible
 * @example
 * const mapping = createMapping(weights, { mapping: 'kmeans', bits: 4 });
 * const codes = mapping.encode(weights); // 0..15
 * const restored = mapping.decode(codes);
 */
export function createMapping(values: ArrayLike<number>, options: MappingOptions, name?: string): Mapping {
  const { mapping, bits = 8, levels = 2 ** bits, symmetric = true, seed = 1 } = options;
  requireWhole('bits', bits, [2, 8]);
  requireWhole('levels', levels, [2, MOST_LEVELS]);
  requirePositive('sigmas', options.sigmas);
  requirePositive('octaves', options.octaves);
  const statistics = describeValues(values, name);
  switch (mapping) {
    case 'uniform':
      return symmetric ? symmetricLevels(statistics, bits) : asymmetricLevels(statistics, bits);
    case 'linear':
      return linearLevels(statistics, bits);
    case 'logarithmic':
      return logarithmicLevels(statistics, bits, options.octaves);
    case 'normalized':
      return normalizedLevels(statistics, bits, options.sigmas ?? bestSigmas(values, statistics, bits));
    case 'kmeans':
      return new Mapping(clustersOf(Float32Array.from(values), { clusters: levels, seed }).centers);
    default:
      throw new TensorRTError(
        'ERR_TRT_ARG_VALUE',
        `Expected a mapping of ${MAPPING_KINDS.join(', ')}, got ${JSON.stringify(mapping)}.`,
      );
  }
}

const SIGMAS = [1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6];

/** The width with the smallest squared error; that of all values is among those tried. */
function bestSigmas(values: ArrayLike<number>, statistics: ValueStatistics, bits: number): number {
  const { min, max, mean, deviation } = statistics;
  const widest = deviation === 0 ? 1 : Math.max(max - mean, mean - min) / deviation;
  const tried = [...SIGMAS.filter((sigmas) => sigmas < widest), widest];
  let [best, least] = [widest, Infinity];
  for (const sigmas of tried) {
    const mapping = normalizedLevels(statistics, bits, sigmas);
    const codes = mapping.encode(values);
    let error = 0;
    for (let i = 0; i < codes.length; i++) error += (values[i]! - mapping.levels[codes[i]!]!) ** 2;
    if (error < least) [best, least] = [sigmas, error];
  }
  return best;
}

function requireWhole(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const message = `Expected a whole number from ${least} to ${most} for \`${name}\`, got ${String(value)}.`;
  throw new TensorRTError('ERR_TRT_ARG_VALUE', message, { details: { name, value } });
}

function requirePositive(name: string, value: number | undefined): void {
  if (value === undefined || (value > 0 && value < Infinity)) return;
  const message = `Expected a number above 0 for \`${name}\`, got ${String(value)}.`;
  throw new TensorRTError('ERR_TRT_ARG_VALUE', message, { details: { name, value } });
}
