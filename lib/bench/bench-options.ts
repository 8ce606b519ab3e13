// SPDX-License-Identifier: Apache-2.0
import type { LoadOptions } from './load-options';
import {
  flag,
  integer,
  invalid,
  list,
  number,
  oneOf,
  percentile,
  rejectUnknown,
  type ValueCheck,
} from './option-values';
import type { CallMode } from './settings';

/** How to measure. What is left out is decided by `decideSettings()`, and the result has it. */
export interface BenchOptions {
  /** When calls are made. Default `{ concurrency: 1 }`: one at a time. */
  load?: LoadOptions;
  /** Time before the measurement whose calls do not count, in milliseconds. Default 500. */
  warmUpMs?: number;
  /** Least number of such calls. Default: one for each call in flight. */
  warmUpIterations?: number;
  /** Least time of the measurement, in milliseconds. Default 3000. */
  durationMs?: number;
  /** Least number of measured inferences. Default 10, in an open loop 1: at a low rate ten could take hours. */
  iterations?: number;
  /** The latency that must agree between windows, beside the throughput: `'mean'` (default), or `'p99'`, `'p99.9'`. */
  stabilityLatency?: string;
  /** By how much the last three windows may differ, in percent. Default 10, as in perf_analyzer. */
  stabilityPercent?: number;
  /** Further percentiles of the latency, in percent: `[97.5]`. Default: none. */
  percentiles?: readonly number[];
  /**
   * `'binding'`: inputs and outputs stay at fixed places and nothing is copied; `'run'`: each call copies its inputs in
   * and its outputs out. `'auto'` (default) takes bindings where each call in flight has a context of its own
   * and all calls have the same inputs.
   */
  calls?: CallMode | 'auto';
  /**
   * GPU: whether a call copies its inputs to the device and its outputs back. False: both stay on the device. Default
   * true.
   */
  transfers?: boolean;
  /**
   * Whether the times of the device are taken in each run, which adds some microseconds to one on a GPU. Default: where
   * the session can.
   */
  stageTimes?: boolean;
  /**
   * GPU: measure once more with a call always waiting behind the running one, as trtexec does. Default: where the load is
   * one call at a time.
   */
  pipelined?: boolean;
  /** Take the times of the layers, in runs of their own after the measurement. Default false. */
  layers?: boolean;
  /** Measure import, load and first run in fresh processes: how many, or true for 3. Default false. */
  coldStart?: boolean | number;
  /**
   * Measure as trtexec of that major version does by default: graph, transfers, spin, warm-up of 200 ms, 3 s, 10
   * iterations, percentiles 90, 95 and 99. Options that say otherwise about what is measured are an error; how long is
   * yours to say, as it is in trtexec. The session must be made with `sessionOptionsFor()`.
   *
   * @see trtexec's `--useCudaGraph`, `--noDataTransfers`, `--useSpinWait` (10) and `--noCudaGraph`,
   *   `--includeDataTransfers`, `--noSpinWait` (11)
   */
  trtexecCompat?: 10 | 11;
}

const LONGEST_MS = 30 * 24 * 3_600_000;

const CHECKS: Readonly<Record<keyof BenchOptions, ValueCheck>> = {
  load: () => undefined,
  warmUpMs: number({ least: 0, most: LONGEST_MS, unit: 'milliseconds' }),
  warmUpIterations: integer(0, 1e9),
  durationMs: number({ above: 0, most: LONGEST_MS, unit: 'milliseconds' }),
  iterations: integer(1, 1e12),
  stabilityLatency,
  stabilityPercent: number({ above: 0, most: 1000, unit: 'percent' }),
  percentiles: list(percentile),
  calls: oneOf('auto', 'binding', 'run'),
  transfers: flag,
  stageTimes: flag,
  pipelined: flag,
  layers: flag,
  coldStart: (name, value) => (typeof value === 'number' ? integer(1, 100)(name, value) : flag(name, value)),
  trtexecCompat: (name, value) => {
    if (value !== 10 && value !== 11) throw invalid(name, value, '10 or 11');
  },
};

/** Names of the options, for whoever takes them together with others. */
export const BENCH_OPTION_NAMES = Object.keys(CHECKS) as readonly (keyof BenchOptions)[];

/**
 * Checks each option by itself. One that is `undefined` counts as left out.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION`
 */
export function checkBenchOptions(options: BenchOptions): void {
  rejectUnknown('bench options', options, BENCH_OPTION_NAMES);
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) CHECKS[name as keyof BenchOptions](name, value);
  }
}

const LATENCY_NAME = /^p(\d+(?:\.\d+)?)$/;

function stabilityLatency(name: string, value: unknown): void {
  const expected = "'mean' or a percentile such as 'p99' or 'p99.9'";
  if (value === 'mean') return;
  const percent = typeof value === 'string' ? Number(LATENCY_NAME.exec(value)?.[1]) : NaN;
  if (percent > 0 && percent <= 100) return;
  const digits = /^p(9{3,})$/.exec(String(value))?.[1];
  const hint = digits === undefined ? undefined : `Write 'p${digits.slice(0, 2)}.${digits.slice(2)}'.`;
  throw invalid(name, value, expected, { hint });
}
