// SPDX-License-Identifier: Apache-2.0
// From the command line to what is measured; whatever contradicts itself is refused here, with what to write instead.

import { availableParallelism } from 'node:os';
import type { BenchOptions } from '../../bench/bench-options';
import type { LoadOptions } from '../../bench/load-options';
import type { BenchCase } from '../../bench/result';
import { planCases, type PlannedCase } from '../../bench/suite/plan-cases';
import { DEFAULT_MAX_QUEUE, type SessionOptions } from '../../session/session-options';
import { usageError } from '../args/usage-error';
import { toGpuOptions } from '../session-arguments';
import type { DeviceName } from '../session-talk';
import type { BenchArguments } from './bench-table';
import { percentOf, type LatencyLimit, type PrecisionChoice } from './bench-values';

type Given = BenchArguments['options'];

/** All that is measured. */
export interface BenchPlan {
  readonly model: string;
  readonly cases: readonly PlannedCase[];
  /** Precisions by their name; empty where none were asked for. */
  readonly precisions: ReadonlyMap<string, PrecisionChoice>;
  /** Of every measurement; the load is that of the case. */
  readonly options: BenchOptions;
  /** The search for the highest rate, where one was asked for. */
  readonly search: { readonly limit: LatencyLimit; readonly firstRate: number | undefined } | undefined;
  /** Options of the sessions on a device. */
  readonly sessionOptions: (device: DeviceName) => SessionOptions;
  /** When calls are made in a case, or at a rate. */
  readonly loadOf: (values: Pick<BenchCase, 'concurrency' | 'ratePerSecond'>) => LoadOptions;
}

/**
 * Plans the measurements of a command line.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE`
 */
export function planBench({ options: given, positionals }: BenchArguments): BenchPlan {
  checkLoad(given);
  checkMethod(given);
  checkAgainst(given);
  const precisions = given.precision ?? [];
  const cases = planCases({
    devices: unique(given.device ?? ['auto'], '--device'),
    precisions: unique(
      precisions.map(({ precision }) => precision),
      '--precision',
    ),
    batches: given.batch,
    concurrencies: given.concurrency,
    rates: given.latencyLimit === undefined ? given.rate : undefined,
  });
  checkCases(given, cases);
  return {
    model: positionals[0]!,
    cases,
    precisions: new Map(precisions.map((choice) => [choice.precision, choice])),
    options: toBenchOptions(given),
    search: given.latencyLimit && { limit: given.latencyLimit, firstRate: given.rate?.[0] },
    sessionOptions: (device) => toSessionOptions(given, device),
    loadOf: (values) => toLoad(given, values),
  };
}

function unique<T extends string>(values: readonly T[], name: string): readonly T[] {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw usageError(`${name} names ${twice} twice.`);
  return values;
}

function checkLoad(given: Given): void {
  const { concurrency, rate, schedule, latencyLimit, arrivals, maxInFlight } = given;
  const isOpen = rate !== undefined || latencyLimit !== undefined;
  if (concurrency !== undefined && (isOpen || schedule !== undefined)) {
    throw usageError(
      `--concurrency starts a call when one before it has ended, ${isOpen ? (rate === undefined ? '--latency-limit' : '--rate') : '--schedule'} when the clock says.`,
      'Give one of them; --max-in-flight bounds the calls in flight of --rate and --schedule.',
    );
  }
  if (schedule !== undefined && isOpen)
    throw usageError(
      '--schedule has the moments of the calls; a rate cannot be given beside it.',
      'Leave one out.',
    );
  if (arrivals !== undefined && !isOpen)
    throw usageError(
      '--arrivals says how calls of --rate are spread, and there is no rate.',
      'Write --rate 100',
    );
  if (maxInFlight !== undefined && !isOpen && schedule === undefined) {
    throw usageError(
      '--max-in-flight belongs to --rate and --schedule.',
      'Write --concurrency 4 for four calls in flight at any moment.',
    );
  }
}

function checkMethod(given: Given): void {
  if (given.pipelined && given.noPipelined)
    throw usageError('--pipelined and --no-pipelined contradict each other.', 'Leave one out.');
  const needed = ['failIf', 'ignore'] as const;
  const compared = [
    ...needed.filter((key) => given[key].length > 0),
    ...(['metric', 'threshold', 'rounds'] as const).filter((key) => given[key] !== undefined),
    ...(given.force ? ['force'] : []),
    ...(given.requireDecided ? ['require-decided'] : []),
  ];
  const isAgainst = given.against !== undefined || given.againstModel !== undefined;
  if (compared.length > 0 && !isAgainst) {
    throw usageError(
      `--${compared[0] === 'failIf' ? 'fail-if' : compared[0]} is about a comparison, and nothing is compared here.`,
      'Give --against or --against-model; tensorrt-node compare a.json b.json compares results that are there.',
    );
  }
}

/** What a comparison would leave out without a word. */
function checkAgainst(given: Given): void {
  if (given.against === undefined && given.againstModel === undefined) return;
  if (given.trace !== undefined)
    throw usageError(
      '--trace shows the calls of this process, and --against measures in processes of their own.',
      'Trace a measurement without --against.',
    );
}

function checkCases(given: Given, cases: readonly PlannedCase[]): void {
  const several = `there are ${cases.length} cases (${cases
    .slice(0, 3)
    .map(({ label }) => label)
    .join(', ')}${cases.length > 3 ? ', …' : ''})`;
  const refuse = (name: string) => {
    throw usageError(
      `${name} takes one case, and ${several}.`,
      'Give one device, precision, batch and load.',
    );
  };
  if (given.latencyLimit !== undefined && (given.rate?.length ?? 0) > 1)
    throw usageError('--latency-limit searches the rate itself.', 'Give one --rate to begin with, or none.');
  if (given.latencyLimit !== undefined && given.trace !== undefined)
    throw usageError(
      '--trace shows one measurement, and --latency-limit makes many.',
      'Trace the rate that it finds: --rate.',
    );
  if (cases.length === 1) return;
  if (given.latencyLimit !== undefined) refuse('--latency-limit');
  if (given.trace !== undefined) refuse('--trace');
  if (given.against !== undefined || given.againstModel !== undefined) refuse('--against');
}

function toBenchOptions(given: Given): BenchOptions {
  const limit = given.latencyLimit === undefined ? undefined : percentOf(given.latencyLimit.percentile);
  const percentiles = [...given.percentile.flat(), ...(limit === undefined ? [] : [limit])];
  const options: BenchOptions = {
    durationMs: given.duration,
    warmUpMs: given.warmUp,
    warmUpIterations: given.warmUpIterations,
    iterations: given.iterations,
    stabilityLatency: given.stabilityLatency,
    stabilityPercent: given.stabilityPercent,
    percentiles: percentiles.length === 0 ? undefined : [...new Set(percentiles)],
    calls: given.calls,
    transfers: given.noTransfers ? false : undefined,
    stageTimes: { auto: undefined, on: true, off: false }[given.stageTimes ?? 'auto'],
    pipelined: given.pipelined ? true : given.noPipelined ? false : undefined,
    layers: given.layers ? true : undefined,
    coldStart: given.coldStart ? true : undefined,
    trtexecCompat: given.trtexecCompat,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function toSessionOptions(given: Given, device: DeviceName): SessionOptions {
  const { contexts = 1 } = given;
  const inFlight = Math.max(
    ...(given.concurrency ?? [1]),
    given.rate === undefined && given.schedule === undefined && given.latencyLimit === undefined
      ? 1
      : (given.maxInFlight ?? DEFAULT_MAX_QUEUE),
  );
  return {
    device,
    contexts,
    // The session's own default, written out so that the result has it.
    intraOpNumThreads: given.threads ?? Math.max(1, Math.floor(availableParallelism() / contexts)),
    // All calls in flight may wait at once.
    maxQueue: Math.max(DEFAULT_MAX_QUEUE, inFlight),
    ...(given.spinWait ? { spinWait: true } : {}),
    ...toGpuOptions(given),
  };
}

function toLoad(given: Given, values: Pick<BenchCase, 'concurrency' | 'ratePerSecond'>): LoadOptions {
  const bound = given.maxInFlight === undefined ? {} : { maxInFlight: given.maxInFlight };
  if (given.schedule !== undefined) return { schedule: given.schedule, ...bound };
  const { ratePerSecond, concurrency = 1 } = values;
  if (ratePerSecond === undefined) return { concurrency };
  return {
    ratePerSecond,
    ...(given.arrivals === undefined ? {} : { arrivals: given.arrivals }),
    ...(given.arrivals === 'poisson' ? { seed: given.seed ?? 0 } : {}),
    ...bound,
  };
}
