// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { BenchDocument, BenchFailure, BenchResult } from '../result';
import { checkOptions, type CheckedCompareOptions } from './compare-options';
import type { CompareOptions, Comparison } from './comparison';
import { assembleComparison, type CasePair } from './assemble';
import { judgeByBlocks, judgeByRounds } from './judge-metrics';

/**
 * Compares two documents of `bench`: measurement B against the reference A, case by case for suites. Blocks for about
 * 0.1 s a case.
 *
 * @throws {TensorRTError} `ERR_TRT_BENCH_INCOMPARABLE` with `details.differences` where model, settings, machine or
 *   device differ and `force` is not set; `ERR_TRT_ARG_*` for wrong options.
 */
export function compareDocuments(
  a: BenchDocument,
  b: BenchDocument,
  options: CompareOptions = {},
): Comparison {
  const checked = checkOptions(options);
  const [ofA, ofB] = [measurementsOf(a), measurementsOf(b)];
  const pairs = matchCases(ofA, ofB, checked);
  if (pairs.length === 0) throw nothingToCompare(ofA, ofB);
  const left = (all: readonly BenchResult[], side: 'a' | 'b') =>
    all.filter((result) => !pairs.some((pair) => pair[side][0] === result)).map(({ label }) => label);
  return assembleComparison(pairs, checked, {
    method: 'blocks',
    lost: { failed: { a: failedOf(a), b: failedOf(b) }, unmatched: { a: left(ofA, 'a'), b: left(ofB, 'b') } },
    judge: (pair) => judgeByBlocks(pair.a[0]!, pair.b[0]!, checked.seed),
  });
}

/** Compares two measurements, as `compareDocuments()` does. */
export function compareResults(a: BenchResult, b: BenchResult, options: CompareOptions = {}): Comparison {
  return compareDocuments(a, b, options);
}

/**
 * Compares rounds of measurements: the first of A with the first of B and so on. How much the differences of the rounds
 * differ is what the difference is judged by, so each measurement should come from a process of its own.
 *
 * @param a at least one, as many as `b`; 3 are needed for a verdict
 * @throws {TensorRTError} as `compareDocuments()`
 */
export function compareRounds(
  a: readonly BenchResult[],
  b: readonly BenchResult[],
  options: CompareOptions = {},
): Comparison {
  if (a.length === 0 || a.length !== b.length) {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Expected as many measurements of A as of B, at least one, got ${a.length} and ${b.length}.`,
    );
  }
  return assembleComparison([{ a, b }], checkOptions(options), {
    method: 'interleaved',
    lost: { failed: { a: [], b: [] }, unmatched: { a: [], b: [] } },
    judge: (pair) => judgeByRounds(pair.a, pair.b),
  });
}

function measurementsOf(document: BenchDocument): readonly BenchResult[] {
  return document.kind === 'suite' ? document.measurements : [document];
}

function failedOf(document: BenchDocument): readonly BenchFailure[] {
  return document.kind === 'suite' ? document.failed : [];
}

/** Two single measurements are one pair whatever they call their case. */
function matchCases(
  a: readonly BenchResult[],
  b: readonly BenchResult[],
  { ignore }: CheckedCompareOptions,
): readonly CasePair[] {
  if (a.length === 1 && b.length === 1) return [{ a, b }];
  const keyOf = (result: BenchResult) =>
    JSON.stringify(
      Object.entries(result.case)
        .filter(([axis]) => !ignore.includes(axis))
        .sort(([x], [y]) => (x < y ? -1 : 1)),
    );
  const ofB = new Map(b.map((result) => [keyOf(result), result]));
  return a.flatMap((result) => {
    const other = ofB.get(keyOf(result));
    ofB.delete(keyOf(result));
    return other === undefined ? [] : [{ a: [result], b: [other] }];
  });
}

function nothingToCompare(a: readonly BenchResult[], b: readonly BenchResult[]): TensorRTError {
  const labels = (all: readonly BenchResult[]) => all.map(({ label }) => label).join(', ') || 'none';
  return new TensorRTError(
    'ERR_TRT_BENCH_INCOMPARABLE',
    'Expected two suites with at least one case in common, but they have none.',
    {
      hint: 'Measure both with the same sweep.',
      details: { differences: [{ what: 'cases', a: labels(a), b: labels(b) }] },
    },
  );
}
