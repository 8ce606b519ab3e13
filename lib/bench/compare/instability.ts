// SPDX-License-Identifier: Apache-2.0
import type { BenchResult, BenchWindow } from '../result';
import type { BenchSettings } from '../settings';
import type { Comparison, UnstableSide } from './comparison';
import { SIGNIFICANCE } from './judgement';
import { criticalT } from './student-t';

/** Pieces of a measurement that is too short for windows. */
const PIECES = 8;

/**
 * How far the level of a measurement that did not settle could have come out elsewhere, as the half width of an interval
 * of its logarithm; 0 where it settled.
 *
 * Pieces of such a measurement have levels of their own, and the next one will have another: resampling, which takes all
 * pieces for draws of one level, says too little. The deviation of the windows' levels, not that of their mean, is what
 * the level of a measurement is known by.
 */
export function levelHalfWidth(result: BenchResult): number {
  if (result.stable) return 0;
  const levels = levelsOf(result);
  if (levels.every((values) => values.length < 2)) return Infinity;
  return Math.max(...levels.map((values) => criticalT(SIGNIFICANCE, values.length - 1) * deviation(values)));
}

/** Logarithms of the windows' latencies and rates; of pieces where there are no two windows. */
function levelsOf({ windows, blocks, settings }: BenchResult): number[][] {
  if (windows.length >= 2) return numbersOf(windows, settings).map((values) => values.map(Math.log));
  const filled = blocks.filter(({ inferences }) => inferences > 0);
  const pieces = Array.from({ length: PIECES }, () => ({ sum: 0, count: 0 }));
  filled.forEach(({ meanMs, inferences }, i) => {
    const piece = pieces[Math.floor((i * PIECES) / filled.length)]!;
    piece.sum += meanMs * inferences;
    piece.count += inferences;
  });
  return [pieces.filter(({ count }) => count > 0).map(({ sum, count }) => Math.log(sum / count))];
}

/** What stability is judged by. Elsewhere than in a closed loop the rate is the schedule's. */
function numbersOf(windows: readonly BenchWindow[], { load }: BenchSettings): number[][] {
  const latencies = windows.map(({ judgedLatencyMs }) => judgedLatencyMs);
  const rates = windows.map(({ inferencesPerSecond }) => inferencesPerSecond);
  return load.kind === 'closed' ? [latencies, rates] : [latencies];
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Counts the measurements of each side that did not settle; undefined where all did. */
export function countUnstable(
  a: readonly BenchResult[],
  b: readonly BenchResult[],
): NonNullable<Comparison['unstable']> | undefined {
  const [ofA, ofB] = [countSide(a), countSide(b)];
  if (ofA === undefined && ofB === undefined) return undefined;
  return { ...(ofA !== undefined && { a: ofA }), ...(ofB !== undefined && { b: ofB }) };
}

function countSide(results: readonly BenchResult[]): UnstableSide | undefined {
  const unstable = results.filter(({ stable }) => !stable);
  if (unstable.length === 0) return undefined;
  const apart = unstable.map(apartPercent).filter((percent) => percent !== null);
  return {
    measurements: unstable.length,
    of: results.length,
    apartPercent: apart.length === 0 ? null : Math.max(...apart),
  };
}

/** Of the last three windows, which are those that stability is judged by. */
function apartPercent({ windows, settings }: BenchResult): number | null {
  const last = windows.slice(-3);
  const apart = numbersOf(last, settings).map(
    (values) => (Math.max(...values) / Math.min(...values) - 1) * 100,
  );
  const most = Math.max(...apart);
  return last.length < 2 || !Number.isFinite(most) ? null : most;
}

/** One sentence for each side that has measurements which did not settle. */
export function unstableSentences(
  unstable: NonNullable<Comparison['unstable']>,
  method: Comparison['method'],
): string[] {
  const noun = method === 'interleaved' ? 'rounds' : 'measurements';
  return (['a', 'b'] as const).flatMap((side) => {
    const found = unstable[side];
    if (found === undefined) return [];
    const { measurements, of, apartPercent: percent } = found;
    const count = of === 1 ? 'the measurement is' : `${measurements} of ${of} ${noun} are`;
    const apart = percent === null ? '' : ` (windows up to ${percent.toFixed(0)} % apart)`;
    return [`${side.toUpperCase()}: ${count} not stable${apart}: intervals are wider for it; measure longer`];
  });
}
