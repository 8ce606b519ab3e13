// SPDX-License-Identifier: Apache-2.0
// Calls at the moments of a schedule, however slow the ones before are. A harness that waits for a slow call before it
// makes the next one leaves out just the calls that would have been slow (G. Tene: "coordinated omission"); here each
// call counts from its scheduled moment, and each scheduled call counts.
//
// Calls beyond `maxInFlight` wait. They need no memory: calls start in the order of the schedule, so the queue is all
// that lies between the schedule's next moment and now. A slot that ends a call takes the next one that is due.

import type { Arrivals } from './arrivals';
import { TurnWatch, type Loop } from './loop';

/** When calls are made. */
export interface OpenLoopOptions {
  readonly arrivals: Arrivals;
  /** Where the schedule begins, on the loop's clock. */
  readonly startMs: number;
  /** Calls are scheduled for so long; those still waiting may start for as long again. */
  readonly durationMs: number;
  /** Least number of calls, even if they take longer. */
  readonly iterations: number;
  /** Calls at one time at most. */
  readonly maxInFlight: number;
}

/** What became of the schedule. */
export interface OpenLoopEnd {
  /** Calls that it wanted until its end, or until the loop was stopped. */
  readonly scheduled: number;
  /** Those of them that were still waiting when the loop gave up; 0 where it was stopped. */
  readonly unserved: number;
  /** How much of the schedule was played. */
  readonly playedMs: number;
  /** Time that the schedule gave those calls: it goes on after the last one, as after each. */
  readonly scheduleMs: number;
}

/** Plays a schedule to its end; see {@link OpenLoopOptions.durationMs} for what is left of an overload. */
export async function runOpenLoop(options: OpenLoopOptions, loop: Loop): Promise<OpenLoopEnd> {
  return new OpenLoop(options, loop).run();
}

// After so many calls that were never made the event loop may turn.
const COUNTED_AT_ONCE = 100_000;

class OpenLoop {
  readonly #free: Int32Array;
  #freeCount: number;
  #nextMs: number;
  #lastMs: number;
  #started = 0;
  #onFree: () => void = () => undefined;
  readonly #turns = new TurnWatch();

  constructor(
    private readonly options: OpenLoopOptions,
    private readonly loop: Loop,
  ) {
    // The last slot that became free is the first to be used: few slots are used where few are needed.
    this.#free = Int32Array.from(
      { length: options.maxInFlight },
      (_, index) => options.maxInFlight - 1 - index,
    );
    this.#freeCount = options.maxInFlight;
    this.#lastMs = options.startMs;
    this.#nextMs = options.startMs + options.arrivals.nextMs();
  }

  async run(): Promise<OpenLoopEnd> {
    const { time, stop } = this.loop;
    while (!this.#isOver(time.now())) {
      await (this.#freeCount > 0 ? time.until(this.#nextMs, stop.signal) : this.#freeSlot());
      this.#startDue(time.now());
    }
    const closedMs = time.now();
    while (this.#freeCount < this.#free.length) await this.#freeSlot();
    return this.#countRest(closedMs);
  }

  #startDue(nowMs: number): void {
    while (this.#freeCount > 0 && this.#isDue(nowMs)) {
      this.#freeCount -= 1;
      void this.#serve(this.#free[this.#freeCount]!, this.#take());
    }
  }

  /** Makes a call, and others after it while some are due: under full load this is as cheap as a closed loop. */
  async #serve(slot: number, firstMs: number): Promise<void> {
    const { target, time, observer, stop } = this.loop;
    let scheduledMs = firstMs;
    let endMs = firstMs;
    for (;;) {
      try {
        const startMs = time.now();
        await target.call(slot);
        endMs = time.now();
        observer.onCall(scheduledMs, startMs, endMs, slot);
        if (this.#turns.isDue(endMs)) await time.until(endMs);
      } catch (error) {
        stop.fail(error);
      }
      if (!this.#isDue(endMs)) break;
      scheduledMs = this.#take();
    }
    this.#free[this.#freeCount] = slot;
    this.#freeCount += 1;
    this.#onFree();
  }

  #take(): number {
    this.#lastMs = this.#nextMs;
    this.#nextMs = this.options.startMs + this.options.arrivals.nextMs();
    this.#started += 1;
    return this.#lastMs;
  }

  #isDue(nowMs: number): boolean {
    return this.#nextMs <= nowMs && !this.#isOver(nowMs);
  }

  #isOver(nowMs: number): boolean {
    const { startMs, durationMs, iterations } = this.options;
    if (this.loop.stop.isStopped) return true;
    if (this.#started < iterations) return false;
    return this.#nextMs - startMs >= durationMs || nowMs - startMs >= 2 * durationMs;
  }

  #freeSlot(): Promise<void> {
    return new Promise((resolve) => (this.#onFree = resolve));
  }

  /** Calls that wait at an early end were not given the time that they may have: they are no long ones. */
  async #countRest(closedMs: number): Promise<OpenLoopEnd> {
    const { startMs, durationMs } = this.options;
    const { isStopped } = this.loop.stop;
    const endMs = isStopped ? closedMs : startMs + durationMs;
    const made = this.#started;
    while (this.#nextMs < endMs) {
      if (!isStopped) this.loop.observer.onUnserved?.(closedMs - this.#nextMs);
      this.#take();
      if (this.#started % COUNTED_AT_ONCE === 0) await this.loop.time.until(closedMs);
    }
    const scheduleMs = this.#scheduleMs(endMs);
    return {
      scheduled: this.#started,
      unserved: isStopped ? 0 : this.#started - made,
      playedMs: isStopped ? endMs - startMs : scheduleMs,
      scheduleMs,
    };
  }

  /** Without the distance to the next call, ten calls in ten seconds would be ten in nine. */
  #scheduleMs(endMs: number): number {
    const { startMs } = this.options;
    const meanMs = this.#started > 1 ? (this.#lastMs - startMs) / (this.#started - 1) : Infinity;
    // The next call of a recording may be far away.
    return Math.max(endMs, Math.min(this.#nextMs, this.#lastMs + meanMs)) - startMs;
  }
}
