// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { throwIfAborted } from '../observe/stop-work';
import type { ModelSource } from '../runner';

/** A session, as far as it is timed. */
export interface TimedSession<Feeds> {
  /** One inference. */
  run(feeds: Feeds): Promise<unknown>;
  /** Ends it. */
  close(): Promise<void>;
}

/** How latencies are measured. */
export interface LatencyOptions<Feeds> {
  /** Opens a session over a model, e.g. `(model) => createSession(model, { device: 'cpu' })`. */
  readonly open: (model: ModelSource) => Promise<TimedSession<Feeds>>;
  /** What both are run on. */
  readonly feeds: Feeds;
  /** Seconds that are measured at most, once there are ten runs of each. Default 2. */
  readonly seconds?: number;
  /** Stops between two runs. */
  readonly signal?: AbortSignal;
}

const WARM_UPS = 5;
const FEWEST_PAIRS = 10;
const MOST_PAIRS = 2000;
const DEFAULT_SECONDS = 2;

/**
 * Times two models in turn, in the order A B, B A, A B, …: what slows the machine down meanwhile harms both alike. Runs
 * before the first timed ones warm both up.
 *
 * @returns the median of each in milliseconds, the feeds' way into the session and out included
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for `seconds` that are none; ERR_TRT_RUN_ABORTED; what sessions throw
 * @example
 * const { before, after } = await measureCompression('model.onnx', 'small.onnx', {
 *   latency: (models) => measureLatency(models, { open: (model) => createSession(model, { device: 'cpu' }), feeds }),
 * });
 */
export async function measureLatency<Feeds>(
  models: readonly [ModelSource, ModelSource],
  { open, feeds, seconds = DEFAULT_SECONDS, signal }: LatencyOptions<Feeds>,
): Promise<readonly [number, number]> {
  if (!(seconds >= 0)) throw wrongSeconds(seconds);
  const sessions: TimedSession<Feeds>[] = [];
  try {
    for (const model of models) sessions.push(await open(model));
    const times: [number[], number[]] = [[], []];
    const end = () => performance.now() >= start + 1000 * seconds;
    for (let run = 0; run < WARM_UPS; run++) for (const session of sessions) await session.run(feeds);
    const start = performance.now();
    for (let pair = 0; pair < MOST_PAIRS && (pair < FEWEST_PAIRS || !end()); pair++) {
      throwIfAborted(signal);
      for (const side of pair % 2 === 0 ? [0, 1] : [1, 0])
        times[side]!.push(await timeOf(() => sessions[side]!.run(feeds)));
    }
    return [median(times[0]), median(times[1])];
  } finally {
    for (const session of sessions) await session.close();
  }
}

async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function wrongSeconds(seconds: unknown): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `seconds has to be a number from 0 on, not ${String(seconds)}.`,
  );
}
