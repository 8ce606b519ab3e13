// SPDX-License-Identifier: Apache-2.0

/** One call, in milliseconds of the measurement's clock. */
export interface LoggedCall {
  /** When the schedule wanted it; in a closed loop when it was made. */
  readonly scheduledMs: number;
  /** When it was made. */
  readonly startMs: number;
  /** When its outputs could be read. */
  readonly endMs: number;
  /** Which of the calls under way at the same time it was, from 0. */
  readonly slot: number;
}

const LIMIT = 100_000;
const COLUMNS = 4;

/** The first calls of a measurement, one by one, for a trace; later ones are counted alone, so that memory is bounded. */
export class CallLog implements Iterable<LoggedCall> {
  readonly #rows: Float64Array;
  #count = 0;
  #dropped = 0;

  /** @param limit calls that are kept; 100,000 if absent (3 MB). */
  constructor(private readonly limit = LIMIT) {
    this.#rows = new Float64Array(limit * COLUMNS);
  }

  /** Calls that were kept. */
  get count(): number {
    return this.#count;
  }

  /** Calls that came after the log was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Keeps a call; allocates nothing. */
  add(scheduledMs: number, startMs: number, endMs: number, slot: number): void {
    if (this.#count === this.limit) {
      this.#dropped += 1;
      return;
    }
    const row = this.#count * COLUMNS;
    this.#rows[row] = scheduledMs;
    this.#rows[row + 1] = startMs;
    this.#rows[row + 2] = endMs;
    this.#rows[row + 3] = slot;
    this.#count += 1;
  }

  /** The calls that were kept, in the order of their ends. */
  *[Symbol.iterator](): Generator<LoggedCall> {
    for (let row = 0; row < this.#count * COLUMNS; row += COLUMNS) {
      const [scheduledMs, startMs, endMs, slot] = this.#rows.subarray(row, row + COLUMNS);
      yield { scheduledMs: scheduledMs!, startMs: startMs!, endMs: endMs!, slot: slot! };
    }
  }
}
