// SPDX-License-Identifier: Apache-2.0
import type { BenchResult, Interval } from '../result';
import { blockVariations, LEAST_BLOCKS } from './block-variation';
import type { ComparedMetric, Verdict } from './comparison';
import { levelHalfWidth } from './instability';
import { judgeRounds, judgeVariations, SIGNIFICANCE, type Judgement } from './judgement';
import { metricsOf, metricsOfAll, type BlockStatistic, type Metric } from './metrics';

/** Latencies beyond a percentile that a measurement must have for it to be judged. */
const LEAST_BEYOND = 20;
/** The same in each of several rounds, whose differences tell by themselves how sure they are. */
const LEAST_BEYOND_IN_ROUND = 3;
const LEAST_ROUNDS = 3;
const NO_INTERVAL = 'it varies so much that it has no interval: measure longer';

/** A metric whose verdict still has to wait for the adjustment for many. */
export type JudgedMetric = Omit<ComparedMetric, 'verdict' | 'pValue'> & { readonly pValue: number | null };

/** Judges all metrics of two measurements by resampling the blocks of each. */
export function judgeByBlocks(a: BenchResult, b: BenchResult, seed: number): JudgedMetric[] {
  const metrics = metricsOf(a, b);
  const reasons = metrics.map((metric) => whyNotByBlocks(metric, a, b));
  const statistics = metrics.flatMap(({ statistic }, i) =>
    statistic === undefined || reasons[i] !== undefined ? [] : [statistic],
  );
  const [ofA, ofB] =
    statistics.length === 0
      ? [[], []]
      : [blockVariations(a.blocks, statistics, seed), blockVariations(b.blocks, statistics, seed + 1009)];
  const moreHalfWidth = Math.hypot(levelHalfWidth(a), levelHalfWidth(b));
  let next = 0;
  return metrics.map((metric, i) => {
    const [valueA, valueB] = [metric.read(a)!, metric.read(b)!];
    if (reasons[i] !== undefined) return describe(metric, valueA, valueB, reasons[i]);
    const which = next++;
    const sides = [ofA[which]!, ofB[which]!] as const;
    const judgement = judgeVariations(Math.log(valueB / valueA), sides, moreHalfWidth);
    return describe(metric, valueA, valueB, judgement);
  });
}

/** Judges all metrics of rounds of measurements, each of A beside the one of B in the same round. */
export function judgeByRounds(a: readonly BenchResult[], b: readonly BenchResult[]): JudgedMetric[] {
  return metricsOfAll([...a, ...b]).map((metric) => {
    const [valuesA, valuesB] = [a, b].map((results) => results.map((result) => metric.read(result)!));
    const [valueA, valueB] = [geometricMean(valuesA!), geometricMean(valuesB!)];
    const reason = whyNotByRounds(metric, a, b, [...valuesA!, ...valuesB!]);
    if (reason !== undefined) return describe(metric, valueA, valueB, reason);
    return describe(
      metric,
      valueA,
      valueB,
      judgeRounds(valuesA!.map((value, round) => Math.log(valuesB![round]! / value))),
    );
  });
}

/** The metrics of measurements that tell nothing, with the numbers that are there: none is judged. */
export function leaveUnjudged(
  a: readonly BenchResult[],
  b: readonly BenchResult[],
  reason: string,
): JudgedMetric[] {
  const meanOf = (metric: Metric, results: readonly BenchResult[]) =>
    geometricMean(results.map((result) => metric.read(result)!));
  return metricsOfAll([...a, ...b]).map((metric) =>
    describe(metric, meanOf(metric, a), meanOf(metric, b), reason),
  );
}

/** What is said of a metric after its probability was adjusted. */
export function verdictOf(metric: JudgedMetric, pValue: number, thresholdPercent: number): Verdict {
  const { changePercent, isLowerBetter } = metric;
  if (changePercent === null || pValue >= SIGNIFICANCE) return 'no difference seen';
  if (changePercent === 0 || Math.abs(changePercent) < thresholdPercent) return 'no difference seen';
  return changePercent > 0 === isLowerBetter ? 'slower' : 'faster';
}

function describe(metric: Metric, a: number, b: number, judged: Judgement | string): JudgedMetric {
  const { name, unit, isLowerBetter } = metric;
  const change = a === 0 ? NaN : (b / a - 1) * 100;
  const changePercent = Number.isFinite(change) ? change : null;
  const common = { name, unit, isLowerBetter, a, b, changePercent };
  if (typeof judged === 'string') return { ...common, intervalPercent: null, pValue: null, reason: judged };
  const intervalPercent = toPercent(judged.interval);
  const isKnown = [intervalPercent.low, intervalPercent.high, judged.pValue].every(Number.isFinite);
  return isKnown
    ? { ...common, intervalPercent, pValue: judged.pValue }
    : { ...common, intervalPercent: null, pValue: null, reason: NO_INTERVAL };
}

function toPercent({ low, high }: Interval): Interval {
  return { low: Math.expm1(low) * 100, high: Math.expm1(high) * 100 };
}

function whyNotByBlocks(metric: Metric, a: BenchResult, b: BenchResult): string | undefined {
  if (metric.statistic === undefined)
    return 'the measurements keep no pieces of it: compare interleaved runs';
  const filled = ({ blocks }: BenchResult) => blocks.filter(({ inferences }) => inferences > 0).length;
  const fewest = Math.min(filled(a), filled(b));
  if (fewest < LEAST_BLOCKS)
    return `${fewest} pieces with inferences, ${LEAST_BLOCKS} are needed: measure longer`;
  return (
    isPositive([metric.read(a)!, metric.read(b)!]) ?? tooFewBeyond(metric.statistic, [a, b], LEAST_BEYOND)
  );
}

function whyNotByRounds(
  metric: Metric,
  a: readonly BenchResult[],
  b: readonly BenchResult[],
  values: readonly number[],
): string | undefined {
  if (a.length < LEAST_ROUNDS) return `${a.length} rounds, ${LEAST_ROUNDS} are needed`;
  return isPositive(values) ?? tooFewBeyond(metric.statistic, [...a, ...b], LEAST_BEYOND_IN_ROUND);
}

function isPositive(values: readonly number[]): string | undefined {
  return values.every((value) => value > 0 && value < Infinity)
    ? undefined
    : 'a value is 0 or missing: no ratio can be formed';
}

function tooFewBeyond(
  statistic: BlockStatistic | undefined,
  results: readonly BenchResult[],
  least: number,
): string | undefined {
  if (statistic?.kind !== 'percentile') return undefined;
  const fewest = Math.min(...results.map(({ inferences }) => inferences));
  const beyond = Math.floor(fewest * (1 - statistic.percent / 100) + 1e-9);
  return beyond >= least
    ? undefined
    : `${fewest} inferences have ${beyond} beyond it, ${least} are needed: measure longer`;
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
