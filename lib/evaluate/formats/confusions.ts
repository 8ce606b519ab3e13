// SPDX-License-Identifier: Apache-2.0
import type { ClassificationEvaluation } from '../evaluation';

/** A class that was taken for another. */
export interface Confusion {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  /** Of the samples of the true class. */
  readonly share: number;
}

/** What was taken for something else, the most frequent first. */
export function worstConfusions({ confusion }: ClassificationEvaluation, count: number): Confusion[] {
  const all = confusion.flatMap((row, truth) => {
    const total = row.reduce((sum, samples) => sum + samples, 0);
    return row.flatMap((samples, predicted) =>
      samples === 0 || predicted === truth
        ? []
        : [{ truth, predicted, count: samples, share: samples / total }],
    );
  });
  return all.sort((a, b) => b.count - a.count || a.truth - b.truth).slice(0, count);
}

/** How a class is called: its name, or its number. */
export function className(label: number, names: readonly string[] | undefined): string {
  return names?.[label] ?? String(label);
}
