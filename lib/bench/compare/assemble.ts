// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { BenchResult } from '../result';
import { findDifferences, incomparable } from './comparable';
import type { CheckedCompareOptions } from './compare-options';
import type { ComparedCase, ComparedMetric, ComparedSide, Comparison, Difference } from './comparison';
import { adjustForMany, CONFIDENCE } from './judgement';
import { verdictOf, type JudgedMetric } from './judge-metrics';

/** The measurements of one case: one of each side, or one of each round. */
export interface CasePair {
  readonly a: readonly BenchResult[];
  readonly b: readonly BenchResult[];
}

/** What differs between comparing two documents and comparing rounds. */
export interface ComparisonPlan {
  readonly method: Comparison['method'];
  readonly unmatched: Comparison['unmatched'];
  judge(pair: CasePair): JudgedMetric[];
}

/**
 * Puts a comparison together: what differs, metrics, verdicts.
 *
 * @param pairs at least one
 */
export function assembleComparison(
  pairs: readonly CasePair[],
  options: CheckedCompareOptions,
  plan: ComparisonPlan,
): Comparison {
  const found = pairs.map(({ a, b }) => findDifferences(a[0]!, b[0]!, options.ignore));
  const labels = pairs.map(({ b }) => b[0]!.label);
  const differences = mergeCases(
    found.map(({ refused }) => refused),
    labels,
  );
  if (differences.length > 0 && !options.force) throw incomparable(differences);
  const judged = pairs.map((pair) => plan.judge(pair));
  checkPrimary(judged, options.primary);
  const metrics = decide(judged, options);
  const cases = pairs.map((pair, i) => describeCase(pair, metrics[i]!, options.primary));
  const [first] = pairs;
  return {
    schemaVersion: 1,
    kind: 'comparison',
    method: plan.method,
    ...(plan.method === 'interleaved' && { rounds: first!.a.length }),
    a: describeSide(options.names.a, first!.a[0]!),
    b: describeSide(options.names.b, first!.b[0]!),
    primary: options.primary,
    thresholdPercent: options.thresholdPercent,
    confidence: CONFIDENCE,
    verdict: overall(cases),
    cases,
    unmatched: plan.unmatched,
    differences,
    noted: mergeCases(
      found.map(({ noted }) => noted),
      labels,
    ),
    warnings: [...new Set(pairs.flatMap(warningsOf)), ...methodWarnings(plan.method)],
  };
}

/**
 * Verdicts, with probabilities adjusted in two families: the metrics that decide, one of each case, and all others. A
 * number that nobody asked for then does not cost the one that was asked for its power.
 */
function decide(judged: readonly JudgedMetric[][], options: CheckedCompareOptions): ComparedMetric[][] {
  const probabilities = new Map<JudgedMetric, number>();
  for (const isPrimary of [true, false]) {
    const family = judged
      .flat()
      .filter(({ name, pValue }) => pValue !== null && (name === options.primary) === isPrimary);
    const adjusted = adjustForMany(family.map(({ pValue }) => pValue!));
    family.forEach((metric, i) => probabilities.set(metric, adjusted[i]!));
  }
  return judged.map((metrics) =>
    metrics.map((metric): ComparedMetric => {
      const pValue = probabilities.get(metric);
      if (pValue === undefined) return { ...metric, pValue: null, verdict: 'not judged' };
      return { ...metric, pValue, verdict: verdictOf(metric, pValue, options.thresholdPercent) };
    }),
  );
}

function describeCase({ a, b }: CasePair, metrics: readonly ComparedMetric[], primary: string): ComparedCase {
  const total = (results: readonly BenchResult[]) =>
    results.reduce((sum, { inferences }) => sum + inferences, 0);
  return {
    label: b[0]!.label,
    case: b[0]!.case,
    verdict: metrics.find(({ name }) => name === primary)?.verdict ?? 'not judged',
    stable: { a: a.every(({ stable }) => stable), b: b.every(({ stable }) => stable) },
    inferences: { a: total(a), b: total(b) },
    metrics,
  };
}

function describeSide(name: string, result: BenchResult): ComparedSide {
  const { model, modelSha256, backend, device, environment } = result;
  const { node, versions, date } = environment;
  return { name, model, modelSha256, backend, device, node, versions, date };
}

function overall(cases: readonly ComparedCase[]): Comparison['verdict'] {
  const isSlower = cases.some(({ verdict }) => verdict === 'slower');
  const isFaster = cases.some(({ verdict }) => verdict === 'faster');
  if (isSlower && isFaster) return 'mixed';
  return isSlower ? 'slower' : isFaster ? 'faster' : 'no difference seen';
}

/** A difference that all cases have is said once. */
function mergeCases(found: readonly (readonly Difference[])[], labels: readonly string[]): Difference[] {
  const keyOf = ({ what, a, b }: Difference) => JSON.stringify([what, a, b]);
  const times = new Map<string, number>();
  for (const difference of found.flat()) {
    times.set(keyOf(difference), (times.get(keyOf(difference)) ?? 0) + 1);
  }
  const inAll = (difference: Difference) => times.get(keyOf(difference)) === found.length;
  return found.flatMap((differences, i) =>
    differences
      .filter((difference) => i === 0 || !inAll(difference))
      .map((difference) => (inAll(difference) ? difference : { ...difference, case: labels[i]! })),
  );
}

function warningsOf({ a, b }: CasePair): string[] {
  return [
    ...a.map((result) => ({ result, side: 'A' })),
    ...b.map((result) => ({ result, side: 'B' })),
  ].flatMap(({ result: { end, label, stable, unstableReason }, side }) => {
    if (end !== 'complete') return [`${side}, ${label}: the measurement was ${end} before its end`];
    return stable ? [] : [`${side}, ${label}: not stable: ${unstableReason ?? 'no reason given'}`];
  });
}

function methodWarnings(method: Comparison['method']): string[] {
  if (method === 'interleaved') return [];
  return [
    'One process of each side was measured: how much processes of the same thing differ is assumed (0.4 %), not ' +
      'measured. Interleaved runs (bench --against) measure it.',
  ];
}

function checkPrimary(judged: readonly JudgedMetric[][], primary: string): void {
  const names = [...new Set(judged.flat().map(({ name }) => name))];
  if (names.includes(primary)) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Expected a metric that both measurements have, got ${JSON.stringify(primary)}; they have ${names.join(', ')}.`,
    { details: { primary, metrics: names } },
  );
}
