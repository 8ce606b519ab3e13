// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { createRandom } from '../../random';
import type { Load } from '../settings';

/** The moments of a schedule, one after the other, without an end. */
export interface Arrivals {
  /** The next moment, in milliseconds from the start; never before the one before it. */
  nextMs(): number;
}

const RANDOM_RANGE = 2 ** 32;
const MS_PER_SECOND = 1000;

/** The loads that have a schedule. */
export type ScheduledLoad = Exclude<Load, { kind: 'closed' }>;

/**
 * The schedule of a load: even distances from 0 on, a Poisson process (exponential distances that depend on the seed
 * alone), or a recording that starts again after its length.
 *
 * @param recordedMs moments of the recording, rising, from 0 to at most its length; for `schedule` alone.
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a recording that is missing, falls, or has no length.
 */
export function createArrivals(load: ScheduledLoad, recordedMs: readonly number[] = []): Arrivals {
  if (load.kind === 'schedule') return repeat(recordedMs, load.lengthMs);
  const distanceMs = MS_PER_SECOND / load.ratePerSecond;
  return load.arrivals === 'constant' ? even(distanceMs) : poisson(distanceMs, load.seed);
}

function even(distanceMs: number): Arrivals {
  // Multiplied, not summed up: sums would drift away from the rate.
  let index = 0;
  return { nextMs: () => index++ * distanceMs };
}

function poisson(meanMs: number, seed: number): Arrivals {
  const random = createRandom(seed);
  let atMs = 0;
  return { nextMs: () => (atMs -= Math.log((random() + 0.5) / RANDOM_RANGE) * meanMs) };
}

function repeat(recordedMs: readonly number[], lengthMs: number): Arrivals {
  checkRecording(recordedMs, lengthMs);
  let index = 0;
  let round = 0;
  return {
    nextMs: () => {
      if (index === recordedMs.length) {
        index = 0;
        round += 1;
      }
      return round * lengthMs + recordedMs[index++]!;
    },
  };
}

function checkRecording(recordedMs: readonly number[], lengthMs: number): void {
  const refuse = (what: string, details: Record<string, unknown>) => {
    throw new TensorRTError('ERR_TRT_ARG_VALUE', `expected a schedule of rising moments, got ${what}`, {
      hint: 'Give the moments of the calls in milliseconds from the start, rising, and a length beyond the last.',
      details,
    });
  };
  if (recordedMs.length === 0) refuse('one without calls', { calls: 0 });
  let beforeMs = 0;
  for (const [index, atMs] of recordedMs.entries()) {
    if (!(atMs >= beforeMs && atMs < Infinity)) refuse(`${atMs} after ${beforeMs} ms`, { index, atMs });
    beforeMs = atMs;
  }
  if (!(lengthMs > 0 && lengthMs >= beforeMs && lengthMs < Infinity)) {
    refuse(`a length of ${lengthMs} ms with a call at ${beforeMs} ms`, { lengthMs, lastMs: beforeMs });
  }
}
