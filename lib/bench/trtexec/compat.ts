// SPDX-License-Identifier: Apache-2.0
// trtexec's defaults by major version. Between 10 and 11 those that decide what is measured were turned around (CUDA
// graph, transfers, spin), so that their numbers cannot be compared with each other.

import type { SessionOptions } from '../../index';
import type { BenchOptions } from '../bench-options';
import { invalid } from '../option-values';
import type { BenchSettings } from '../settings';

/** Major versions of trtexec whose defaults are known. */
export type TrtexecVersion = NonNullable<BenchSettings['trtexecCompat']>;

interface WhatIsMeasured {
  /** trtexec takes a graph where one can be captured and goes on without where not, as `'auto'` does. */
  readonly cudaGraph: 'auto' | 'off';
  readonly transfers: boolean;
  readonly spinWait: boolean;
}

const MEASURED: Readonly<Record<TrtexecVersion, WhatIsMeasured>> = {
  10: { cudaGraph: 'off', transfers: true, spinWait: false },
  11: { cudaGraph: 'auto', transfers: false, spinWait: true },
};

const LENGTHS = { warmUpMs: 200, durationMs: 3000, iterations: 10, percentiles: [90, 95, 99] } as const;

/** What trtexec's defaults say about the measurement; nothing where they are not asked for. */
export function compatDefaults(version: TrtexecVersion | undefined): BenchOptions {
  return version === undefined ? {} : { ...LENGTHS, transfers: MEASURED[version].transfers };
}

/**
 * Options that the session of a measurement needs: those of trtexec where they are asked for, and the recording of the
 * device's times.
 *
 * @param sessionOptions - What the caller wants beside; the result has it too.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` where they say otherwise than trtexec.
 */
export function sessionOptionsFor(
  { trtexecCompat, stageTimes }: BenchOptions,
  sessionOptions: SessionOptions = {},
): SessionOptions {
  const recorded = { stageTimes: stageTimes ?? true, ...sessionOptions };
  if (trtexecCompat === undefined) return recorded;
  refuseSession(trtexecCompat, sessionOptions);
  const { cudaGraph, spinWait } = MEASURED[trtexecCompat];
  return { cudaGraph, spinWait, ...recorded };
}

/**
 * Refuses options that measure something else than trtexec would.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`
 */
export function refuseContradictions(
  version: TrtexecVersion,
  options: BenchOptions,
  { device, session = {} }: { readonly device: string; readonly session?: Readonly<Record<string, unknown>> },
): void {
  if (!device.startsWith('cuda:'))
    throw invalid('trtexecCompat', version, `left out on ${device}`, {
      hint: 'trtexec measures GPUs alone.',
    });
  const { transfers, pipelined, load = { concurrency: 1 } } = options;
  const wanted = MEASURED[version];
  if (transfers !== undefined && transfers !== wanted.transfers)
    throw contradiction(version, 'transfers', transfers, wanted.transfers);
  if (pipelined === false) throw contradiction(version, 'pipelined', false, true);
  if (!('concurrency' in load))
    throw contradiction(version, 'load', 'an open loop', '{ concurrency }: trtexec has closed loops alone');
  refuseSession(version, session);
}

function refuseSession(version: TrtexecVersion, { cudaGraph, spinWait }: SessionOptions): void {
  const wanted = MEASURED[version];
  const isGraph = cudaGraph !== 'off';
  if (cudaGraph !== undefined && isGraph !== (wanted.cudaGraph !== 'off'))
    throw contradiction(version, 'cudaGraph', cudaGraph, wanted.cudaGraph);
  if (spinWait !== undefined && spinWait !== wanted.spinWait)
    throw contradiction(version, 'spinWait', spinWait, wanted.spinWait);
}

function contradiction(version: TrtexecVersion, name: string, value: unknown, wanted: unknown): Error {
  return invalid(name, value, `${String(wanted)} with trtexecCompat ${version}`, {
    hint: `trtexec ${version} measures so by default: leave out "${name}", or trtexecCompat.`,
  });
}
