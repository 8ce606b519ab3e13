// SPDX-License-Identifier: Apache-2.0
import type { BenchResult, RateSearchResult } from '../result';
import { latencyNamed } from '../stats/distribution';
import { whyHopeless } from './hopeless-limit';

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
  /** Length of a measurement; 3000 if absent. Rates that make fewer than ten calls in it are not tried. */
  readonly durationMs?: number;
  /** One call at a time, where that was measured: a limit that even those calls miss is not searched for. */
  readonly alone?: BenchResult;
  /** Measures an open loop at that rate. */
  measureAt(ratePerSecond: number): Promise<BenchResult>;
  /** Ends the search; what was found until then is given. */
  readonly signal?: AbortSignal;
}

/** The answer, and every measurement that led to it, in order. */
export interface RateSearchEnd {
  /** The rate that was found, and how. */
  readonly search: RateSearchResult;
  /** The measurements. */
  readonly results: BenchResult[];
  /** The measurement that ended the search because it rejected, where one did. */
  readonly failure?: { readonly ratePerSecond: number; readonly error: unknown };
}

type Trial = RateSearchResult['tried'][number] & { readonly label: string };

// Fewer calls than wanted came to their end: the process or the device cannot keep up.
const LEAST_ACHIEVED = 0.95;
const LEAST_CALLS = 10;
/** Calls a second that no load may exceed. */
const HIGHEST_RATE = 1e6;

/**
 * Finds the highest rate that keeps a latency limit: doubles the rate until one is too high (or halves it until one is
 * not), then bisects. A rate is kept when the latency is within the limit, the queue does not grow, and at least 95 %
 * of the wanted calls a second were served. It ends early where calls that wait for nothing are above the limit, and
 * at rates that make fewer than ten calls: `search.reason` says so.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for an unknown percentile; and what `measureAt` rejects with, where no rate
 *   had been measured before.
 */
export async function findHighestRate(request: RateSearch): Promise<RateSearchEnd> {
  return new Search(request).run();
}

/** The lowest rate that is worth a measurement of that length. */
export function lowestRate(durationMs: number): number {
  return Math.min(HIGHEST_RATE, (LEAST_CALLS * 1000) / durationMs);
}

class Search {
  readonly #results: BenchResult[] = [];
  readonly #tried: Trial[] = [];
  #best: Trial | undefined;
  #lowestTooHigh = Infinity;
  #reason: string | undefined;
  #failure: RateSearchEnd['failure'];
  readonly #lowest: number;

  constructor(private readonly request: RateSearch) {
    this.#lowest = lowestRate(request.durationMs ?? 3000);
  }

  async run(): Promise<RateSearchEnd> {
    const { firstRate, maxTrials = 20, alone, limit, signal } = this.request;
    if (alone !== undefined) this.#reason = whyHopeless(alone.latencyMs, limit);
    let rate: number | undefined = Math.min(HIGHEST_RATE, Math.max(this.#lowest, firstRate));
    while (rate !== undefined && this.#reason === undefined) {
      if (this.#tried.length >= maxTrials || signal?.aborted || !(await this.#try(rate))) break;
      rate = this.#next();
    }
    return this.#end();
  }

  /** @returns false where the measurement did not come to its end. */
  async #try(rate: number): Promise<boolean> {
    const result = await this.#measure(rate);
    if (result === undefined) return false;
    this.#results.push(result);
    if (result.end !== 'complete') return false;
    const { limit } = this.request;
    const trial = judge(rate, result, limit);
    this.#tried.push(trial);
    if (trial.isWithinLimit) this.#best = trial;
    else this.#lowestTooHigh = rate;
    if (this.#best === undefined && result.serviceMs !== undefined)
      this.#reason = whyHopeless(result.serviceMs, limit, waitingShare(rate, result));
    return true;
  }

  async #measure(ratePerSecond: number): Promise<BenchResult | undefined> {
    try {
      return await this.request.measureAt(ratePerSecond);
    } catch (error) {
      if (this.#results.length === 0) throw error;
      this.#failure = { ratePerSecond, error };
      return undefined;
    }
  }

  /** The rate to try next; undefined where the answer is found, or there is none. */
  #next(): number | undefined {
    const { resolution = 0.05 } = this.request;
    const tooHigh = this.#lowestTooHigh;
    const kept = this.#best?.ratePerSecond;
    if (kept === undefined) {
      if (tooHigh > this.#lowest) return Math.max(this.#lowest, tooHigh / 2);
      const lowest = `${shorten(this.#lowest)} calls a second, the lowest rate with ${LEAST_CALLS} calls in a measurement`;
      this.#reason ??= `${lowest}, are too many: measure longer to try fewer`;
      return undefined;
    }
    if (tooHigh / kept <= 1 + resolution || kept >= HIGHEST_RATE) return undefined;
    return tooHigh === Infinity ? Math.min(HIGHEST_RATE, kept * 2) : (kept + tooHigh) / 2;
  }

  #end(): RateSearchEnd {
    const search = {
      limit: this.request.limit,
      highestRatePerSecond: this.#best?.ratePerSecond ?? null,
      label: this.#best?.label ?? null,
      ...(this.#reason !== undefined && { reason: this.#reason }),
      tried: this.#tried.map(({ label: _, ...trial }) => trial),
    };
    return { search, results: this.#results, ...(this.#failure && { failure: this.#failure }) };
  }
}

function judge(ratePerSecond: number, result: BenchResult, limit: RateSearch['limit']): Trial {
  const milliseconds = latencyNamed(result.latencyMs, limit.percentile);
  const achieved = achievedShare(result, ratePerSecond);
  const reasons: string[] = [];
  if (milliseconds > limit.milliseconds) {
    reasons.push(`${limit.percentile} is ${milliseconds.toPrecision(4)} ms, above ${limit.milliseconds} ms`);
  }
  if (hasQueue(result)) reasons.push('the queue grows');
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

function hasQueue({ warnings }: BenchResult): boolean {
  return warnings.some(({ code }) => code === 'queue-growing');
}

/** Calls that find another one in flight, as a share of all, at most; 1 where the rate was not kept. */
function waitingShare(ratePerSecond: number, result: BenchResult): number {
  const { serviceMs, settings } = result;
  if (serviceMs === undefined || hasQueue(result) || achievedShare(result, ratePerSecond) < LEAST_ACHIEVED)
    return 1;
  const isEven = settings?.load.kind === 'open' && settings.load.arrivals === 'constant';
  // Even calls that end before the next one begins leave the device idle each time.
  if (isEven && serviceMs.max < 1000 / ratePerSecond) return 0;
  return Math.min(1, (ratePerSecond * serviceMs.mean) / 1000);
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

function shorten(value: number): string {
  return String(Number(value.toPrecision(4)));
}
