// SPDX-License-Identifier: Apache-2.0
import type { BenchDocument, BenchFailure, BenchResult } from '../result';

/** All measurements of a document, in order. */
export function measurementsOf(document: BenchDocument): readonly BenchResult[] {
  return document.kind === 'suite' ? document.measurements : [document];
}

/** Whether not one call was measured: its numbers are zeros that mean nothing. */
export function isEmpty({ inferences }: BenchResult): boolean {
  return inferences === 0;
}

/** The cases of a document that could not be measured. */
export function failuresOf(document: BenchDocument): readonly BenchFailure[] {
  return document.kind === 'suite' ? document.failed : [];
}
