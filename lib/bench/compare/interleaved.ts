// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { BenchResult } from '../result';
import { compareRounds } from './compare-documents';
import type { CompareOptions, Comparison } from './comparison';

/** Measures once; each time in a process of its own where the comparison shall tell of more than this process. */
export type RunOnce = (signal: AbortSignal) => Promise<BenchResult>;

/** A measurement that is there. */
export interface Round {
  /** From 1 on. */
  readonly round: number;
  readonly rounds: number;
  readonly side: 'a' | 'b';
  readonly result: BenchResult;
}

/** What to measure in turn. */
export interface InterleavedRequest {
  /** The reference. */
  readonly a: RunOnce;
  readonly b: RunOnce;
  /** Pairs of measurements. Default 7; fewer than 3 give no verdict. */
  readonly rounds?: number;
  readonly compare?: CompareOptions;
  /** Ends the running measurement; the complete rounds are compared. */
  readonly signal?: AbortSignal;
  /** Told after each measurement. */
  readonly onRound?: (round: Round) => void;
}

const DEFAULT_ROUNDS = 7;
const MOST_ROUNDS = 1000;

/**
 * Measures A and B in turn, in the order A B, B A, A B, … so that a machine that becomes slower or faster meanwhile
 * harms both alike, and judges the difference over the rounds. What differs from process to process, and no look inside
 * one process can see, is then part of the interval.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for impossible rounds, `ERR_TRT_RUN_ABORTED` where the signal came before
 *   the first round was complete, `ERR_TRT_BENCH_INCOMPARABLE`, and whatever a measurement rejects with.
 */
export async function compareInterleaved(request: InterleavedRequest): Promise<Comparison> {
  const { rounds = DEFAULT_ROUNDS, compare = {}, signal = new AbortController().signal, onRound } = request;
  checkRounds(rounds);
  const results: Record<Round['side'], BenchResult[]> = { a: [], b: [] };
  for (let round = 1; round <= rounds && !signal.aborted; round++) {
    for (const side of round % 2 === 1 ? (['a', 'b'] as const) : (['b', 'a'] as const)) {
      const result = await unlessAborted(request[side], signal);
      if (result === undefined) break;
      results[side].push(result);
      // A measurement that cannot be compared is refused after the first round, not after the last.
      if (round === 1 && results.a.length === results.b.length) compareRounds(results.a, results.b, compare);
      onRound?.({ round, rounds, side, result });
    }
  }
  const complete = Math.min(results.a.length, results.b.length);
  if (complete === 0)
    throw new TensorRTError('ERR_TRT_RUN_ABORTED', 'Aborted before one round was complete.');
  const comparison = compareRounds(results.a.slice(0, complete), results.b.slice(0, complete), compare);
  if (complete === rounds) return comparison;
  const warning = `Interrupted after ${complete} of ${rounds} rounds.`;
  return { ...comparison, warnings: [warning, ...comparison.warnings] };
}

/** Undefined where the signal ended the measurement: half a measurement is no part of a round. */
async function unlessAborted(run: RunOnce, signal: AbortSignal): Promise<BenchResult | undefined> {
  if (signal.aborted) return undefined;
  try {
    const result = await run(signal);
    return signal.aborted && result.end !== 'complete' ? undefined : result;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function checkRounds(rounds: number): void {
  if (Number.isSafeInteger(rounds) && rounds >= 1 && rounds <= MOST_ROUNDS) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Expected a whole number of rounds from 1 to ${MOST_ROUNDS}, got ${String(rounds)}.`,
    { details: { rounds } },
  );
}
