// SPDX-License-Identifier: Apache-2.0
// Keeps what the calls of a measurement say: histograms of all of them, and the same in consecutive blocks. When there
// are too many blocks each two become one, so that memory is constant in the number of calls and in their time.

import type { LatencyBlock } from '../result';
import { LatencyHistogram, type HistogramSnapshot } from '../stats/histogram';
import type { CallLog } from './call-log';

/** What a recorder works with. */
export interface RecorderOptions {
  /** Start of the measurement, on the clock of the calls. */
  readonly startMs: number;
  /** Length that the measurement is meant to have: a first block is a sixtieth of it, at least 10 ms. */
  readonly durationMs: number;
  /** Whether calls have a schedule: then service times and send delays are kept, too. */
  readonly isScheduled: boolean;
  readonly callLog?: CallLog;
  /** Called between calls at the end of each block, and after 16,384 calls at the latest. */
  readonly onBlock?: () => void;
}

interface Block {
  readonly startMs: number;
  readonly endMs: number;
  readonly latencies: HistogramSnapshot;
}

// Even, so that merged blocks are all as long.
const MOST_BLOCKS = 120;
const AIMED_BLOCKS = 60;
const SHORTEST_BLOCK_MS = 10;
// What drains a bounded native log must come before it is full.
const MOST_CALLS_BETWEEN = 16_384;

/** Takes the calls of a measurement. */
export class Recorder {
  readonly #service: LatencyHistogram | undefined;
  readonly #sendDelay: LatencyHistogram | undefined;
  readonly #total = new LatencyHistogram();
  readonly #current = new LatencyHistogram();
  readonly #scratch = new LatencyHistogram();
  #blocks: Block[] = [];
  #blockMs: number;
  #blockStartMs: number;
  #lastEndMs: number;
  #inferences = 0;
  #sinceNotice = 0;

  constructor(private readonly options: RecorderOptions) {
    this.#blockMs = Math.max(SHORTEST_BLOCK_MS, options.durationMs / AIMED_BLOCKS);
    this.#blockStartMs = this.#lastEndMs = options.startMs;
    this.#service = options.isScheduled ? new LatencyHistogram() : undefined;
    this.#sendDelay = options.isScheduled ? new LatencyHistogram() : undefined;
  }

  /** Calls that ended. */
  get inferences(): number {
    return this.#inferences;
  }

  /** From the start to the end of the last call. */
  get measuredMs(): number {
    return this.#lastEndMs - this.options.startMs;
  }

  /** Real start to end; scheduled calls alone. */
  get service(): LatencyHistogram | undefined {
    return this.#service;
  }

  /** Scheduled moment to real start; scheduled calls alone. */
  get sendDelay(): LatencyHistogram | undefined {
    return this.#sendDelay;
  }

  /** Takes a call. A block ends with a call, not with the clock: no block is empty. */
  record(scheduledMs: number, startMs: number, endMs: number, slot: number): void {
    this.#current.record(endMs - scheduledMs);
    this.#service?.record(endMs - startMs);
    this.#sendDelay?.record(startMs - scheduledMs);
    this.options.callLog?.add(scheduledMs, startMs, endMs, slot);
    this.#inferences += 1;
    this.#sinceNotice += 1;
    this.#lastEndMs = endMs;
    if (endMs - this.#blockStartMs >= this.#blockMs) this.#endBlock();
    else if (this.#sinceNotice >= MOST_CALLS_BETWEEN) this.#notify();
  }

  /**
   * Takes a call that was never made: its wait is the least that its latency would have been. It belongs to no block:
   * it did not happen at any time.
   */
  recordUnserved(waitedMs: number): void {
    this.#total.record(waitedMs);
  }

  /** Ends the last block. */
  finish(): void {
    if (this.#current.count > 0) this.#endBlock();
    else if (this.#sinceNotice > 0) this.#notify();
    const [before, last] = this.#blocks.slice(-2);
    // Calls that ended at the very moment at which the block before them did.
    if (last !== undefined && last.endMs <= last.startMs)
      this.#blocks.splice(-2, 2, this.#merge(before!, last));
  }

  /** All latencies up to the last full block, and those that were not served: after `finish()`, all. */
  get latency(): LatencyHistogram {
    return this.#total;
  }

  /** The blocks as plain data. */
  blocks(): LatencyBlock[] {
    return this.#blocks.map(({ startMs, endMs, latencies }) => {
      const histogram = this.#refill(latencies);
      return {
        startMs: startMs - this.options.startMs,
        endMs: endMs - this.options.startMs,
        inferences: latencies.count,
        meanMs: latencies.mean,
        p50Ms: histogram.valueAt(50),
        p99Ms: histogram.valueAt(99),
        maxMs: latencies.max,
        histogram: Array.from(latencies.pairs),
      };
    });
  }

  #endBlock(): void {
    const latencies = this.#current.snapshot();
    this.#current.reset();
    this.#total.addSnapshot(latencies);
    this.#blocks.push({ startMs: this.#blockStartMs, endMs: this.#lastEndMs, latencies });
    this.#blockStartMs = this.#lastEndMs;
    if (this.#blocks.length === MOST_BLOCKS) this.#halve();
    this.#notify();
  }

  #halve(): void {
    const pairs: Block[] = [];
    for (let index = 0; index < this.#blocks.length; index += 2) {
      pairs.push(this.#merge(this.#blocks[index]!, this.#blocks[index + 1]!));
    }
    this.#blocks = pairs;
    this.#blockMs *= 2;
  }

  #merge(first: Block, second: Block): Block {
    const merged = this.#refill(first.latencies);
    merged.addSnapshot(second.latencies);
    return { startMs: first.startMs, endMs: second.endMs, latencies: merged.snapshot() };
  }

  #refill(latencies: HistogramSnapshot): LatencyHistogram {
    this.#scratch.reset();
    this.#scratch.addSnapshot(latencies);
    return this.#scratch;
  }

  #notify(): void {
    this.#sinceNotice = 0;
    this.options.onBlock?.();
  }
}
