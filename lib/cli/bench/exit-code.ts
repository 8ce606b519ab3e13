// SPDX-License-Identifier: Apache-2.0
import type { BenchDocument } from '../../bench/result';
import { EXIT } from '../failure';

/** What the exit code of `bench` depends on beside its result. */
export interface ExitFacts {
  readonly isInterrupted: boolean;
  readonly requireStable: boolean;
  /** Whether a file could not be written. */
  readonly isUnwritten: boolean;
}

/** 130 after Ctrl-C; 1 for what failed, or is not stable where that is required; else 0. */
export function exitCodeOfDocument(document: BenchDocument, facts: ExitFacts): number {
  const results = document.kind === 'suite' ? document.measurements : [document];
  if (facts.isInterrupted || results.some(({ end }) => end === 'interrupted')) return EXIT.interrupted;
  const isFailed =
    facts.isUnwritten ||
    (document.kind === 'suite' && document.failed.length > 0) ||
    results.some(({ end, stable }) => end === 'failed' || (facts.requireStable && !stable));
  return isFailed ? EXIT.failed : EXIT.done;
}
