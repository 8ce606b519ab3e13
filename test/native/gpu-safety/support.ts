// SPDX-License-Identifier: Apache-2.0
// What the tests of this folder share: the stand-in GPU, sessions on it, and the check that nothing of them is left.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';

import type { TensorRTError } from '../../../lib/errors';
import type { Session } from '../../../lib/runtime/session';
import { createSession } from '../../../lib/session/create-session';
import type { SessionOptions } from '../../../lib/session/session-options';
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
export const four = (first = 1): Float32Array => Float32Array.of(first, first + 1, first + 2, first + 3);

/** Four numbers twice as large: what the plan SCALE makes of them. */
export const doubled = (first = 1): Float32Array => four(first).map((value) => value * 2);

/** What exists on the stand-in when nothing is in use. */
const NOTHING = {
  contexts: 0,
  streams: 0,
  events: 0,
  device: { allocations: 0, bytes: 0 },
  pinned: { allocations: 0, bytes: 0 },
  graphs: 0,
  graphExecs: 0,
};

/**
 * Nothing that the package made on the device is left, and it did nothing that a real one would answer with a crash.
 * Node gives the memory of a detached array back in a later turn.
 */
export async function expectClean(): Promise<void> {
  for (let turn = 0; turn < 20 && !isEmpty(); turn++) await nextTurn();
  checkClean();
}

/** The same where the garbage collector has to find what was dropped first. */
export async function expectCleanAfterCollection(): Promise<void> {
  await collectUntil(isEmpty);
  checkClean();
}

function isEmpty(): boolean {
  const { contexts, pinned, device } = gpu.live();
  return contexts + pinned.allocations + device.allocations === 0;
}

function checkClean(): void {
  expect(gpu.violations()).toEqual([]);
  const { objects, ...live } = gpu.live();
  expect(live).toEqual(NOTHING);
  expect(Object.entries(objects).filter(([, count]) => count > 0)).toEqual([]);
}

/** Lets time pass until `condition` is true, without blocking the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1e5; turn++) {
    if (condition()) return;
    await nextTurn();
  }
  throw new Error(`it never came: ${condition.toString()}`);
}

/** How often TensorRT was asked to run since the last reset. */
export const enqueues = (): number => gpu.calls().entries['IExecutionContext::enqueueV3'] ?? 0;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects garbage and lets finalisers run until `isDone`, or a good many times. */
export async function collectUntil(isDone: () => boolean): Promise<void> {
  for (let round = 0; round < 100 && !isDone(); round++) {
    gc();
    // Finalisers run in turns of their own; some wait for a thread of the addon.
    await nextTurn();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

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
