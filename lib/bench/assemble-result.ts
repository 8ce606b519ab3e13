// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import type { BenchEnvironment } from './environment';
import type { Observed, PhasePlan, PhaseResult } from './measured-phase';
import type { Measured } from './measure/measure';
import { medianInterval } from './median-interval';
import {
  SCHEMA_VERSION,
  type BenchResult,
  type ColdStart,
  type Distribution,
  type FailureReason,
  type LayerTime,
  type PipelinedPhase,
  type Throughput,
  type TrtexecSummary,
  type Unavailable,
} from './result';
import { describe } from './stats/distribution';
import type { LatencyHistogram } from './stats/histogram';
import type { StageRecorder } from './subject/stage-recorder';
import { summarize } from './trtexec/summary';
import { warningsFor } from './trtexec/warnings';
import { describeFailure } from './unavailable';

/** What the steps of a measurement gave. */
export interface Steps {
  readonly plan: PhasePlan;
  readonly main: PhaseResult & { readonly observed: Observed };
  readonly pipelined?: PhaseResult & { readonly concurrency: number };
  readonly pipelinedError?: unknown;
  readonly layers?: readonly LayerTime[] | Unavailable;
  readonly coldStart?: ColdStart | Unavailable;
  /** What failed after the phases, and why. */
  readonly problems?: readonly string[];
  /** As it was before the measurement. */
  readonly environment: BenchEnvironment;
}

/** Puts the result together. Runs nothing. */
export function assembleResult(steps: Steps): BenchResult {
  const { plan, main, pipelined, layers, coldStart, environment } = steps;
  const { request, subject, settings } = plan;
  const { measured, observed, stages } = main;
  const trtexec = trtexecSummary(steps);
  const { unserved = 0 } = measured;
  return {
    schemaVersion: SCHEMA_VERSION,
    kind: 'measurement',
    model: subject.model,
    modelSha256: subject.modelSha256,
    label: request.label ?? subject.device,
    case: request.case ?? {},
    backend: subject.backend,
    device: subject.device,
    ...(subject.deviceName === undefined ? {} : { deviceName: subject.deviceName }),
    fallbackReason: subject.fallbackReason,
    settings,
    ...describeEnd(steps),
    warmUp: measured.warmUp,
    inferences: measured.inferences,
    measuredMs: measured.measuredMs,
    throughput: throughputOf(measured, settings.batch),
    latencyMs: describeLatency(measured, settings.percentiles),
    ...optional('serviceMs', measured.service),
    ...optional('sendDelayMs', measured.sendDelay),
    ...(unserved > 0 ? { unserved } : {}),
    ...describeStages(stages, subject.device),
    ...(pipelined && pipelined.measured.inferences > 0
      ? { pipelined: describePipelined(pipelined, plan) }
      : {}),
    ...(trtexec ? { trtexec } : {}),
    ...observed,
    ...(layers ? { layers } : {}),
    ...(coldStart ? { coldStart } : {}),
    ...(subject.modelBytes === undefined ? {} : { modelBytes: subject.modelBytes }),
    warnings: collectWarnings(steps),
    windows: measured.windows,
    blocks: measured.blocks,
    environment,
  };
}

type End = Pick<BenchResult, 'end' | 'stable' | 'unstableReason' | 'error'>;

function describeEnd({ plan, main, pipelined, pipelinedError }: Steps): End {
  const { end, error, stable, unstableReason } = main.measured;
  const settled = { stable, unstableReason };
  if (end === 'failed') return { end, ...settled, error: describeFailure(error) };
  const laterError = pipelinedError ?? pipelined?.measured.error;
  if (laterError !== undefined) {
    const { code, message, hint }: FailureReason = describeFailure(laterError);
    const where = `In the pipelined phase: ${message}`;
    return {
      end: 'failed',
      ...settled,
      error: { code, message: where, ...(hint === undefined ? {} : { hint }) },
    };
  }
  // What was interrupted after the measurement says nothing about how that one settled.
  return { end: plan.request.signal?.aborted === true ? 'interrupted' : end, ...settled };
}

function describeLatency({ latency, blocks }: Measured, percentiles: readonly number[]): Distribution {
  const distribution = describe(latency, { percentiles });
  const interval = medianInterval(distribution, blocks);
  return interval === undefined ? distribution : { ...distribution, medianInterval: interval };
}

/** A schedule lasts longer than to the end of its last call: the time to the next one is part of it. */
function throughputOf(
  { inferences, measuredMs, scheduleMs = 0, requestedPerSecond }: Measured,
  batch: number,
): Throughput {
  const lastedMs = Math.max(measuredMs, scheduleMs);
  const inferencesPerSecond = lastedMs > 0 ? (inferences * 1000) / lastedMs : 0;
  return {
    inferencesPerSecond,
    samplesPerSecond: inferencesPerSecond * batch,
    ...(requestedPerSecond === undefined ? {} : { requestedPerSecond }),
  };
}

type StageTimes = Pick<BenchResult, 'enqueueMs' | 'h2dMs' | 'computeMs' | 'd2hMs' | 'deviceLatencyMs'>;

function describeStages(stages: StageRecorder | undefined, device: string): StageTimes {
  if (stages === undefined) return {};
  return {
    ...optional('enqueueMs', stages.enqueue),
    ...optional('h2dMs', stages.h2d),
    ...optional('computeMs', stages.compute),
    ...optional('d2hMs', stages.d2h),
    ...(isGpu(device) ? optional('deviceLatencyMs', stages.deviceLatency) : {}),
  };
}

function optional<N extends string>(
  name: N,
  histogram: LatencyHistogram | undefined,
): Partial<Record<N, Distribution>> {
  if (histogram === undefined || histogram.count === 0) return {};
  return { [name]: describe(histogram) } as Partial<Record<N, Distribution>>;
}

function describePipelined(
  { concurrency, measured, stages }: NonNullable<Steps['pipelined']>,
  { settings, subject }: PhasePlan,
): PipelinedPhase {
  return {
    concurrency,
    inferences: measured.inferences,
    measuredMs: measured.measuredMs,
    throughput: throughputOf(measured, settings.batch),
    latencyMs: describe(measured.latency, { percentiles: settings.percentiles }),
    ...describeStages(stages, subject.device),
  };
}

/** trtexec always has a query waiting behind the running one: the pipelined phase is what it would have measured. */
function trtexecSummary({ plan, main, pipelined }: Steps): TrtexecSummary | undefined {
  const stages = [pipelined?.stages, main.stages].find(
    (times) => times !== undefined && times.compute.count > 0,
  );
  if (!isGpu(plan.subject.device) || stages === undefined) return undefined;
  return summarize(stages, plan.settings.percentiles);
}

function collectWarnings({
  plan,
  main,
  pipelined,
  problems = [],
  environment,
}: Steps): BenchResult['warnings'] {
  const { measured, observed, stages } = main;
  if (measured.inferences === 0) return [];
  return warningsFor({
    settings: plan.settings,
    contexts: plan.subject.contexts,
    device: plan.subject.device,
    latencyMs: describe(measured.latency),
    ...optional('sendDelayMs', measured.sendDelay),
    queueGrew: measured.queueGrew,
    eventLoopUtilization: observed.eventLoopUtilization,
    ...(stages ? { times: stages, droppedTimes: stages.dropped } : {}),
    ...(observed.gpu ? { gpu: observed.gpu } : {}),
    problems: [...new Set([...main.problems, ...(pipelined?.problems ?? []), ...problems])],
    machine: { loadAverage: environment.loadAverage ?? 0, cores: availableParallelism() },
  });
}

function isGpu(device: string): boolean {
  return device.startsWith('cuda:');
}
