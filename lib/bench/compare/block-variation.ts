// SPDX-License-Identifier: Apache-2.0
// How far a statistic of one measurement could have come out elsewhere, from the measurement alone.
//
// Latencies that follow each other depend on each other, so consecutive pieces are resampled, not calls. How long the
// pieces must be is not known: several lengths are tried and the one that says the most counts. Few long pieces vary
// too little (their mean is their own) and say too little about correlation beyond them; both are corrected for.

import type { LatencyBlock } from '../result';
import { createUniform } from '../../random';
import { LatencyTable } from './latency-table';
import type { BlockStatistic } from './metrics';
import { criticalT } from './student-t';

/** Pieces that a measurement is cut into, from short to long ones. */
const PIECES = [30, 15, 8] as const;
/** Pieces that are so few, and so long, that a correlation from one to the next counts. */
const LONG_PIECES = 15;
/** Fewer blocks with inferences than this are too few to tell anything. */
export const LEAST_BLOCKS = 8;
const DRAWS = 600;
const HIGHEST_CORRELATION = 0.85;

/** Where a statistic could have come out. */
export interface Variation {
  /** Differences of the logarithm of the statistic from the one of the measurement. */
  readonly deviations: Float64Array;
  /** Degrees of freedom: of how many pieces they tell, less one. */
  readonly freedom: number;
}

/**
 * Resamples the pieces of a measurement.
 *
 * @param blocks at least 8 with inferences
 * @returns one variation for each statistic
 * @see Künsch (1989), on resampling blocks; Hesterberg, "What Teachers Should Know About the Bootstrap" (2015), section
 *   3.2, on the correction for few pieces.
 */
export function blockVariations(
  blocks: readonly LatencyBlock[],
  statistics: readonly BlockStatistic[],
  seed: number,
): readonly Variation[] {
  const filled = blocks.filter(({ inferences }) => inferences > 0);
  const tables = PIECES.filter((pieces) => pieces <= filled.length).map(
    (pieces) => new LatencyTable(filled, pieces),
  );
  const bySize = tables.map((table, index) => resample(table, statistics, seed + index));
  return statistics.map((_, which) => widest(bySize.map((variations) => variations[which]!)));
}

function resample(table: LatencyTable, statistics: readonly BlockStatistic[], seed: number): Variation[] {
  const { groups } = table;
  const random = createUniform(seed);
  const weights = new Uint8Array(groups).fill(1);
  const measured = statistics.map((statistic) => table.statistic(statistic, weights));
  const variations = statistics.map(() => ({ deviations: new Float64Array(DRAWS), freedom: groups - 1 }));
  for (let draw = 0; draw < DRAWS; draw++) {
    weights.fill(0);
    for (let i = 0; i < groups; i++) weights[Math.floor(random() * groups)]! += 1;
    statistics.forEach((statistic, which) => {
      variations[which]!.deviations[draw] = Math.log(table.statistic(statistic, weights) / measured[which]!);
    });
  }
  statistics.forEach((statistic, which) => {
    const isLong = groups <= LONG_PIECES;
    const correlation = isLong ? correlationFactor(table.series(statistic)) : 1;
    const factor = Math.sqrt(groups / (groups - 1)) * correlation;
    const { deviations } = variations[which]!;
    deviations.forEach((deviation, i) => (deviations[i] = deviation * factor));
  });
  return variations;
}

/**
 * By how much the standard error of a mean is larger than that of independent values, for a series where each value
 * depends on the one before it. The estimate of the correlation is too low in short series; Kendall's correction is in.
 */
function correlationFactor(series: readonly number[]): number {
  const mean = series.reduce((sum, value) => sum + value, 0) / series.length;
  let squares = 0;
  let products = 0;
  series.forEach((value, i) => {
    squares += (value - mean) ** 2;
    if (i > 0) products += (value - mean) * (series[i - 1]! - mean);
  });
  if (squares === 0) return 1;
  const found = products / squares;
  const corrected = found + (1 + 3 * found) / series.length;
  const correlation = Math.min(HIGHEST_CORRELATION, Math.max(0, corrected));
  return Math.sqrt((1 + correlation) / (1 - correlation));
}

function widest(variations: readonly Variation[]): Variation {
  const width = ({ deviations, freedom }: Variation) =>
    Math.sqrt(deviations.reduce((sum, value) => sum + value * value, 0) / deviations.length) *
    criticalT(0.05, freedom);
  return variations.reduce((best, one) => (width(one) > width(best) ? one : best));
}
