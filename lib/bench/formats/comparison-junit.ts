// SPDX-License-Identifier: Apache-2.0
import type { Comparison, ConditionOutcome } from '../compare/comparison';
import { formatSuite, type TestCase } from './junit';

/**
 * A comparison as JUnit XML: a test for each condition and case. One that holds has failed, one that could not be decided
 * is skipped. What failed while measuring is a failed test of its own, and where no condition was given each case is a
 * test that passes. The time is that of all measurements of both sides.
 */
export function formatComparisonJunit(comparison: Comparison): string {
  const { conditions = [], failures = [], cases, b } = comparison;
  const tests = [
    ...(conditions.length > 0 ? conditions.map(toTest) : cases.map(({ label }) => blankTest(label))),
    ...failures.map((message, index) => ({
      ...blankTest(`measurement ${index + 1}`),
      failure: { type: 'measurement', message },
    })),
  ];
  return formatSuite(tests, b.model, secondsOf(comparison));
}

function toTest({ text, case: label, holds, isDecided, reason }: ConditionOutcome): TestCase {
  return {
    ...blankTest(`${label} · ${text}`),
    failure: isDecided && holds ? { type: 'condition', message: reason } : null,
    ...(isDecided ? {} : { skipped: reason }),
  };
}

function blankTest(name: string): TestCase {
  return { name, seconds: 0, properties: {}, failure: null };
}

function secondsOf({ measurements }: Comparison): number {
  const all = [...(measurements?.a ?? []), ...(measurements?.b ?? [])];
  return all.reduce((sum, { measuredMs }) => sum + measuredMs, 0) / 1000;
}
