// SPDX-License-Identifier: Apache-2.0
// When a measurement has lasted long enough, and whether its numbers can be trusted. The rule for stability is the one
// that users of perf_analyzer know: of the last three windows, the greatest and the least throughput are at most 10 %
// apart, and so is the latency. An unstable measurement still gives its numbers, with the reason.

import type { BenchWindow } from '../result';
import type { BenchSettings } from '../settings';
import { percentOf } from '../stats/distribution';
import { LatencyHistogram } from '../stats/histogram';

/** Whether the measurement settled; `reason` is null where it did. */
export interface Stability {
  readonly stable: boolean;
  readonly reason: string | null;
}

/** What the rule depends on. */
export interface StopLimits extends Pick<
  BenchSettings,
  'durationMs' | 'iterations' | 'windowMs' | 'stabilityLatency' | 'stabilityPercent'
> {
  /**
   * Calls come at random or recorded moments: the schedule itself then makes one window's throughput differ from the
   * next one's, which says nothing about the device, and only the latency is compared.
   */
  readonly isScheduleUneven?: boolean;
}

const COMPARED_WINDOWS = 3;
// A measurement of a day has no more: memory must not depend on its length.
const KEPT_WINDOWS = 600;
// Below that the chance of single calls moves a window's numbers.
const FEW_CALLS = 30;
// Exactly ten percent is not more than ten percent.
const ROUNDING = 1e-9;

/** Counts inferences into windows and says when enough were seen. */
export class StopRule {
  #windows: BenchWindow[] = [];
  #inferences = 0;
  #isOver = false;
  #startedMs: number;
  #targetMs: number;
  #count = 0;
  #latencyMs = 0;
  readonly #percent: number | null;
  readonly #latencies = new LatencyHistogram();

  constructor(
    private readonly limits: StopLimits,
    private readonly startMs: number,
  ) {
    this.#percent = percentOf(limits.stabilityLatency);
    this.#startedMs = startMs;
    this.#targetMs = startMs + limits.windowMs;
  }

  /** Full windows, oldest first; the last 600 of a long measurement. */
  get windows(): readonly BenchWindow[] {
    return this.#windows.slice(-KEPT_WINDOWS);
  }

  /** Takes one inference; true once time and count are reached. Later ones are in no window. */
  add(endMs: number, latencyMs: number): boolean {
    if (this.#isOver) return true;
    this.#inferences += 1;
    this.#count += 1;
    this.#latencyMs += latencyMs;
    if (this.#percent !== null) this.#latencies.record(latencyMs);
    if (endMs >= this.#targetMs) this.#endWindow(endMs);
    this.#isOver =
      endMs - this.startMs >= this.limits.durationMs && this.#inferences >= this.limits.iterations;
    return this.#isOver;
  }

  /** Ends the last window where a schedule was played until then: no call was to come. */
  finish(atMs: number): void {
    if (!this.#isOver && this.#count > 0 && atMs >= this.#targetMs) this.#endWindow(atMs);
    this.#isOver = true;
  }

  /** Compares the last windows. */
  stability(): Stability {
    const last = this.#windows.slice(-COMPARED_WINDOWS);
    const { windowMs, stabilityLatency } = this.limits;
    if (last.length < COMPARED_WINDOWS) {
      const reason = `only ${last.length} of the ${COMPARED_WINDOWS} windows of ${windowMs} ms that are compared: measure longer, or in shorter windows`;
      return { stable: false, reason };
    }
    const rates = last.map((window) => window.inferencesPerSecond);
    const latencies = last.map((window) => window.judgedLatencyMs);
    const difference =
      (this.limits.isScheduleUneven ? null : this.#differs('throughput', rates, 'a second')) ??
      this.#differs(
        percentOf(stabilityLatency) === null ? 'mean latency' : stabilityLatency,
        latencies,
        'ms',
      );
    if (difference === null) return { stable: true, reason: null };
    return { stable: false, reason: `${difference}. ${advise(last)}` };
  }

  /**
   * A window ends with an inference, not with the clock: slow models would give windows without any. The next one
   * ends at its place in the grid all the same, so that a measurement of three windows' length has three.
   */
  #endWindow(atMs: number): void {
    const meanLatencyMs = this.#latencyMs / this.#count;
    this.#windows.push({
      inferences: this.#count,
      inferencesPerSecond: (this.#count * 1000) / (atMs - this.#startedMs),
      meanLatencyMs,
      judgedLatencyMs: this.#percent === null ? meanLatencyMs : this.#latencies.valueAt(this.#percent),
    });
    if (this.#windows.length >= 2 * KEPT_WINDOWS) this.#windows = this.#windows.slice(-KEPT_WINDOWS);
    const passed = Math.floor((atMs - this.startMs) / this.limits.windowMs);
    this.#targetMs = this.startMs + (passed + 1) * this.limits.windowMs;
    this.#startedMs = atMs;
    this.#count = 0;
    this.#latencyMs = 0;
    if (this.#percent !== null) this.#latencies.reset();
  }

  #differs(what: string, values: readonly number[], unit: string): string | null {
    const least = Math.min(...values);
    const most = Math.max(...values);
    const { stabilityPercent } = this.limits;
    if (most <= least * (1 + stabilityPercent / 100 + ROUNDING)) return null;
    const apart =
      least > 0 ? `${percentAbove((most / least - 1) * 100, stabilityPercent)} %` : 'without measure';
    const numbers = values.map(shorten).join(', ');
    return `${what} of the last ${COMPARED_WINDOWS} windows is ${numbers} ${unit}: ${apart} apart, more than ${stabilityPercent} %`;
  }
}

/** So few calls differ by chance, and no quieter machine helps. */
function advise(windows: readonly BenchWindow[]): string {
  const least = Math.min(...windows.map(({ inferences }) => inferences));
  if (least >= FEW_CALLS) return 'Close other work, warm up longer, or measure longer in longer windows';
  const calls = least === 1 ? 'one call' : `${least} calls`;
  return `A window had only ${calls}, which may differ by chance: measure longer, so that each has ${FEW_CALLS}`;
}

/** A percentage that is above a limit, with as many digits as show it: 10.04 is not 10. */
function percentAbove(value: number, limit: number): string {
  const digits = [0, 1, 2, 3].find((count) => Number(value.toFixed(count)) > limit);
  return value.toFixed(digits ?? 4);
}

/** Four digits, without an exponent: `18430`, `0.04312`. */
function shorten(value: number): string {
  return String(Number(value.toPrecision(4)));
}
