// SPDX-License-Identifier: Apache-2.0
// A measurement from the request to the result, step by step. Each later step is left out where the ones before failed or
// were interrupted: what was measured until then is the result.

import { assembleResult, type Steps } from './assemble-result';
import type { BenchOptions } from './bench-options';
import type { BenchRequest } from './bench-request';
import { checkRequest } from './check-request';
import { coldStartProcesses, decidePipelined, decideSettings } from './decide-settings';
import { describeEnvironment } from './environment';
import { decideLoad } from './load-options';
import {
  closingProblems,
  measureObserved,
  measurePlain,
  type PhasePlan,
  type PhaseResult,
} from './measured-phase';
import type { BenchResult, ColdStart, LayerTime, Unavailable } from './result';
import { readSchedule, type RecordedSchedule } from './schedule-file';
import type { BenchSettings } from './settings';
import { measureColdStart } from './subject/cold-start';
import { measureLayers } from './subject/layer-times';
import { openSubject, type Subject } from './subject/subject';

/**
 * Measures a model, a session, or any asynchronous function: warm-up, measurement, and what was asked for beside.
 *
 * A call that fails ends the measurement; what was measured until then is the result, with `end: 'failed'` and the error.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_*` before anything is opened or run, what `createSession()` throws, and what the
 *   first call fails with: then there is nothing to tell.
 * @example
 * ```ts
 * const result = await runBench({ model: 'model.onnx', feeds: { images }, load: { concurrency: 4 } });
 * console.log(result.latencyMs.p99, result.stable);
 * ```
 */
export async function runBench(request: BenchRequest): Promise<BenchResult> {
  const options = checkRequest(request);
  const schedule = await scheduleOf(options);
  const load = decideLoad(options.load, schedule);
  const environment = describeEnvironment(request.versions, request.loadAverage);
  request.onPhase?.('open');
  const subject = await openSubject(request, load);
  const problems: string[] = [];
  let steps: Steps;
  try {
    const plan = planPhase({ request, options, subject, schedule });
    const main = await measureObserved(plan);
    const isGoingOn = () => main.measured.end === 'complete' && request.signal?.aborted !== true;
    steps = {
      plan,
      main,
      environment,
      problems,
      ...(isGoingOn() ? await measurePipelined(plan, options) : {}),
      ...(isGoingOn() ? await takeLayerTimes(plan, options) : {}),
      ...(isGoingOn() ? await startCold(plan, options) : {}),
    };
  } finally {
    problems.push(...(await closingProblems('closing the session', subject)));
  }
  return assembleResult(steps);
}

async function scheduleOf({ load }: BenchOptions): Promise<RecordedSchedule | undefined> {
  const isScheduled = typeof load === 'object' && load !== null && 'schedule' in load;
  return isScheduled ? readSchedule(load.schedule) : undefined;
}

interface Opened {
  readonly request: BenchRequest;
  readonly options: BenchOptions;
  readonly subject: Subject;
  readonly schedule: RecordedSchedule | undefined;
}

function planPhase({ request, options, subject, schedule }: Opened): PhasePlan {
  const settings = decideSettings(options, {
    device: subject.device,
    contexts: subject.contexts,
    hasStageTimes: subject.stages !== undefined,
    inputSets: subject.inputSets,
    batch: subject.batch,
    schedule,
    session: { ...subject.sessionSettings, ...request.moreSettings },
  });
  const transfers = settings.session.transfers !== false;
  return { request, subject, settings, transfers, recordedMs: schedule?.offsetsMs };
}

/** The same with one call more in flight than the session runs: the device never waits for JavaScript. */
async function measurePipelined(
  plan: PhasePlan,
  options: BenchOptions,
): Promise<{ pipelined?: PhaseResult & { readonly concurrency: number }; pipelinedError?: unknown }> {
  const { request, subject, settings } = plan;
  if (!decidePipelined(options, settings, subject.device)) return {};
  request.onPhase?.('pipelined');
  const concurrency = Math.max(1, subject.contexts) + 1;
  const queued: BenchSettings = { ...settings, load: { kind: 'closed', concurrency } };
  try {
    return { pipelined: { concurrency, ...(await measurePlain({ ...plan, settings: queued })) } };
  } catch (error) {
    return { pipelinedError: error };
  }
}

async function takeLayerTimes(
  { request, subject: { loaded } }: PhasePlan,
  { layers }: BenchOptions,
): Promise<{ layers?: readonly LayerTime[] | Unavailable }> {
  if (layers !== true) return {};
  if (loaded === undefined) return { layers: { unavailable: 'layer times: a function has none.' } };
  request.onPhase?.('layers');
  return { layers: await measureLayers({ ...loaded, model: loaded.source, signal: request.signal }) };
}

async function startCold(
  { request, subject: { loaded } }: PhasePlan,
  options: BenchOptions,
): Promise<{ coldStart?: ColdStart | Unavailable }> {
  const processes = coldStartProcesses(options);
  if (processes === 0) return {};
  if (loaded === undefined)
    return { coldStart: { unavailable: 'cold start: it needs a model, not a function.' } };
  request.onPhase?.('cold-start');
  const { source: model, sessionOptions, feeds } = loaded;
  return {
    coldStart: await measureColdStart({ model, sessionOptions, feeds, processes, signal: request.signal }),
  };
}
