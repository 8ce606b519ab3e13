// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { BenchResult } from '../result';
import { brokenSides, failureSentences, findOverloads, unmeasuredSentences, type LostCases } from './broken';
import { findRoundDifferences, incomparable } from './comparable';
import type { CheckedCompareOptions } from './compare-options';
import type { ComparedCase, ComparedMetric, ComparedSide, Comparison, Difference } from './comparison';
import { countUnstable, unstableSentences } from './instability';
import { adjustForMany, CONFIDENCE } from './judgement';
import { leaveUnjudged, verdictOf, type JudgedMetric } from './judge-metrics';

/** The measurements of one case: one of each side, or one of each round. */
export interface CasePair {
  readonly a: readonly BenchResult[];
  readonly b: readonly BenchResult[];
}

/** What differs between comparing two documents and comparing rounds. */
export interface ComparisonPlan {
  readonly method: Comparison['method'];
  readonly lost: LostCases;
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
  const found = pairs.map(({ a, b }) => findRoundDifferences(a, b, options.ignore));
  const labels = pairs.map(({ b }) => b[0]!.label);
  const differences = mergeCases(
    found.map(({ refused }) => refused),
    labels,
  );
  if (differences.length > 0 && !options.force) throw incomparable(differences);
  const judged = pairs.map((pair) => judgeWhole(pair, plan));
  checkPrimary(judged, options.primary);
  const metrics = decide(judged, options);
  const cases = pairs.map((pair, i) => describeCase(pair, metrics[i]!, options.primary));
  const overloads = findOverloads(pairs);
  const failures = [...failureSentences(cases, plan.lost), ...overloads.failures];
  const all = { a: pairs.flatMap(({ a }) => a), b: pairs.flatMap(({ b }) => b) };
  const unstable = countUnstable(all.a, all.b);
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
    verdict: failures.length > 0 ? 'not judged' : overall(cases),
    cases,
    unmatched: plan.lost.unmatched,
    differences,
    noted: mergeCases(
      found.map(({ noted }) => noted),
      labels,
    ),
    ...(failures.length > 0 && { failures }),
    ...(unstable !== undefined && { unstable }),
    ...(plan.method === 'interleaved' && {
      measurements: { a: all.a.map(withoutBlocks), b: all.b.map(withoutBlocks) },
    }),
    warnings: [
      ...failures,
      ...overloads.warnings,
      ...unmeasuredSentences(plan.lost),
      ...unjudgedWarnings(cases),
      ...(unstable === undefined ? [] : unstableSentences(unstable, plan.method)),
      ...methodWarnings(plan.method),
    ],
  };
}

/** A measurement that ended early has numbers, but they are of another load, or of another moment. */
function judgeWhole({ a, b }: CasePair, plan: ComparisonPlan): JudgedMetric[] {
  const broken = brokenSides(a, b);
  if (broken === undefined) return plan.judge({ a, b });
  const reason = broken.b === undefined ? `A: ${broken.a!}` : `B: ${broken.b}`;
  return leaveUnjudged(a, b, reason);
}

function withoutBlocks(result: BenchResult): BenchResult {
  return { ...result, blocks: [] };
}

/**
 * Verdicts, with probabilities adjusted in two families: the metrics that were asked for, in each case, and all others.
 * Numbers that nobody asked for then do not cost those their power.
 */
function decide(judged: readonly JudgedMetric[][], options: CheckedCompareOptions): ComparedMetric[][] {
  const probabilities = new Map<JudgedMetric, number>();
  const asked = new Set([options.primary, ...options.asked]);
  for (const isAsked of [true, false]) {
    const family = judged.flat().filter(({ name, pValue }) => pValue !== null && asked.has(name) === isAsked);
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
  const broken = brokenSides(a, b);
  return {
    label: b[0]!.label,
    case: b[0]!.case,
    verdict: metrics.find(({ name }) => name === primary)?.verdict ?? 'not judged',
    stable: { a: a.every(({ stable }) => stable), b: b.every(({ stable }) => stable) },
    ...(broken !== undefined && { broken }),
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
  if (isSlower || isFaster) return isSlower ? 'slower' : 'faster';
  return cases.every(({ verdict }) => verdict === 'not judged') ? 'not judged' : 'no difference seen';
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

/** Cases that look compared and are not. */
function unjudgedWarnings(cases: readonly ComparedCase[]): string[] {
  const unjudged = cases.filter(({ verdict, broken }) => verdict === 'not judged' && broken === undefined);
  if (unjudged.length === 0 || cases.length === 1) return [];
  const labels = unjudged.map(({ label }) => label).join(', ');
  return [`${unjudged.length} of ${cases.length} cases were not judged: ${labels}`];
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
