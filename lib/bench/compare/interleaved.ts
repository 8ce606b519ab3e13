// SPDX-License-Identifier: Apache-2.0
import { isErrorCode, TensorRTError } from '../../errors';
import type { BenchResult } from '../result';
import { whyBroken } from './broken';
import { compareRounds } from './compare-documents';
import { checkOptions } from './compare-options';
import type { CompareOptions, Comparison } from './comparison';

/** Measures once; each time in a process of its own where the comparison shall tell of more than this process. */
export type RunOnce = (signal: AbortSignal) => Promise<BenchResult>;

/** A measurement that is there. */
export interface Round {
  /** From 1 on. */
  readonly round: number;
  /** How many there will be. */
  readonly rounds: number;
  /** Which side was measured. */
  readonly side: 'a' | 'b';
  /** The measurement. */
  readonly result: BenchResult;
}

/** What to measure in turn. */
export interface InterleavedRequest {
  /** The reference. */
  readonly a: RunOnce;
  /** What is judged. */
  readonly b: RunOnce;
  /** Pairs of measurements. Default 7; fewer than 3 give no verdict. */
  readonly rounds?: number;
  /** How the two are compared. */
  readonly compare?: CompareOptions;
  /** Ends the running measurement; the complete rounds are compared. */
  readonly signal?: AbortSignal;
  /** Told after each measurement. */
  readonly onRound?: (round: Round) => void;
}

const DEFAULT_ROUNDS = 7;
const MOST_ROUNDS = 1000;

/** Why no further round was measured: its error, or the signal. */
interface EarlyEnd {
  readonly round: number;
  readonly error?: unknown;
}

type Rounds = Record<Round['side'], BenchResult[]>;

/**
 * Measures A and B in turn, in the order A B, B A, A B, … so that a machine that becomes slower or faster meanwhile
 * harms both alike, and judges the difference over the rounds. What differs from process to process, and no look inside
 * one process can see, is then part of the interval.
 *
 * A round that fails ends it; the rounds before it are compared, and the failure is in `failures`.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for impossible rounds, `ERR_TRT_RUN_ABORTED` where the signal came before
 *   the first round was complete, and where the first round fails `ERR_TRT_BENCH_INCOMPARABLE` or whatever a measurement
 *   rejects with.
 */
export async function compareInterleaved(request: InterleavedRequest): Promise<Comparison> {
  const { rounds = DEFAULT_ROUNDS, compare = {} } = request;
  checkRounds(rounds);
  checkOptions(compare);
  const results: Rounds = { a: [], b: [] };
  const early = await measureRounds(request, rounds, results);
  const complete = Math.min(results.a.length, results.b.length);
  if (complete === 0) throw early !== undefined && 'error' in early ? early.error : abortedInFirst();
  const comparison = compareRounds(results.a.slice(0, complete), results.b.slice(0, complete), compare);
  if (early === undefined) return comparison;
  const { warnings, failures = [] } = comparison;
  if (!('error' in early))
    return { ...comparison, warnings: [`Interrupted after ${complete} of ${rounds} rounds.`, ...warnings] };
  const failure = `Round ${early.round} of ${rounds} failed, ${complete} before it are compared: ${told(early.error)}`;
  return { ...comparison, failures: [failure, ...failures], warnings: [failure, ...warnings] };
}

/** Undefined where all rounds were measured. */
async function measureRounds(
  { compare = {}, onRound, signal = new AbortController().signal, ...run }: InterleavedRequest,
  rounds: number,
  results: Rounds,
): Promise<EarlyEnd | undefined> {
  for (let round = 1; round <= rounds; round++) {
    try {
      for (const side of round % 2 === 1 ? (['a', 'b'] as const) : (['b', 'a'] as const)) {
        const result = await unlessAborted(run[side], signal);
        if (result === undefined) return { round };
        // The first round stands for itself: it is shown with what is missing.
        if (round > 1) refuseBroken(result);
        results[side].push(result);
        if (results.a.length === results.b.length) checkRound(results, compare);
        onRound?.({ round, rounds, side, result });
        if (whyBroken(result) !== undefined && results.a.length === results.b.length) return undefined;
      }
    } catch (error) {
      return { round, error };
    }
  }
  return undefined;
}

/** What cannot be compared is refused after its round, not after the last; it is no part of the rounds then. */
function checkRound(results: Rounds, compare: CompareOptions): void {
  const last = (of: readonly BenchResult[]) => (of.length === 1 ? of : [of[0]!, of.at(-1)!]);
  try {
    compareRounds(last(results.a), last(results.b), compare);
  } catch (error) {
    results.a.pop();
    results.b.pop();
    throw error;
  }
}

function refuseBroken(result: BenchResult): void {
  const reason = whyBroken(result);
  if (reason === undefined) return;
  const { code = 'ERR_TRT_BENCH_RESULT', message = reason } = result.error ?? {};
  throw new TensorRTError(isErrorCode(code) ? code : 'ERR_TRT_BENCH_RESULT', message);
}

function told(error: unknown): string {
  const { code, message = String(error) } = error as Partial<TensorRTError>;
  return code === undefined ? message : `${message} (${code})`;
}

/** What to do is in the message: a command that was stopped shows no more than that. */
function abortedInFirst(): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_RUN_ABORTED',
    'Interrupted (Ctrl-C) before one round of both sides was complete: there is nothing to compare. Let at least 3 ' +
      'rounds end; a shorter --duration makes them shorter.',
  );
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
