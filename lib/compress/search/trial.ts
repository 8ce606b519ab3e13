// SPDX-License-Identifier: Apache-2.0
import type { Choice } from './choice';

/** What a choice came to. */
export interface CompressionTrial {
  /** What was done. */
  readonly choice: Choice;
  /** The choice in words. */
  readonly name: string;
  /** Bytes of the model's files, and of the same in an archive (DEFLATE). */
  readonly bytes: number;
  /** Bytes of the model's files in an archive. */
  readonly zippedBytes: number;
  /** Elements of its weights. */
  readonly parameters: number;
  /** Multiply-adds of one sample. */
  readonly multiplyAdds: number;
  /**
   * Drop below the source: of the caller's score, or the share of samples whose best class is another one. That share is
   * the larger one of the data that was held back and of all data.
   */
  readonly drop: number;
  /** Of the caller's score; absent without one. */
  readonly score?: number;
  /** How near the outputs are to the source's, in dB. */
  readonly sqnrDb: number;
  /** How many answers the share is of, where the drop is one. */
  readonly answers?: number;
}

/** A choice that could not be made, e.g. because no channel can be removed. */
export interface FailedTrial {
  /** What was to be done. */
  readonly choice: Choice;
  /** The choice in words. */
  readonly name: string;
  /** Why, in words. */
  readonly reason: string;
}

/**
 * The trials that no other one beats, the smallest first. Beaten is what is not smaller, drops no less and has no less
 * noise: a drop is counted in samples, and of those that drop equally many the one with the least noise is the safest.
 */
export function paretoSet(trials: readonly CompressionTrial[]): CompressionTrial[] {
  const sorted = [...trials].sort((a, b) => a.bytes - b.bytes || compareQuality(a, b));
  const best: CompressionTrial[] = [];
  for (const trial of sorted)
    if (!best.some(({ drop, sqnrDb }) => drop <= trial.drop && sqnrDb >= trial.sqnrDb)) best.push(trial);
  return best;
}

/** The least drop first, of equal ones the least noise. */
export function compareQuality(a: CompressionTrial, b: CompressionTrial): number {
  return a.drop - b.drop || b.sqnrDb - a.sqnrDb;
}
