// SPDX-License-Identifier: Apache-2.0
// One measured phase of a subject with everything that watches it.

import type { BenchRequest } from './bench-request';
import { slotsOf } from './load-options';
import { measure, type Measured } from './measure/measure';
import type { Distribution, EnergyUsage, GpuUsage, ProcessUsage, Unavailable } from './result';
import { EventLoopSensor } from './sensors/event-loop';
import { GpuSensor } from './sensors/gpu';
import { PackageEnergySensor } from './sensors/package-energy';
import { ProcessSensor } from './sensors/process-usage';
import { Watch } from './sensors/watch';
import type { BenchSettings } from './settings';
import type { ClosableTarget } from './subject/session-target';
import { StageRecorder } from './subject/stage-recorder';
import type { Subject } from './subject/subject';
import { unavailable } from './unavailable';

/** What is measured in a phase. */
export interface PhasePlan {
  readonly request: BenchRequest;
  readonly subject: Subject;
  readonly settings: BenchSettings;
  readonly transfers: boolean;
  readonly recordedMs?: readonly number[] | undefined;
}

/** What the sensors said while measuring. */
export interface Observed {
  readonly eventLoopDelayMs: Distribution;
  readonly eventLoopUtilization: number;
  readonly process: ProcessUsage;
  readonly gpu?: GpuUsage | Unavailable;
  readonly cpuEnergy: EnergyUsage | Unavailable;
}

/** A phase with its numbers. */
export interface PhaseResult {
  readonly measured: Measured;
  readonly stages?: StageRecorder;
  /** What failed beside the calls, and why: sensors, and the closing of what made the calls. */
  readonly problems: readonly string[];
}

/** Measures with all sensors. */
export async function measureObserved(
  plan: PhasePlan,
): Promise<PhaseResult & { readonly observed: Observed }> {
  const { subject, request } = plan;
  const eventLoop = new EventLoopSensor();
  const usage = new ProcessSensor();
  const energy = new PackageEnergySensor();
  const gpu = subject.device.startsWith('cuda:')
    ? await GpuSensor.open(subject.device as `cuda:${number}`)
    : undefined;
  try {
    const stages = makeRecorder(plan, request.stageLog);
    // The event loop is watched last and least long: reading the others takes some of its time.
    const watch = new Watch([energy, usage, ...(gpu ? [gpu] : []), ...(stages ? [stages] : []), eventLoop]);
    const { measured, problems } = await measureTarget(plan, { watch, stages, isLogged: true });
    const { inferences } = measured;
    const observed = {
      eventLoopDelayMs: eventLoop.distribution(),
      eventLoopUtilization: eventLoop.utilization,
      process: usage.usage(),
      ...(gpu === undefined ? {} : { gpu: await gpu.usage(inferences, sessionBytes(subject)) }),
      cpuEnergy: energy.usage(inferences),
    };
    return {
      measured,
      observed,
      ...(stages ? { stages } : {}),
      problems: [...watch.problems, ...problems],
    };
  } finally {
    await gpu?.close();
  }
}

/** Measures with the device's times alone. */
export async function measurePlain(plan: PhasePlan): Promise<PhaseResult> {
  const stages = makeRecorder(plan);
  const result = await measureTarget(plan, { watch: stages, stages, isLogged: false });
  return { ...result, ...(stages ? { stages } : {}) };
}

function makeRecorder(
  { subject, settings }: PhasePlan,
  log?: BenchRequest['stageLog'],
): StageRecorder | undefined {
  return settings.stageTimes && subject.stages ? new StageRecorder(subject.stages, log) : undefined;
}

interface Watchers {
  readonly watch: { start(): void; stop(): void } | undefined;
  readonly stages: StageRecorder | undefined;
  /** Whether the caller's log gets the calls, and the caller is told of phases. */
  readonly isLogged: boolean;
}

async function measureTarget(
  plan: PhasePlan,
  { watch, stages, isLogged }: Watchers,
): Promise<Omit<PhaseResult, 'stages'>> {
  const { request, subject, settings, transfers, recordedMs } = plan;
  const { calls, load } = settings;
  const target = await subject.makeTarget({ calls, slots: slotsOf(load), transfers });
  const problems: string[] = [];
  try {
    const measured = await measure({
      target,
      settings,
      recordedMs,
      watch,
      time: request.time,
      signal: request.signal,
      ...(isLogged ? { callLog: request.callLog, onPhase: request.onPhase } : {}),
      ...(stages ? { onBlock: () => stages.drain() } : {}),
    });
    if (stages?.problem !== undefined) problems.push(stages.problem);
    return { measured, problems };
  } finally {
    // Told with the result, which has the array.
    problems.push(...(await closingProblems('closing the bindings', target)));
  }
}

/** Closes. What was measured matters more than what fails then: that is told. */
export async function closingProblems(
  what: string,
  closable: Pick<ClosableTarget, 'close'>,
): Promise<readonly string[]> {
  try {
    await closable.close();
    return [];
  } catch (error) {
    return [unavailable(what, error).unavailable];
  }
}

function sessionBytes({ loaded }: Subject): number | undefined {
  try {
    return loaded?.session.statistics().deviceBytes;
  } catch {
    // A session that was lost, or on another device.
    return undefined;
  }
}
