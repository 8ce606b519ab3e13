// SPDX-License-Identifier: Apache-2.0
import type { BenchResult, RateSearchResult } from '../result';
import { latencyNamed } from '../stats/distribution';

/** What is searched for, and how a rate is measured. */
export interface RateSearch {
  /** A name such as `p99` or `mean`, and what it may be at most. */
  readonly limit: { readonly percentile: string; readonly milliseconds: number };
  /** Calls a second that are tried first. */
  readonly firstRate: number;
  /** How near the answer must be to a rate that is too high: 0.05 (5 %) if absent. */
  readonly resolution?: number;
  /** Measurements at most; 20 if absent. */
  readonly maxTrials?: number;
  /** Measures an open loop at that rate. */
  measureAt(ratePerSecond: number): Promise<BenchResult>;
  /** Ends the search; what was found until then is given. */
  readonly signal?: AbortSignal;
}

/** The answer, and every measurement that led to it, in order. */
export interface RateSearchEnd {
  readonly search: RateSearchResult;
  readonly results: BenchResult[];
}

type Trial = RateSearchResult['tried'][number] & { readonly label: string };

// Fewer calls than wanted came to their end: the process or the device cannot keep up.
const LEAST_ACHIEVED = 0.95;

/**
 * Finds the highest rate that keeps a latency limit: doubles the rate until one is too high (or halves it until one is
 * not), then bisects. A rate is kept when the latency is within the limit, the queue does not grow, and at least 95 %
 * of the wanted calls a second were served.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for an unknown percentile; and what `measureAt` rejects with.
 */
export async function findHighestRate(request: RateSearch): Promise<RateSearchEnd> {
  const { limit, resolution = 0.05, maxTrials = 20, signal } = request;
  const results: BenchResult[] = [];
  const tried: Trial[] = [];
  let best: Trial | undefined;
  let lowestTooHigh = Infinity;
  let rate = request.firstRate;
  while (tried.length < maxTrials && !signal?.aborted) {
    const result = await request.measureAt(rate);
    results.push(result);
    if (result.end !== 'complete') break;
    const trial = judge(rate, result, limit);
    tried.push(trial);
    if (trial.isWithinLimit) best = trial;
    else lowestTooHigh = rate;
    if (best !== undefined && lowestTooHigh / best.ratePerSecond <= 1 + resolution) break;
    rate = nextRate(best?.ratePerSecond, lowestTooHigh);
  }
  const search = {
    limit,
    highestRatePerSecond: best?.ratePerSecond ?? null,
    label: best?.label ?? null,
    tried: tried.map(({ label: _, ...trial }) => trial),
  };
  return { search, results };
}

function nextRate(kept: number | undefined, tooHigh: number): number {
  if (kept === undefined) return tooHigh / 2;
  return tooHigh === Infinity ? kept * 2 : (kept + tooHigh) / 2;
}

function judge(ratePerSecond: number, result: BenchResult, limit: RateSearch['limit']): Trial {
  const milliseconds = latencyNamed(result.latencyMs, limit.percentile);
  const achieved = achievedShare(result, ratePerSecond);
  const reasons: string[] = [];
  if (milliseconds > limit.milliseconds) {
    reasons.push(`${limit.percentile} is ${milliseconds.toPrecision(4)} ms, above ${limit.milliseconds} ms`);
  }
  if (result.warnings.some(({ code }) => code === 'queue-growing')) reasons.push('the queue grows');
  if (achieved < LEAST_ACHIEVED)
    reasons.push(`only ${(achieved * 100).toFixed(0)} % of the calls a second are served`);
  return {
    ratePerSecond,
    milliseconds,
    isWithinLimit: reasons.length === 0,
    reason: reasons.join('; ') || `${limit.percentile} is ${milliseconds.toPrecision(4)} ms`,
    label: result.label,
  };
}

/** The last call ends after the schedule: what one call takes is not held against the rate. */
function achievedShare(
  { inferences, measuredMs, throughput, serviceMs }: BenchResult,
  asked: number,
): number {
  const seconds = Math.max(0, measuredMs - (serviceMs?.p50 ?? 0)) / 1000;
  const wanted = throughput.requestedPerSecond ?? asked;
  return seconds > 0 ? inferences / seconds / wanted : 1;
}
