// SPDX-License-Identifier: Apache-2.0
// When a measurement ends, and whether its numbers can be trusted. The rule for stability is the one that users of
// perf_analyzer know: throughput and mean latency of the last three windows differ by at most 10 %. An unstable
// measurement still gives its numbers, with the reason.

/** One window of the measurement. */
export interface BenchWindow {
  readonly inferences: number;
  readonly inferencesPerSecond: number;
  readonly meanLatencyMs: number;
}

/** Whether the measurement settled; `reason` is null where it did. */
export interface Stability {
  readonly stable: boolean;
  readonly reason: string | null;
}

/** The limits of a measurement. */
export interface StopLimits {
  readonly durationMs: number;
  readonly iterations: number;
  readonly windowMs: number;
}

const COMPARED_WINDOWS = 3;
const TOLERANCE = 0.1;

/** Counts inferences into windows and says when enough were seen. */
export class StopRule {
  private readonly finished: BenchWindow[] = [];
  private inferences = 0;
  private windowStartMs: number;
  private windowCount = 0;
  private windowLatencyMs = 0;

  constructor(
    private readonly limits: StopLimits,
    private readonly startMs: number,
  ) {
    this.windowStartMs = startMs;
  }

  /** Full windows so far, oldest first. */
  get windows(): readonly BenchWindow[] {
    return this.finished;
  }

  /** Takes one inference; true when time and count are reached. */
  add(endMs: number, latencyMs: number): boolean {
    this.inferences += 1;
    this.windowCount += 1;
    this.windowLatencyMs += latencyMs;
    if (endMs - this.windowStartMs >= this.limits.windowMs) this.finishWindow(endMs);
    return endMs - this.startMs >= this.limits.durationMs && this.inferences >= this.limits.iterations;
  }

  /** Compares the last windows. */
  stability(): Stability {
    const last = this.finished.slice(-COMPARED_WINDOWS);
    if (last.length < COMPARED_WINDOWS) {
      return unstable(`only ${last.length} of ${COMPARED_WINDOWS} windows to compare: measure longer`);
    }
    const throughput = spread(last.map((window) => window.inferencesPerSecond));
    const latency = spread(last.map((window) => window.meanLatencyMs));
    if (throughput > TOLERANCE) return unstable(describe('throughput', throughput));
    if (latency > TOLERANCE) return unstable(describe('mean latency', latency));
    return { stable: true, reason: null };
  }

  /** A window ends with an inference, not with the clock: slow models would give windows without any. */
  private finishWindow(endMs: number): void {
    this.finished.push({
      inferences: this.windowCount,
      inferencesPerSecond: (this.windowCount * 1000) / (endMs - this.windowStartMs),
      meanLatencyMs: this.windowLatencyMs / this.windowCount,
    });
    this.windowStartMs = endMs;
    this.windowCount = 0;
    this.windowLatencyMs = 0;
  }
}

function spread(values: readonly number[]): number {
  return Math.max(...values) / Math.min(...values) - 1;
}

function unstable(reason: string): Stability {
  return { stable: false, reason };
}

function describe(what: string, value: number): string {
  return `${what} of the last ${COMPARED_WINDOWS} windows differs by ${(value * 100).toFixed(0)} %, more than ${TOLERANCE * 100} %`;
}
