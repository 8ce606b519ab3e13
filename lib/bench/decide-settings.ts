// SPDX-License-Identifier: Apache-2.0
import { checkBenchOptions, type BenchOptions } from './bench-options';
import { decideLoad } from './load-options';
import { invalid } from './option-values';
import type { RecordedSchedule } from './schedule-file';
import type { BenchSettings, CallMode, Load } from './settings';
import { compatDefaults, refuseContradictions } from './trtexec/compat';

/** What the settings depend on beside the options. */
export interface SettingFacts {
  /** `'cpu'`, `'cuda:0'`, or any name for a function. */
  readonly device: string;
  /** Calls that the session runs at the same time; 0 for a function. */
  readonly contexts: number;
  /** Whether the session records the times of the device. */
  readonly hasStageTimes: boolean;
  /** Sets of inputs that calls take in turn. Default 1. */
  readonly inputSets?: number;
  /** Samples in one inference. */
  readonly batch: number;
  /** What the schedule of the options holds; needed where they have one. */
  readonly schedule?: RecordedSchedule;
  /** Settings of the session, by the names of `createSession()`'s options. */
  readonly session?: Readonly<Record<string, unknown>>;
}

/** Length of a measurement where none is told. */
export const DEFAULT_DURATION_MS = 3000;
const WINDOWS = 6;
const SHORTEST_WINDOW_MS = 50;

/**
 * Decides all settings of a measurement.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_*` for values that are out of range, that contradict each other, or that the
 *   device cannot do.
 */
export function decideSettings(options: BenchOptions, facts: SettingFacts): BenchSettings {
  checkBenchOptions(options);
  const { trtexecCompat } = options;
  const load = decideLoad(options.load, facts.schedule);
  if (trtexecCompat !== undefined) refuseContradictions(trtexecCompat, options, facts);
  const given = { ...compatDefaults(trtexecCompat), ...withoutUndefined(options) };
  refuseGpuOptions(given, facts);
  const { durationMs = DEFAULT_DURATION_MS } = given;
  return {
    load,
    warmUpMs: given.warmUpMs ?? 500,
    warmUpIterations: given.warmUpIterations ?? (load.kind === 'closed' ? load.concurrency : 1),
    durationMs,
    // At a low rate ten calls could take hours.
    iterations: given.iterations ?? (load.kind === 'closed' ? 10 : 1),
    windowMs: Math.max(SHORTEST_WINDOW_MS, durationMs / WINDOWS),
    stabilityLatency: given.stabilityLatency ?? 'mean',
    stabilityPercent: given.stabilityPercent ?? 10,
    percentiles: [...(given.percentiles ?? [])],
    calls: decideCalls(given.calls, load, facts),
    batch: facts.batch,
    stageTimes: decideStageTimes(given.stageTimes, facts),
    ...(trtexecCompat === undefined ? {} : { trtexecCompat }),
    session: { ...facts.session, transfers: given.transfers ?? true },
  };
}

/** Whether a pipelined phase follows the measurement. */
export function decidePipelined(
  { pipelined }: BenchOptions,
  { load }: BenchSettings,
  device: string,
): boolean {
  return pipelined ?? (isGpu(device) && load.kind === 'closed' && load.concurrency === 1);
}

/** Fresh processes to measure the cold start in; 0 for none. */
export function coldStartProcesses({ coldStart = false }: BenchOptions): number {
  return typeof coldStart === 'number' ? coldStart : coldStart ? 3 : 0;
}

function isGpu(device: string): boolean {
  return device.startsWith('cuda:');
}

function decideCalls(calls: BenchOptions['calls'], load: Load, facts: SettingFacts): CallMode {
  if (calls !== undefined && calls !== 'auto') return calls;
  const { contexts, inputSets = 1 } = facts;
  // A binding holds one set of inputs.
  const isBound = inputSets === 1 && load.kind === 'closed' && load.concurrency <= contexts;
  return isBound ? 'binding' : 'run';
}

function decideStageTimes(asked: boolean | undefined, { hasStageTimes }: SettingFacts): boolean {
  if (asked !== true || hasStageTimes) return asked ?? hasStageTimes;
  throw invalid('stageTimes', true, 'left out: this session does not record the times of the device', {
    hint: 'Make it with createSession(model, { stageTimes: true }), or let runBench() open it.',
  });
}

function refuseGpuOptions({ transfers, pipelined }: BenchOptions, { device }: SettingFacts): void {
  if (isGpu(device)) return;
  const hint = `It is for GPUs, and this runs on ${device}.`;
  if (transfers === false) throw invalid('transfers', false, `true on ${device}`, { hint });
  if (pipelined === true) throw invalid('pipelined', true, `false on ${device}`, { hint });
}

function withoutUndefined(options: BenchOptions): BenchOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
