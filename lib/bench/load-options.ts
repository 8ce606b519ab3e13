// SPDX-License-Identifier: Apache-2.0
import { integer, invalid, number, oneOf, rejectUnknown } from './option-values';
import { lengthOf, type RecordedSchedule } from './schedule-file';
import type { Load } from './settings';

/** When calls are made. */
export type LoadOptions =
  /** Closed loop: each call starts when one before it has ended, so many at any moment. */
  | { readonly concurrency: number }
  /**
   * Open loop: calls start when the schedule says, however slow the ones before are. `arrivals` default `'constant'`,
   * `seed` (of the Poisson process) default 0, `maxInFlight` default 1024.
   */
  | {
      readonly ratePerSecond: number;
      readonly arrivals?: 'constant' | 'poisson';
      readonly seed?: number;
      readonly maxInFlight?: number;
    }
  /**
   * Open loop at recorded moments: milliseconds from the start, not falling, or the file that has them (a JSON array, or
   * one number a line). It is repeated until the measurement ends, each time after its last call and the mean distance of
   * its calls.
   */
  | { readonly schedule: readonly number[] | string; readonly maxInFlight?: number };

/** Calls in flight unless told otherwise: as many as a session lets wait by default. */
const DEFAULT_IN_FLIGHT = 1024;
const MOST_IN_FLIGHT = 1_000_000;
const HIGHEST_RATE = 1e6;

/**
 * Checks the load and fills in what is left out.
 *
 * @param schedule - What the options' schedule holds.
 * @throws {TensorRTError} `ERR_TRT_ARG_*`
 */
export function decideLoad(options: LoadOptions = { concurrency: 1 }, schedule?: RecordedSchedule): Load {
  rejectUnknown('options of the load', options, namesFor(options));
  if ('ratePerSecond' in options) return openLoad(options);
  if ('schedule' in options) return scheduledLoad(options.maxInFlight, schedule);
  integer(1, MOST_IN_FLIGHT)('load.concurrency', options.concurrency);
  return { kind: 'closed', concurrency: options.concurrency };
}

/** Calls that may be in flight at the same moment. */
export function slotsOf(load: Load): number {
  return load.kind === 'closed' ? load.concurrency : load.maxInFlight;
}

/** One kind of load at a time: names of the others are not among them. */
function namesFor(options: unknown): readonly string[] {
  const has = (name: string) => typeof options === 'object' && options !== null && name in options;
  if (has('ratePerSecond')) return ['ratePerSecond', 'arrivals', 'seed', 'maxInFlight'];
  if (has('schedule')) return ['schedule', 'maxInFlight'];
  return has('concurrency') ? ['concurrency'] : ['concurrency', 'ratePerSecond', 'schedule'];
}

function openLoad(options: Extract<LoadOptions, { ratePerSecond: number }>): Load {
  const { ratePerSecond, arrivals = 'constant', seed = 0, maxInFlight = DEFAULT_IN_FLIGHT } = options;
  number({ above: 0, most: HIGHEST_RATE, unit: 'calls a second' })('load.ratePerSecond', ratePerSecond);
  oneOf('constant', 'poisson')('load.arrivals', arrivals);
  integer(0, 2 ** 32 - 1)('load.seed', seed);
  integer(1, MOST_IN_FLIGHT)('load.maxInFlight', maxInFlight);
  return { kind: 'open', arrivals, ratePerSecond, seed, maxInFlight };
}

function scheduledLoad(maxInFlight = DEFAULT_IN_FLIGHT, schedule: RecordedSchedule | undefined): Load {
  integer(1, MOST_IN_FLIGHT)('load.maxInFlight', maxInFlight);
  if (schedule === undefined)
    throw invalid('load.schedule', undefined, 'read before the settings are decided', {
      hint: 'Read it with readSchedule() and pass the result among the facts.',
    });
  const { source, offsetsMs } = schedule;
  return { kind: 'schedule', source, calls: offsetsMs.length, lengthMs: lengthOf(schedule), maxInFlight };
}
