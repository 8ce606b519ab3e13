// SPDX-License-Identifier: Apache-2.0
// When the stages of runs began and ended, on the clock that JavaScript measures with.

import type { NativeSession } from '../binding/contract';
import { TensorRTError } from '../errors';
import { steadyOffsetMs } from './steady-clock';

/**
 * What the numbers of a row of {@link StageTimes} are, in this order; all but the first are moments in milliseconds on
 * the clock of `performance.now()`, of the thread that took them.
 *
 * - `context`: number of the execution context. Those of the session come first, then each binding has one of its own.
 * - `enqueueStart`, `enqueueEnd`: host clock around the submission of the network (trtexec's enqueue time): TensorRT's
 *   `enqueueV3()`, or the launch of a CUDA graph. Of a binding the submission of its copies is within. The run that
 *   captures a graph has the capture in it. NaN on the CPU.
 * - `h2dStart`, `h2dEnd`: copies of the inputs to the device. NaN where nothing is copied: device tensors, GPUs that
 *   share the host's memory, empty inputs, the CPU.
 * - `computeStart`, `computeEnd`: the network. On the CPU the host clock around ONNX Runtime's `Run()`.
 * - `d2hStart`, `d2hEnd`: copies of the outputs to where they go. NaN where nothing is copied, as for the inputs.
 *
 * Stages of a GPU are measured by the device, with CUDA events on the run's stream (resolution about 0.5 µs). They are
 * brought to the host's clock by an event at a known time, renewed every second: durations are exact, moments are so
 * to some microseconds.
 */
export const STAGE_COLUMNS = [
  'context',
  'enqueueStart',
  'enqueueEnd',
  'h2dStart',
  'h2dEnd',
  'computeStart',
  'computeEnd',
  'd2hStart',
  'd2hEnd',
] as const;

/** When the stages of runs began and ended. A run that failed or was traced has no row. */
export interface StageTimes {
  /** Runs in `rows`, in the order in which they ended. */
  readonly count: number;
  /** Runs that ended while 65,536 rows waited to be taken: they have none. */
  readonly dropped: number;
  /** One row per run, {@link STAGE_COLUMNS}.length numbers each. */
  readonly rows: Float64Array;
}

/** Takes what a session has recorded. @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED` where it records nothing. */
export function takeStageTimes(native: NativeSession): StageTimes {
  const taken = native.takeStageTimes();
  if (taken === null) {
    throw new TensorRTError('ERR_TRT_RUN_UNSUPPORTED', 'The session was made without stageTimes.', {
      hint: 'Pass stageTimes: true to createSession().',
      details: { option: 'stageTimes' },
    });
  }
  const { rows, dropped } = taken;
  const offset = steadyOffsetMs();
  // The first of each row is no time. What is NaN stays so.
  for (let i = 0; i < rows.length; i++) if (i % STAGE_COLUMNS.length !== 0) rows[i]! -= offset;
  return { count: rows.length / STAGE_COLUMNS.length, dropped, rows };
}
