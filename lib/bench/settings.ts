// SPDX-License-Identifier: Apache-2.0

/** How calls reach the session: over bindings kept by the caller (no copies), or by `session.run`. */
export type CallMode = 'binding' | 'run';

/** When calls are made. */
export type Load =
  /** Each call starts when one before it has ended, `concurrency` at any moment: the load adapts to the speed. */
  | { readonly kind: 'closed'; readonly concurrency: number }
  /** Calls start when the schedule says, however slow the ones before are. */
  | {
      readonly kind: 'open';
      readonly arrivals: 'constant' | 'poisson';
      readonly ratePerSecond: number;
      /** Of the Poisson process. */
      readonly seed: number;
      /** Calls in flight beyond which scheduled ones wait in the harness; their wait counts. */
      readonly maxInFlight: number;
    }
  /** As `open`, at recorded moments. */
  | {
      readonly kind: 'schedule';
      /** File of the recording. */
      readonly source: string;
      /** Calls in it; it is repeated until the measurement ends. */
      readonly calls: number;
      /** After which it is repeated: the last moment and the mean distance of two calls. */
      readonly lengthMs: number;
      readonly maxInFlight: number;
    };

/** The settings of a measurement, all of them decided. They are part of the result. */
export interface BenchSettings {
  /** How calls follow each other: so many at the same time, or so many a second. */
  readonly load: Load;
  /** Time before the measurement whose calls do not count. */
  readonly warmUpMs: number;
  /** Least number of such calls. */
  readonly warmUpIterations: number;
  /** Least time of the measurement. */
  readonly durationMs: number;
  /** Least number of measured inferences. */
  readonly iterations: number;
  /** Length of the windows that the stability test compares. */
  readonly windowMs: number;
  /** What must agree within `stabilityPercent` beside the throughput: `mean`, or a percentile such as `p99`. */
  readonly stabilityLatency: string;
  /** How far apart the windows may be. */
  readonly stabilityPercent: number;
  /** Further percentiles of the latency, in percent. */
  readonly percentiles: readonly number[];
  /** How a call is made. */
  readonly calls: CallMode;
  /** Samples in one inference. */
  readonly batch: number;
  /** Whether the times of the device are taken in each run. */
  readonly stageTimes: boolean;
  /** trtexec's settings of that version are in force. */
  readonly trtexecCompat?: 10 | 11;
  /** What else the numbers depend on, by the names of `createSession()`'s options and of the command line. */
  readonly session: Readonly<Record<string, unknown>>;
}
