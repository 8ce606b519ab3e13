// SPDX-License-Identifier: Apache-2.0
import { STAGE_COLUMNS, type StageTimes } from '../../index';
import type { Sensor } from '../sensors/sensor';
import { LatencyHistogram } from '../stats/histogram';
import { unavailable } from '../unavailable';
import type { StageLog } from './stage-log';

/** Whoever records the times of the device: a session made with `stageTimes`. */
export interface StageSource {
  takeStageTimes(): StageTimes;
}

const WIDTH = STAGE_COLUMNS.length;
const column = (name: (typeof STAGE_COLUMNS)[number]) => STAGE_COLUMNS.indexOf(name);
const ENQUEUE = column('enqueueStart');
const H2D = column('h2dStart');
const COMPUTE = column('computeStart');
const D2H = column('d2hStart');

/**
 * Collects the device's times of a measurement. The session keeps a bounded number of rows: drain it now and then while
 * measuring.
 */
export class StageRecorder implements Sensor {
  readonly name = 'stage times';
  readonly enqueue = new LatencyHistogram();
  readonly h2d = new LatencyHistogram();
  readonly compute = new LatencyHistogram();
  readonly d2h = new LatencyHistogram();
  /** h2d + compute + d2h of each run; what was not copied takes no time. */
  readonly deviceLatency = new LatencyHistogram();
  /** When the first run began on the device: its first copy, or the network where nothing is copied. */
  firstStartMs = Infinity;
  /** When the last run ended on the device. */
  lastEndMs = -Infinity;
  /** Runs that were not recorded because nobody took them in time. */
  dropped = 0;
  /** Why no times could be taken from some moment on; those before it are here. */
  problem: string | undefined;

  constructor(
    private readonly source: StageSource,
    private readonly log?: StageLog,
  ) {}

  /** Forgets what ran before the measurement. */
  start(): void {
    this.#take();
  }

  /** Takes the rest. */
  stop(): void {
    this.drain();
  }

  /** Takes what was recorded since the last time. Throws nothing: it is called between measured calls. */
  drain(): void {
    const taken = this.#take();
    if (taken === undefined) return;
    const { count, dropped, rows } = taken;
    this.dropped += dropped;
    this.log?.add(rows);
    for (let row = 0; row < count; row++) this.#record(rows, row * WIDTH);
  }

  #take(): StageTimes | undefined {
    if (this.problem !== undefined) return undefined;
    try {
      return this.source.takeStageTimes();
    } catch (error) {
      this.problem = unavailable(this.name, error).unavailable;
      return undefined;
    }
  }

  #record(rows: Float64Array, at: number): void {
    const compute = lengthAt(rows, at + COMPUTE);
    if (compute < 0) return;
    const h2d = lengthAt(rows, at + H2D);
    const d2h = lengthAt(rows, at + D2H);
    const enqueue = lengthAt(rows, at + ENQUEUE);
    this.compute.record(compute);
    if (enqueue >= 0) this.enqueue.record(enqueue);
    if (h2d >= 0) this.h2d.record(h2d);
    if (d2h >= 0) this.d2h.record(d2h);
    this.deviceLatency.record(Math.max(0, h2d) + compute + Math.max(0, d2h));
    this.firstStartMs = Math.min(this.firstStartMs, rows[at + (h2d >= 0 ? H2D : COMPUTE)]!);
    this.lastEndMs = Math.max(this.lastEndMs, rows[at + (d2h >= 0 ? D2H : COMPUTE) + 1]!);
  }
}

/** End minus start; -1 where there is no such stage. */
function lengthAt(rows: Float64Array, start: number): number {
  const length = rows[start + 1]! - rows[start]!;
  // The clock of events may go back by its own resolution where nothing happens between two.
  return Number.isNaN(length) ? -1 : Math.max(0, length);
}
