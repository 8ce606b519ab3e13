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
  /** Drop below the source: of the caller's score, or the share of samples whose best class is another one. */
  readonly drop: number;
  /** Of the caller's score; absent without one. */
  readonly score?: number;
  /** How near the outputs are to the source's, in dB. */
  readonly sqnrDb: number;
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

/** The trials that no other one beats in both size and drop, the smallest first. */
export function paretoSet(trials: readonly CompressionTrial[]): CompressionTrial[] {
  const sorted = [...trials].sort((a, b) => a.bytes - b.bytes || a.drop - b.drop || b.sqnrDb - a.sqnrDb);
  const best: CompressionTrial[] = [];
  for (const trial of sorted) {
    const last = best.at(-1);
    if (last === undefined || trial.drop < last.drop) best.push(trial);
  }
  return best;
}
