// SPDX-License-Identifier: Apache-2.0
import type { Engine, Feeds, Session, SessionOptions } from '../index';
import type { BenchOptions } from './bench-options';
import type { BenchCase } from './result';
import type { CallLog } from './measure/call-log';
import type { Time } from './measure/time';
import type { StageLog } from './subject/stage-log';

/** What a measurement needs: how to measure, what, and who wants to know. */
export type BenchRequest = ModelRequest | FunctionRequest;

/** Measures a model. */
export interface ModelRequest extends BenchOptions, BenchContext {
  /** The model: a path, its bytes, or a built engine. Read for its digest also where a session is given. */
  readonly model: string | Uint8Array | Engine;
  /** Name of the model in the result. Default: its path, or `(bytes)`. */
  readonly name?: string;
  /**
   * A session over the model; it stays open. Default: one is opened with `sessionOptions` and closed at the end. Make it
   * with `sessionOptionsFor()`: without its times of the device the result has no enqueue, copy and compute times.
   */
  readonly session?: Session;
  /**
   * Options of the session: used to open it, for the cold start and for layer times on the CPU, and listed in the result.
   * Give those of `session` too.
   */
  readonly sessionOptions?: SessionOptions;
  /**
   * Inputs by name, the same ones for all calls; several sets of them, which calls take in turn; or how to make them for
   * the session.
   */
  readonly feeds: FeedSets | ((session: Session) => FeedSets | Promise<FeedSets>);
}

/** One set of inputs, or several. */
export type FeedSets = Feeds | readonly Feeds[];

/** Measures any asynchronous function. */
export interface FunctionRequest extends BenchOptions, BenchContext {
  /** Stands in the result as the model. */
  readonly name: string;
  /**
   * One inference, until its outputs can be read. `slot` is a number below the calls in flight that no other call in
   * flight has.
   */
  readonly call: (slot: number) => Promise<unknown>;
  /** What runs it, for the result. Default `'function'`. */
  readonly backend?: string;
  /** Where it runs, for the result: `'cuda:0'` has the sensors of that GPU read. Default `'cpu'`. */
  readonly device?: string;
}

/** What goes into the result beside the numbers, and who is told. */
export interface BenchContext {
  /** Samples in one inference. Default: the first dimension where all inputs and outputs have the same, else 1. */
  readonly batch?: number;
  /** Short, unique within a suite. Default: the device. */
  readonly label?: string;
  /** Where the measurement stands in its suite. */
  readonly case?: BenchCase;
  /** What else the numbers depend on, for the settings of the result: seed, shapes, sources of the inputs. */
  readonly moreSettings?: Readonly<Record<string, unknown>>;
  /** Versions for the environment of the result, such as `{ onnxruntime: '1.30.0' }`. */
  readonly versions?: Readonly<Record<string, string>>;
  /**
   * The machine's load average before the first measurement, for the environment of the result and its `busy-machine`,
   * where another process made that. Default: as it was at the first measurement of this process.
   */
  readonly loadAverage?: number;
  /** Ends the measurement early; the result then has what was measured, with `end: 'interrupted'`. */
  readonly signal?: AbortSignal;
  /** Told when a phase begins. */
  readonly onPhase?: (phase: BenchPhase) => void;
  /** Gets the measured calls, for a trace. */
  readonly callLog?: CallLog;
  /** Gets the device's times of the measured calls, for a trace. */
  readonly stageLog?: StageLog;
  /** Clock and waiting; tests put a simulated one here. */
  readonly time?: Time;
}

/** What a measurement does, in this order; phases that were not asked for are left out. */
export type BenchPhase = 'open' | 'warm-up' | 'measure' | 'pipelined' | 'layers' | 'cold-start';
