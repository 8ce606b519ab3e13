// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import type { BenchEnvironment } from './environment';
import type { Observed, PhasePlan, PhaseResult } from './measured-phase';
import type { Measured } from './measure/measure';
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
  /** As it was before the measurement. */
  readonly environment: BenchEnvironment;
}

/** Puts the result together. Runs nothing. */
export function assembleResult(steps: Steps): BenchResult {
  const { plan, main, pipelined, layers, coldStart, environment } = steps;
  const { request, subject, settings } = plan;
  const { measured, observed, stages } = main;
  const trtexec = trtexecSummary(steps);
  return {
    schemaVersion: SCHEMA_VERSION,
    kind: 'measurement',
    model: subject.model,
    modelSha256: subject.modelSha256,
    label: request.label ?? subject.device,
    case: request.case ?? {},
    backend: subject.backend,
    device: subject.device,
    fallbackReason: subject.fallbackReason,
    settings,
    ...describeEnd(steps),
    warmUp: measured.warmUp,
    inferences: measured.inferences,
    measuredMs: measured.measuredMs,
    throughput: throughputOf(measured, settings.batch),
    latencyMs: describe(measured.latency, { percentiles: settings.percentiles, blocks: measured.blocks }),
    ...optional('serviceMs', measured.service),
    ...optional('sendDelayMs', measured.sendDelay),
    ...describeStages(stages, subject.device),
    ...(pipelined ? { pipelined: describePipelined(pipelined, plan) } : {}),
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
  if (end === 'failed') return { end, ...unsettled(unstableReason), error: describeFailure(error) };
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
  if (plan.request.signal?.aborted !== true) return { end, ...settled };
  return { end: 'interrupted', ...unsettled(end === 'interrupted' ? unstableReason : null) };
}

function unsettled(reason: string | null): { stable: false; unstableReason: string } {
  return { stable: false, unstableReason: reason ?? 'interrupted before all phases were measured' };
}

function throughputOf({ inferences, measuredMs, requestedPerSecond }: Measured, batch: number): Throughput {
  const inferencesPerSecond = measuredMs > 0 ? (inferences * 1000) / measuredMs : 0;
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
  const stages = pipelined?.stages ?? main.stages;
  if (!isGpu(plan.subject.device) || stages === undefined || stages.compute.count === 0) return undefined;
  return summarize(stages, plan.settings.percentiles);
}

function collectWarnings({ plan, main, environment }: Steps): BenchResult['warnings'] {
  const { measured, observed, stages } = main;
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
    machine: { loadAverage: environment.loadAverage ?? 0, cores: availableParallelism() },
  });
}

function isGpu(device: string): boolean {
  return device.startsWith('cuda:');
}
