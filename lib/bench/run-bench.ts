// SPDX-License-Identifier: Apache-2.0
import type { Feeds, Session } from '../index';
import { runClosedLoop, systemClock, type Clock } from './closed-loop';
import { describeEnvironment } from './environment';
import { watchEventLoop } from './event-loop-delay';
import { closeLanes, createLanes, type Lane } from './lanes';
import { LatencyRecorder } from './latency-recorder';
import type { BenchReport } from './report';
import type { BenchSettings } from './settings';
import { StopRule } from './stop-rule';

/** What a measurement needs. */
export interface BenchRequest {
  /** Name of the model in the report. */
  readonly model: string;
  readonly session: Session;
  readonly feeds: Feeds;
  readonly settings: BenchSettings;
  /** More settings that the numbers depend on, for the report: shapes, threads, seed. */
  readonly extraSettings?: Readonly<Record<string, unknown>>;
  /** Versions for the report. */
  readonly versions?: Readonly<Record<string, string>>;
  /** Ends the measurement early; the report then says that it is not stable. */
  readonly signal?: AbortSignal;
  /** Told when a phase begins. */
  readonly onPhase?: (phase: 'warm-up' | 'measure') => void;
  readonly clock?: Clock;
}

/** Measures a session: lanes, warm-up, measurement, report. The session stays open. */
export async function runBench(request: BenchRequest): Promise<BenchReport> {
  const { settings } = request;
  const lanes = await createLanes(request.session, request.feeds, settings.calls, settings.concurrency);
  try {
    request.onPhase?.('warm-up');
    await warmUp(lanes, request);
    request.onPhase?.('measure');
    return await measure(lanes, request);
  } finally {
    await closeLanes(lanes);
  }
}

/** Runs until the warm-up time has passed; at least one inference per lane. */
async function warmUp(lanes: readonly Lane[], request: BenchRequest): Promise<void> {
  const now = request.clock ?? systemClock;
  const endMs = now() + request.settings.warmUpMs;
  const isOver = () => now() >= endMs || request.signal?.aborted === true;
  await Promise.all(lanes.map((lane) => lane.infer()));
  if (!isOver()) await runClosedLoop(lanes, { onInference: () => !isOver() }, now);
}

async function measure(lanes: readonly Lane[], request: BenchRequest): Promise<BenchReport> {
  const now = request.clock ?? systemClock;
  const recorder = new LatencyRecorder();
  const startMs = now();
  let lastMs = startMs;
  const rule = new StopRule(request.settings, startMs);
  const onInference = (endMs: number, latencyMs: number) => {
    recorder.add(latencyMs);
    lastMs = endMs;
    return !rule.add(endMs, latencyMs) && request.signal?.aborted !== true;
  };
  const eventLoopDelayMs = await watchEventLoop(() => runClosedLoop(lanes, { onInference }, now));
  return assemble(request, rule, {
    ...describeTimes(recorder, lastMs - startMs),
    eventLoopDelayMs,
    windows: rule.windows,
  });
}

type Measured = Pick<
  BenchReport,
  'inferences' | 'measuredMs' | 'throughput' | 'latencyMs' | 'eventLoopDelayMs' | 'windows'
>;

function describeTimes(
  recorder: LatencyRecorder,
  measuredMs: number,
): Omit<Measured, 'eventLoopDelayMs' | 'windows'> {
  return {
    inferences: recorder.count,
    measuredMs,
    throughput: { inferencesPerSecond: measuredMs > 0 ? (recorder.count * 1000) / measuredMs : 0 },
    latencyMs: recorder.distribution(),
  };
}

function assemble(request: BenchRequest, rule: StopRule, measured: Measured): BenchReport {
  const { session, settings, extraSettings = {}, versions = {} } = request;
  const stability =
    request.signal?.aborted === true ? { stable: false, reason: 'interrupted' } : rule.stability();
  return {
    model: request.model,
    backend: session.backend,
    device: session.device,
    fallbackReason: session.fallbackReason,
    settings: { ...settings, ...extraSettings },
    stable: stability.stable,
    unstableReason: stability.reason,
    ...measured,
    environment: describeEnvironment(versions),
  };
}
