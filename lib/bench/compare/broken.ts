// SPDX-License-Identifier: Apache-2.0
// Measurements that cannot be a side of a comparison: a gate must not pass because one of them looks fast, or is gone.

import type { BenchFailure, BenchResult } from '../result';
import type { ComparedCase, Comparison } from './comparison';

/** Why a measurement tells nothing of the whole: it ended early, or measured nothing. Undefined where it does. */
export function whyBroken({ end, error, inferences, latencyMs }: BenchResult): string | undefined {
  if (end === 'failed') {
    const reason = error === undefined ? '' : `: ${error.message} (${error.code})`;
    return `the measurement failed${reason}`;
  }
  if (end === 'interrupted') return 'the measurement was interrupted before its end';
  return inferences > 0 && latencyMs.count > 0 ? undefined : 'no inference was measured';
}

/** The first reason of each side, for the measurements of one case; undefined where there is none. */
export function brokenSides(
  a: readonly BenchResult[],
  b: readonly BenchResult[],
): NonNullable<ComparedCase['broken']> | undefined {
  const [ofA, ofB] = [a, b].map((results) => results.map(whyBroken).find((reason) => reason !== undefined));
  if (ofA === undefined && ofB === undefined) return undefined;
  return { ...(ofA !== undefined && { a: ofA }), ...(ofB !== undefined && { b: ofB }) };
}

/** What is missing beside the cases that were compared. */
export interface LostCases {
  /** Cases that gave no measurement. */
  readonly failed: { readonly a: readonly BenchFailure[]; readonly b: readonly BenchFailure[] };
  readonly unmatched: Comparison['unmatched'];
}

const SIDES = ['a', 'b'] as const;

/**
 * All that failed, one sentence each: sides that are broken, and cases of A that B lost. A case that only B has is new,
 * and one that neither could measure is not lost.
 */
export function failureSentences(cases: readonly ComparedCase[], { failed, unmatched }: LostCases): string[] {
  const broken = cases.flatMap(({ label, broken: reasons }) =>
    SIDES.flatMap((side) =>
      reasons?.[side] === undefined ? [] : [`${side.toUpperCase()}, ${label}: ${reasons[side]}`],
    ),
  );
  const lost = unmatched.a.map((label) => {
    const reason = failed.b.find((failure) => failure.label === label);
    return reason === undefined
      ? `B, ${label}: there is no measurement, and A has one`
      : sentence('b', reason);
  });
  return [...broken, ...lost];
}

/** Cases without a measurement that are not lost. */
export function unmeasuredSentences({ failed, unmatched }: LostCases): string[] {
  return SIDES.flatMap((side) =>
    failed[side]
      .filter(({ label }) => side === 'a' || !unmatched.a.includes(label))
      .map((failure) => sentence(side, failure)),
  );
}

function sentence(side: 'a' | 'b', { label, error }: BenchFailure): string {
  return `${side.toUpperCase()}, ${label}: there is no measurement: ${error.message} (${error.code})`;
}

/** Sides that could not keep up with their schedule: the latency of the rest grows with the length of the measurement. */
export interface Overloads {
  /** Of cases where the other side did keep up. */
  readonly failures: readonly string[];
  /** Of cases where neither did. */
  readonly warnings: readonly string[];
}

/** Looks for calls that a schedule wanted and that were never made. */
export function findOverloads(
  pairs: readonly { a: readonly BenchResult[]; b: readonly BenchResult[] }[],
): Overloads {
  const found = pairs.map(({ a, b }) => {
    const left = [a, b].map((results) => results.reduce((sum, { unserved = 0 }) => sum + unserved, 0));
    const sentences = left.flatMap((calls, side) =>
      calls === 0
        ? []
        : [
            `${side === 0 ? 'A' : 'B'}, ${b[0]!.label}: ${calls} calls of the schedule were never made: it is overloaded`,
          ],
    );
    return { sentences, isOneSided: sentences.length === 1 };
  });
  const of = (isOneSided: boolean) =>
    found.filter((one) => one.isOneSided === isOneSided).flatMap(({ sentences }) => sentences);
  return { failures: of(true), warnings: of(false) };
}
