// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';

import { TensorRTError } from '../errors';
import { describeType, rejectUnknownOptions } from './option-checks';

/** Execution contexts that a session may have. */
export const MAX_CONTEXTS = 256;
/** Calls that may wait unless told otherwise. */
export const DEFAULT_MAX_QUEUE = 1024;

/** Options of `createSession()`. */
export interface SessionOptions {
  /**
   * Where to run. `'auto'` (default) takes a GPU if one is usable and else the CPU, and `session.fallbackReason` says
   * why; a device that is named is used or is an error.
   */
  device?: 'auto' | 'cpu' | `cuda:${number}`;
  /** Calls that may run at the same time. Default 1. */
  contexts?: number;
  /** CPU: threads of one inference. Default: the available cores divided by `contexts`, at least 1. */
  intraOpNumThreads?: number;
  /** GPU: replay inferences as CUDA graphs. Default `'auto'`. No effect on the CPU. */
  cudaGraph?: 'auto' | 'on' | 'off';
  /** Calls that may wait for a context before new ones are refused. Default 1024. */
  maxQueue?: number;
  /** CPU: libonnxruntime, or its folder. Default: searched in npm, Python and system folders. */
  runtimeLibrary?: string;
}

const OPTION_NAMES = [
  'device',
  'contexts',
  'intraOpNumThreads',
  'cudaGraph',
  'maxQueue',
  'runtimeLibrary',
] as const;

/** Options with their defaults filled in. */
export type CheckedOptions = Required<Omit<SessionOptions, 'runtimeLibrary'>> &
  Pick<SessionOptions, 'runtimeLibrary'>;

/** @throws {TensorRTError} `ERR_TRT_ARG_*` */
export function checkSessionOptions(options: SessionOptions): CheckedOptions {
  rejectUnknownOptions('createSession', options, OPTION_NAMES);
  const { device = 'auto', cudaGraph = 'auto', runtimeLibrary } = options;
  if (device !== 'auto' && device !== 'cpu' && !/^cuda:\d+$/.test(device)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Expected 'auto', 'cpu' or 'cuda:N' as device, got ${JSON.stringify(device)}.`,
    );
  }
  if (!['auto', 'on', 'off'].includes(cudaGraph)) {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `Expected 'auto', 'on' or 'off' as cudaGraph, got ${JSON.stringify(cudaGraph)}.`,
    );
  }
  if (runtimeLibrary !== undefined && typeof runtimeLibrary !== 'string') {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `Expected a path as runtimeLibrary, got ${describeType(runtimeLibrary)}.`,
    );
  }
  const contexts = checkCount('contexts', options.contexts ?? 1, 1, MAX_CONTEXTS);
  const share = Math.max(1, Math.floor(availableParallelism() / contexts));
  const intraOpNumThreads = checkCount('intraOpNumThreads', options.intraOpNumThreads ?? share, 1, 1024);
  const maxQueue = checkCount('maxQueue', options.maxQueue ?? DEFAULT_MAX_QUEUE, 0, 1_000_000);
  return {
    device,
    cudaGraph,
    contexts,
    intraOpNumThreads,
    maxQueue,
    ...(runtimeLibrary === undefined ? {} : { runtimeLibrary }),
  };
}

function checkCount(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Expected a whole number from ${min} to ${max} as ${name}, got ${String(value)}.`,
  );
}
