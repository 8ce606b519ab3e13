// SPDX-License-Identifier: Apache-2.0
// Whether calls came faster than they were served. Calls that were due and had not ended are counted at twenty moments
// of the schedule. When more come than go, their number rises from moment to moment; after one stall it rises once, and
// a queue that is merely busy rises and falls. So the rises are tested like a sample: is their mean above zero?

import type { Arrivals } from './arrivals';

const MOMENTS = 20;
// An overload must not be found by chance: 3 standard errors are 1 in 740.
const STANDARD_ERRORS = 3;
const LEAST_MOMENTS = 5;
// A smaller excess cannot be told from chance in any measurement that people wait for.
const LEAST_SHARE = 0.02;
const LEAST_CALLS = 2;

/** Counts the calls between their scheduled moment and their end. */
export class QueueWatch {
  readonly #lengths: number[] = [0];
  #dueMs: number;
  #due = 0;
  #ended = 0;

  /**
   * @param arrivals a schedule of its own, with the same moments as that of the loop.
   * @param durationMs time over which the queue is watched.
   */
  constructor(
    private readonly arrivals: Arrivals,
    private readonly durationMs: number,
  ) {
    this.#dueMs = arrivals.nextMs();
  }

  /** A call ended, so long after the start. */
  onEnd(atMs: number): void {
    while (this.#lengths.length <= MOMENTS && atMs >= this.#momentMs()) this.#look();
    this.#ended += 1;
    // Counted here and not when looking: a long walk through the schedule would delay calls.
    if (this.#lengths.length <= MOMENTS) this.#countDue(Math.min(atMs, this.#momentMs()));
  }

  /** Looks at what is left of the moments until `atMs`. */
  finish(atMs: number): void {
    while (this.#lengths.length <= MOMENTS && atMs >= this.#momentMs()) this.#look();
  }

  /** Calls that were waiting or in flight when the schedule ended, or when it was last looked. */
  get length(): number {
    return this.#lengths.at(-1)!;
  }

  /** Whether the queue grew all the time, by more than 2 % of the calls. */
  get hasGrown(): boolean {
    const rises = this.#lengths.slice(1).map((length, index) => length - this.#lengths[index]!);
    if (rises.length < LEAST_MOMENTS || this.length < Math.max(LEAST_CALLS, LEAST_SHARE * this.#due))
      return false;
    const mean = this.length / rises.length;
    const squares = rises.reduce((sum, rise) => sum + (rise - mean) ** 2, 0);
    const standardError = Math.sqrt(squares / (rises.length - 1) / rises.length);
    return mean > STANDARD_ERRORS * standardError;
  }

  #momentMs(): number {
    return (this.#lengths.length * this.durationMs) / MOMENTS;
  }

  #look(): void {
    this.#countDue(this.#momentMs());
    this.#lengths.push(this.#due - this.#ended);
  }

  #countDue(untilMs: number): void {
    for (; this.#dueMs < untilMs; this.#dueMs = this.arrivals.nextMs()) this.#due += 1;
  }
}
