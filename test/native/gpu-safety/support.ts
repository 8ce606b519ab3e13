// SPDX-License-Identifier: Apache-2.0
// What the tests of this folder share: the stand-in GPU, sessions on it, and the check that nothing of them is left.

import { setImmediate as nextTurn } from 'node:timers/promises';

import type { TensorRTError } from '../../../lib/errors';
import type { Session } from '../../../lib/runtime/session';
import { createSession } from '../../../lib/session/create-session';
import type { SessionOptions } from '../../../lib/session/session-options';
import { collectUntil, counting, expectNothingLeft, times, whatIsLeft } from '../../gpu-session';
import { StandinGpu } from '../../standin-gpu';
import { makePlan, SCALE, type PlanDescription } from '../../standin-plan';

// Before the driver is opened: it reads them once.
process.env.TRTN_STANDIN_CUDA_DEVICES ??= '1';

/** The stand-in driver of this process. */
export const gpu = StandinGpu.open();
process.env.TENSORRT_NODE_DRIVER_LIBRARY = gpu.driverPath;

/** A session on the stand-in, with the plan of `description`. */
export function open(
  description: PlanDescription = SCALE,
  options: SessionOptions = {},
  version: 10 | 11 = 11,
): Promise<Session> {
  const runtimeLibrary = version === 11 ? gpu.tensorRt11Folder : gpu.tensorRt10Folder;
  const plan = makePlan(version === 11 ? 'tensorrt-11' : 'tensorrt-10', description);
  return createSession(plan, { device: 'cuda:0', runtimeLibrary, ...options });
}

/** Four numbers for input x. */
export const four = (first = 1): Float32Array => counting(4, first);

/** Four numbers twice as large: what the plan SCALE makes of them. */
export const doubled = (first = 1): Float32Array => times(four(first), 2);

/** Nothing is left, without a garbage collection. Node gives the memory of a detached array back in a later turn. */
export async function expectClean(): Promise<void> {
  for (let turn = 0; turn < 20 && whatIsLeft(gpu) !== '{}'; turn++) await nextTurn();
  expectNothingLeft(gpu);
}

/** The same where the garbage collector has to find what was dropped first. */
export async function expectCleanAfterCollection(): Promise<void> {
  await collectUntil(() => whatIsLeft(gpu) === '{}');
  expectNothingLeft(gpu);
}

/** How often TensorRT was asked to run since the last reset. */
export const enqueues = (): number => gpu.calls().entries['IExecutionContext::enqueueV3'] ?? 0;

/** The error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<TensorRTError> {
  try {
    await call;
  } catch (error) {
    return error as TensorRTError;
  }
  throw new Error('expected a failure');
}

/** `'done'` or the code of the error, for each call. */
export async function outcomesOf(calls: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((outcome) =>
    outcome.status === 'fulfilled' ? 'done' : String((outcome.reason as { code?: string }).code),
  );
}

/** Takes an array's memory away. */
export const detach = (array: ArrayBufferView): void =>
  void structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
