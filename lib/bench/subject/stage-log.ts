// SPDX-License-Identifier: Apache-2.0
import { STAGE_COLUMNS } from '../../index';

const WIDTH = STAGE_COLUMNS.length;
const FIRST_ROWS = 1024;

/** The device's times of the first calls of a measurement, one row a run as in `StageTimes`; bounded, for a trace. */
export class StageLog {
  /** Runs that came after the log was full. */
  dropped = 0;
  #values = new Float64Array(0);
  #length = 0;

  /** @param limit - Runs that are kept. Default 100,000: about 7 MB. */
  constructor(private readonly limit = 100_000) {}

  /** Runs that are kept. */
  get count(): number {
    return this.#length / WIDTH;
  }

  /** Their rows, `STAGE_COLUMNS.length` numbers each; not a copy. */
  get rows(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  /** Takes rows as far as there is room. */
  add(rows: Float64Array): void {
    const kept = Math.min(rows.length, this.limit * WIDTH - this.#length);
    this.dropped += (rows.length - kept) / WIDTH;
    this.#reserve(this.#length + kept);
    this.#values.set(rows.subarray(0, kept), this.#length);
    this.#length += kept;
  }

  #reserve(length: number): void {
    if (length <= this.#values.length) return;
    const larger = Math.max(length, this.#values.length * 2, FIRST_ROWS * WIDTH);
    const values = new Float64Array(Math.min(larger, this.limit * WIDTH));
    values.set(this.#values.subarray(0, this.#length));
    this.#values = values;
  }
}
