// SPDX-License-Identifier: Apache-2.0
import type { Interval } from '../result';
import type { Variation } from './block-variation';
import { criticalT, twoSidedProbability } from './student-t';

/** Confidence of the intervals. */
export const CONFIDENCE = 0.95;
/** The probability below which a change counts as seen. */
export const SIGNIFICANCE = 1 - CONFIDENCE;

/**
 * Standard deviation of the logarithm of a latency from process to process, which no look inside one process can see:
 * where memory lies, what else was warm. It widens the interval of a comparison of two measurements.
 */
const PROCESS_NOISE = 0.004;
/** How often each deviation of one side is paired with one of the other. */
const PAIRINGS = 3;

/** How sure a change is; of logarithms. */
export interface Judgement {
  readonly change: number;
  readonly interval: Interval;
  readonly pValue: number;
}

/**
 * Judges the change between two measurements by the variation within each.
 *
 * @param moreHalfWidth what the interval is wider by because of measurements that did not settle
 */
export function judgeVariations(
  change: number,
  [a, b]: readonly [Variation, Variation],
  moreHalfWidth = 0,
): Judgement {
  const freedom = Math.min(a.freedom, b.freedom);
  const critical = criticalT(SIGNIFICANCE, freedom);
  const [below, above] = reach(pairDifferences(a.deviations, b.deviations), critical);
  const processes = critical * PROCESS_NOISE * Math.SQRT2;
  const interval = {
    low: change - Math.hypot(below, processes, moreHalfWidth),
    high: change + Math.hypot(above, processes, moreHalfWidth),
  };
  const towardsZero = change > 0 ? change - interval.low : interval.high - change;
  const t = (Math.abs(change) / towardsZero) * critical;
  return { change, interval, pValue: twoSidedProbability(t, freedom) };
}

/**
 * Judges the change over rounds of one measurement of each side: Student's t interval of the mean.
 *
 * @param changes at least 2; of logarithms
 */
export function judgeRounds(changes: readonly number[]): Judgement {
  const rounds = changes.length;
  const change = changes.reduce((sum, value) => sum + value, 0) / rounds;
  const squares = changes.reduce((sum, value) => sum + (value - change) ** 2, 0);
  const error = Math.sqrt(squares / (rounds - 1) / rounds);
  const half = criticalT(SIGNIFICANCE, rounds - 1) * error;
  const t = change === 0 ? 0 : Math.abs(change) / error; // without end where all rounds say the same
  return {
    change,
    interval: { low: change - half, high: change + half },
    pValue: twoSidedProbability(t, rounds - 1),
  };
}

/**
 * Holm's adjustment: of all that are called seen, with the adjusted probabilities, one or more is wrong in 5 of 100
 * comparisons at most.
 *
 * @returns in the order of `pValues`
 * @see S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979)
 */
export function adjustForMany(pValues: readonly number[]): number[] {
  const adjusted = new Array<number>(pValues.length);
  const order = [...pValues.keys()].sort((i, j) => pValues[i]! - pValues[j]!);
  let least = 0;
  order.forEach((which, rank) => {
    least = Math.max(least, Math.min(1, pValues[which]! * (pValues.length - rank)));
    adjusted[which] = least;
  });
  return adjusted;
}

/** Differences of a draw of B and a draw of A, rising. */
function pairDifferences(a: Float64Array, b: Float64Array): Float64Array {
  const differences = new Float64Array(a.length * PAIRINGS);
  for (let i = 0; i < differences.length; i++) {
    const shift = Math.floor(i / a.length) * 131;
    differences[i] = b[(i + shift) % b.length]! - a[i % a.length]!;
  }
  return differences.sort();
}

/**
 * How far the change may lie below and above the measured one: the percentiles of the draws that a normal distribution
 * has at `critical` standard deviations (Hesterberg's expanded percentile interval).
 */
function reach(differences: Float64Array, critical: number): [number, number] {
  const tail = Math.floor(normalTail(critical) * differences.length);
  const low = differences[tail]!;
  const high = differences[differences.length - 1 - tail]!;
  return [Math.max(0, -low), Math.max(0, high)];
}

/** Probability that a normal value exceeds `z`: that of Student's t with freedom without end. */
function normalTail(z: number): number {
  return twoSidedProbability(z, 1e6) / 2;
}
