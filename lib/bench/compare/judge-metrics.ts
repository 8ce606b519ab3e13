// SPDX-License-Identifier: Apache-2.0
import type { BenchResult, Interval } from '../result';
import { blockVariations, LEAST_BLOCKS } from './block-variation';
import type { ComparedMetric, Verdict } from './comparison';
import { judgeRounds, judgeVariations, SIGNIFICANCE, type Judgement } from './judgement';
import { metricsOf, type BlockStatistic, type Metric } from './metrics';

/** Latencies beyond a percentile that a measurement must have for it to be judged. */
const LEAST_BEYOND = 20;
/** The same in each of several rounds, whose differences tell by themselves how sure they are. */
const LEAST_BEYOND_IN_ROUND = 3;
const LEAST_ROUNDS = 3;

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
  let next = 0;
  return metrics.map((metric, i) => {
    const [valueA, valueB] = [metric.read(a)!, metric.read(b)!];
    if (reasons[i] !== undefined) return describe(metric, valueA, valueB, reasons[i]);
    const which = next++;
    const judgement = judgeVariations(Math.log(valueB / valueA), ofA[which]!, ofB[which]!);
    return describe(metric, valueA, valueB, judgement);
  });
}

/** Judges all metrics of rounds of measurements, each of A beside the one of B in the same round. */
export function judgeByRounds(a: readonly BenchResult[], b: readonly BenchResult[]): JudgedMetric[] {
  return metricsOf(a[0]!, b[0]!).map((metric) => {
    const [valuesA, valuesB] = [a, b].map((results) => results.map((result) => metric.read(result) ?? 0));
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

/** What is said of a metric after its probability was adjusted. */
export function verdictOf(metric: JudgedMetric, pValue: number, thresholdPercent: number): Verdict {
  const { changePercent, isLowerBetter } = metric;
  if (changePercent === null || pValue >= SIGNIFICANCE) return 'no difference seen';
  if (changePercent === 0 || Math.abs(changePercent) < thresholdPercent) return 'no difference seen';
  return changePercent > 0 === isLowerBetter ? 'slower' : 'faster';
}

function describe(metric: Metric, a: number, b: number, judged: Judgement | string): JudgedMetric {
  const { name, unit, isLowerBetter } = metric;
  const common = { name, unit, isLowerBetter, a, b, changePercent: a === 0 ? null : (b / a - 1) * 100 };
  return typeof judged === 'string'
    ? { ...common, intervalPercent: null, pValue: null, reason: judged }
    : { ...common, intervalPercent: toPercent(judged.interval), pValue: judged.pValue };
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
  return values.every((value) => value > 0) ? undefined : 'a value is 0 or missing: no ratio can be formed';
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
