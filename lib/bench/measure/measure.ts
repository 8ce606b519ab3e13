// SPDX-License-Identifier: Apache-2.0
import type { BenchWindow, LatencyBlock } from '../result';
import type { BenchSettings, Load } from '../settings';
import type { LatencyHistogram } from '../stats/histogram';
import { createArrivals, type ScheduledLoad } from './arrivals';
import type { CallLog } from './call-log';
import { runClosedLoop } from './closed-loop';
import { StopSwitch, type Loop } from './loop';
import { runOpenLoop, type OpenLoopEnd } from './open-loop';
import { QueueWatch } from './queue-watch';
import { Recorder } from './recorder';
import { StopRule, type Stability } from './stop-rule';
import type { Target } from './target';
import { systemTime, type Time } from './time';
import { warmUp, type WarmUp } from './warm-up';

/** What is measured, and how. */
export interface MeasureRequest {
  readonly target: Target;
  readonly settings: BenchSettings;
  /** Moments of a `schedule` load, in milliseconds from its start, rising. */
  readonly recordedMs?: readonly number[];
  readonly time?: Time;
  /** Ends the measurement early; what was measured until then is given. */
  readonly signal?: AbortSignal;
  /** Keeps the measured calls one by one. */
  readonly callLog?: CallLog;
  readonly onPhase?: (phase: 'warm-up' | 'measure') => void;
  /** Runs around the measured calls alone. */
  readonly watch?: { start(): void; stop(): void };
  /** Between measured calls, at the end of each block, after 16,384 calls at the latest: to empty native logs. */
  readonly onBlock?: () => void;
}

/** What was measured. */
export interface Measured {
  /** `failed`: a call rejected. What was measured until then is here, with the calls that were in flight. */
  readonly end: 'complete' | 'interrupted' | 'failed';
  /** What the failed call rejected with. */
  readonly error?: unknown;
  readonly warmUp: WarmUp;
  /** On the clock of the request. */
  readonly startMs: number;
  /** Calls that ended. */
  readonly inferences: number;
  /** From the start (in an open loop of the schedule) to the end of the last call. */
  readonly measuredMs: number;
  /**
   * From the call, or its scheduled moment, to its end. Calls of the schedule that were not made are in it with the
   * time that they had waited: the least that their latency would have been.
   */
  readonly latency: LatencyHistogram;
  /** Open loop: from the real start to the end. */
  readonly service?: LatencyHistogram;
  /** Open loop: from the scheduled moment to the real start. */
  readonly sendDelay?: LatencyHistogram;
  /** Open loop: time that the schedule gave the calls, to the moment at which the next one would have been due. */
  readonly scheduleMs?: number;
  /** Open loop: calls a second that the schedule wanted. */
  readonly requestedPerSecond?: number;
  /** Open loop: calls that were still waiting when as much time again as was to be measured had passed. */
  readonly unserved?: number;
  /** The latencies of the calls that were made piece by piece; at most 120. */
  readonly blocks: readonly LatencyBlock[];
  /** The last 600. */
  readonly windows: readonly BenchWindow[];
  readonly stable: boolean;
  readonly unstableReason: string | null;
  /** Open loop: calls came faster than they were served. */
  readonly queueGrew: boolean;
}

/**
 * Warms up and measures. Ends when both the time and the number of the settings are reached; the calls then in flight,
 * or waiting in an open loop, are awaited and counted.
 *
 * @throws what the failed call rejected with, where no call had been measured before.
 */
export async function measure(request: MeasureRequest): Promise<Measured> {
  const { target, settings, recordedMs, time = systemTime, signal } = request;
  request.onPhase?.('warm-up');
  const warmUpStop = new StopSwitch(signal);
  const warmed = await warmUp({ target, settings, recordedMs, time, stop: warmUpStop });
  warmUpStop.dispose();
  if (warmUpStop.failure !== undefined) throw warmUpStop.failure.error;
  if (!signal?.aborted) request.onPhase?.('measure');
  const phase = await runWatched(request, time);
  return phase.describe(warmed);
}

/** The watch sees the calls, and not what is computed from them afterwards. */
async function runWatched(request: MeasureRequest, time: Time): Promise<MeasuredPhase> {
  request.watch?.start();
  try {
    const phase = new MeasuredPhase(request, time);
    await phase.run();
    return phase;
  } finally {
    request.watch?.stop();
  }
}

/** The part of a measurement that counts. */
class MeasuredPhase {
  readonly #startMs: number;
  readonly #stop: StopSwitch;
  readonly #recorder: Recorder;
  readonly #rule: StopRule;
  readonly #queue: QueueWatch | undefined;
  #schedule: OpenLoopEnd | undefined;

  constructor(
    private readonly request: MeasureRequest,
    private readonly time: Time,
  ) {
    const { settings, recordedMs, callLog, onBlock, signal } = request;
    const { load, durationMs } = settings;
    this.#queue =
      load.kind === 'closed' ? undefined : new QueueWatch(createArrivals(load, recordedMs), durationMs);
    this.#stop = new StopSwitch(signal);
    this.#startMs = time.now();
    this.#rule = new StopRule({ ...settings, isScheduleUneven: isUneven(load) }, this.#startMs);
    const isScheduled = load.kind !== 'closed';
    this.#recorder = new Recorder({ startMs: this.#startMs, durationMs, isScheduled, callLog, onBlock });
  }

  async run(): Promise<void> {
    const { load } = this.request.settings;
    try {
      // Interrupted in the warm-up.
      if (this.#stop.isStopped) return;
      if (load.kind === 'closed') await runClosedLoop(load.concurrency, this.#loop());
      else await this.#play(load);
      this.#recorder.finish();
    } finally {
      this.#stop.dispose();
    }
    if (this.#stop.failure !== undefined && this.#recorder.inferences === 0) throw this.#stop.failure.error;
  }

  describe(warmed: WarmUp): Measured {
    const stability = this.#stability();
    const { inferences, measuredMs, latency, service, sendDelay } = this.#recorder;
    const { failure } = this.#stop;
    return {
      end: this.#end(),
      ...(failure !== undefined && { error: failure.error }),
      warmUp: warmed,
      startMs: this.#startMs,
      inferences,
      measuredMs,
      latency,
      ...(this.#schedule !== undefined && { service, sendDelay, ...describeSchedule(this.#schedule) }),
      blocks: this.#recorder.blocks(),
      windows: this.#rule.windows,
      stable: stability.stable,
      unstableReason: stability.reason,
      queueGrew: this.#queueGrew(),
    };
  }

  #loop(): Loop {
    const { target } = this.request;
    const [rule, recorder, queue, startMs] = [this.#rule, this.#recorder, this.#queue, this.#startMs];
    const observer = {
      onCall: (scheduledMs: number, callMs: number, endMs: number, slot: number) => {
        recorder.record(scheduledMs, callMs, endMs, slot);
        queue?.onEnd(endMs - startMs);
        return !rule.add(endMs, endMs - scheduledMs);
      },
      onUnserved: (waitedMs: number) => recorder.recordUnserved(waitedMs),
    };
    return { target, time: this.time, observer, stop: this.#stop };
  }

  async #play(load: ScheduledLoad): Promise<void> {
    const { settings, recordedMs } = this.request;
    const { durationMs, iterations } = settings;
    const startMs = this.#startMs;
    const arrivals = createArrivals(load, recordedMs);
    const { maxInFlight } = load;
    this.#schedule = await runOpenLoop(
      { arrivals, startMs, durationMs, iterations, maxInFlight },
      this.#loop(),
    );
    const playedMs = Math.max(this.#schedule.playedMs, this.#recorder.measuredMs);
    this.#queue?.finish(playedMs);
    this.#rule.finish(startMs + playedMs);
  }

  #end(): Measured['end'] {
    if (this.#stop.failure !== undefined) return 'failed';
    return this.request.signal?.aborted ? 'interrupted' : 'complete';
  }

  #queueGrew(): boolean {
    // After an early end some calls always wait.
    const gaveUp = this.#end() === 'complete' && (this.#schedule?.unserved ?? 0) > 0;
    return gaveUp || this.#queue?.hasGrown === true;
  }

  #stability(): Stability {
    const unstable = (reason: string) => ({ stable: false, reason });
    const end = this.#end();
    const { inferences } = this.#recorder;
    if (end === 'failed') return unstable(`a call failed after ${inferences} had ended`);
    if (end === 'interrupted')
      return unstable(
        inferences > 0 ? `interrupted after ${inferences} calls` : 'interrupted before the first call',
      );
    if (this.#queueGrew()) return unstable(this.#overload());
    return this.#rule.stability();
  }

  #overload(): string {
    const { scheduled, unserved, playedMs } = this.#schedule!;
    const left = unserved > 0 ? `, ${unserved} of them were never made` : '';
    return (
      `calls came faster than they were served: ${this.#queue!.length} of ${scheduled} were waiting or in flight ` +
      `when the schedule ended after ${playedMs.toFixed(0)} ms${left}. Ask for a lower rate`
    );
  }
}

function isUneven(load: Load): boolean {
  return load.kind === 'schedule' || (load.kind === 'open' && load.arrivals === 'poisson');
}

function describeSchedule({ scheduled, unserved, playedMs, scheduleMs }: OpenLoopEnd) {
  const requestedPerSecond = scheduleMs > 0 ? (scheduled * 1000) / scheduleMs : 0;
  return { unserved, scheduleMs: playedMs, requestedPerSecond };
}
