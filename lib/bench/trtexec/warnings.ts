// SPDX-License-Identifier: Apache-2.0
// What a reader should know before quoting the numbers. The first four are trtexec's, with its limits; the others are
// ours. Each message has the numbers, and what to do.

import type { BenchWarning, Distribution, GpuUsage, Unavailable } from '../result';
import type { BenchSettings } from '../settings';
import { medianOf, variationOf, type DeviceTimes } from './summary';

/** What warnings are judged by. */
export interface WarningFacts {
  readonly settings: BenchSettings;
  /** Calls that the session runs at the same time; 0 for a function. */
  readonly contexts: number;
  readonly device: string;
  readonly latencyMs: Distribution;
  readonly sendDelayMs?: Distribution;
  readonly queueGrew: boolean;
  readonly eventLoopUtilization: number;
  /** Where there are device times. */
  readonly times?: DeviceTimes;
  /** Runs whose device times were lost. */
  readonly droppedTimes?: number;
  /** What failed beside the calls, and why. */
  readonly problems?: readonly string[];
  readonly gpu?: GpuUsage | Unavailable;
  /** Load of the machine before the measurement, and what it can carry. */
  readonly machine: { readonly loadAverage: number; readonly cores: number };
}

type Rule = (facts: WarningFacts) => readonly BenchWarning[];

const ENQUEUE_SHARE = 0.8;
const STABLE_VARIATION = 0.025;
const LATE_MS = 1;
const LATE_SHARE = 0.1;
const LEAST_SAMPLES = 10;
/** Every result has them. */
/** The ones beyond, which most measurements are too short for, are marked where they are shown. */
const QUOTED_PERCENTILES = [50, 90, 95, 99];
const BUSY_LOOP = 0.9;

/** The order is that of the warnings in the result. */
const RULES: readonly Rule[] = [
  enqueueBound,
  transferBound,
  unstableClock,
  sharedStreams,
  throttled,
  queueGrowing,
  lateSchedule,
  fewSamples,
  busyEventLoop,
  busyMachine,
  sensors,
];

/** All warnings that the facts call for. */
export function warningsFor(facts: WarningFacts): BenchWarning[] {
  return RULES.flatMap((rule) => rule(facts));
}

function warn(code: BenchWarning['code'], message: string): readonly BenchWarning[] {
  return [{ code, message }];
}

const NONE: readonly BenchWarning[] = [];

function enqueueBound({ times }: WarningFacts) {
  if (times === undefined || times.enqueue.count === 0) return NONE;
  const enqueue = medianOf(times.enqueue);
  const compute = medianOf(times.compute);
  if (enqueue <= ENQUEUE_SHARE * compute) return NONE;
  return warn(
    'enqueue-bound',
    `The host is the limit: the median enqueue takes ${ms(enqueue)}, the GPU ${ms(compute)} to compute. Use cudaGraph: 'on', a larger batch, or more contexts.`,
  );
}

function transferBound({ times }: WarningFacts) {
  if (times === undefined) return NONE;
  const compute = medianOf(times.compute);
  return [
    { histogram: times.h2d, what: 'to the device' },
    { histogram: times.d2h, what: 'from the device' },
  ].flatMap(({ histogram, what }) => {
    const copy = medianOf(histogram);
    if (histogram.count === 0 || copy < compute) return NONE;
    return warn(
      'transfer-bound',
      `Copies are the limit: the median copy ${what} takes ${ms(copy)}, the network ${ms(compute)}. Use bindings, tensors that stay on the device, a smaller element type, or two contexts so that copies and computing overlap.`,
    );
  });
}

function unstableClock({ times, device }: WarningFacts) {
  if (times === undefined || !device.startsWith('cuda:')) return NONE;
  const variation = variationOf(times.compute);
  if (variation <= STABLE_VARIATION) return NONE;
  return warn(
    'unstable-clock',
    `GPU compute time is unstable: it varies by ${percent(variation)} (deviation over mean), more than ${percent(STABLE_VARIATION)}. Lock the clocks: nvidia-smi --lock-gpu-clocks.`,
  );
}

function sharedStreams({ contexts, device }: WarningFacts) {
  if (!device.startsWith('cuda:') || contexts <= 1) return NONE;
  return warn(
    'shared-streams',
    `${contexts} contexts share the GPU: the latency of a call includes waiting for the others. Judge by throughput, or measure latency with one context.`,
  );
}

/** Reasons that hold a run back; the others (idle, clocks set by hand, a display) are choices or no harm. */
const SLOWING = ['sw_power_cap', 'hw_slowdown', 'sw_thermal', 'hw_thermal', 'hw_power_brake', 'sync_boost'];

function throttled({ gpu }: WarningFacts) {
  if (gpu === undefined || 'unavailable' in gpu) return NONE;
  const seen = Object.entries(gpu.throttling).filter(([name]) => SLOWING.includes(name));
  if (seen.length === 0) return NONE;
  const list = seen.map(([name, share]) => `${name} in ${percent(share)} of the samples`).join(', ');
  return warn(
    'throttled',
    `The GPU lowered its clocks: ${list}. Cool it, raise its power limit, or lock the clocks to a frequency that it can hold.`,
  );
}

function queueGrowing({ queueGrew, settings: { load } }: WarningFacts) {
  if (!queueGrew) return NONE;
  const rate = load.kind === 'open' ? ` of ${load.ratePerSecond} calls a second` : '';
  return warn(
    'queue-growing',
    `Calls came faster than they were answered, and those that waited became more and more: the latency has no end at the rate${rate}. Measure at a lower rate.`,
  );
}

function lateSchedule({ sendDelayMs, latencyMs }: WarningFacts) {
  if (sendDelayMs === undefined || sendDelayMs.count === 0) return NONE;
  const { p99 } = sendDelayMs;
  const limit = Math.min(LATE_MS, LATE_SHARE * latencyMs.p50);
  if (p99 <= limit) return NONE;
  return warn(
    'late-schedule',
    `Calls were made later than scheduled: by ${ms(p99)} at p99, with a median latency of ${ms(latencyMs.p50)}. The latency counts from the schedule, so it includes that. Lower the rate, raise maxInFlight, or take work off the event loop.`,
  );
}

function fewSamples({ latencyMs, settings: { percentiles } }: WarningFacts) {
  const { count } = latencyMs;
  const judged = [...QUOTED_PERCENTILES, ...percentiles.filter((p) => p < 100)];
  const weak = judged.filter((p) => count < callsFor(p));
  if (weak.length === 0) return NONE;
  const lowest = Math.min(...weak);
  const supported = Math.max(...judged.filter((p) => p < lowest));
  const say = Number.isFinite(supported)
    ? `p${supported} is the highest percentile with ${LEAST_SAMPLES} calls beyond it. Quote none above it`
    : `no percentile has ${LEAST_SAMPLES} calls beyond it. Quote none`;
  return warn(
    'few-samples',
    `Of ${count} measured calls, ${say}, or measure longer: p${lowest} wants ${callsFor(lowest)} calls.`,
  );
}

/** Calls of which enough lie beyond a percentile. Rounded first: 1000 / (100 - 99.9) is 10000.0000000006. */
function callsFor(percentile: number): number {
  return Math.ceil(Number(((LEAST_SAMPLES * 100) / (100 - percentile)).toFixed(6)));
}

function busyEventLoop({ eventLoopUtilization }: WarningFacts) {
  if (eventLoopUtilization <= BUSY_LOOP) return NONE;
  return warn(
    'busy-event-loop',
    `The event loop was busy for ${percent(eventLoopUtilization)} of the time: JavaScript is part of the limit. Use bindings (calls: 'binding') or a larger batch.`,
  );
}

function busyMachine({ machine: { loadAverage, cores } }: WarningFacts) {
  if (loadAverage <= cores) return NONE;
  return warn(
    'busy-machine',
    `The machine was busy before the measurement: a load average of ${loadAverage.toFixed(1)} on ${cores} ${cores === 1 ? 'core' : 'cores'}. End other work and measure again.`,
  );
}

function sensors({ droppedTimes = 0, problems = [] }: WarningFacts) {
  const dropped = `Device times of ${droppedTimes} runs are missing: they were not taken in time.`;
  return [...(droppedTimes === 0 ? [] : [dropped]), ...problems].flatMap((text) => warn('sensor', text));
}

function ms(value: number): string {
  return `${value < 1 ? value.toPrecision(2) : value.toFixed(2)} ms`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
