// SPDX-License-Identifier: Apache-2.0
// Sessions of the public interface on the stand-in GPU. A test file asks once for `useStandinGpu()`, before anything
// opens the driver: what it reads from the environment holds for the process, which vitest makes anew for each file.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect } from 'vitest';

import type { Family } from '../lib/binding/contract';
import { DRIVER_VARIABLE } from '../lib/runtime/driver-library';
import type { Session } from '../lib/runtime/session';
import { createSession, type SessionOptions } from '../lib/session/create-session';
import { StandinGpu, type StandinConfiguration, type StandinOperation } from './standin-gpu';
import { makePlan, type PlanDescription } from './standin-plan';

/** The families of TensorRT, each with a stand-in. */
export const FAMILIES: readonly Family[] = ['tensorrt-10', 'tensorrt-11', 'tensorrt-rtx'];

/**
 * With dynamic shapes TensorRT-RTX captures graphs itself, unless all kernels are compiled before: then ours are
 * captured in every family.
 */
export function ownGraphs(family: Family): SessionOptions {
  return family === 'tensorrt-rtx' ? { dynamicShapeKernels: 'eager' } : {};
}

/** What the machine has. */
export interface StandinMachine {
  readonly devices?: number;
  /** For drivers that must be so from their first call on. */
  readonly configuration?: StandinConfiguration;
}

// Rounds of the collector after which memory that JavaScript had is given back, with room to spare.
const MOST_COLLECTIONS = 100;
const MOST_TURNS = 1e6;

/** The stand-in GPU of a test file, and what was opened on it: closed and accounted for after each test. */
export class GpuBench {
  readonly gpu = StandinGpu.open();
  readonly #opened: { close(): unknown }[] = [];
  /** The folder with a family's libraries. */
  folder(family: Family): string {
    if (family === 'tensorrt-10') return this.gpu.tensorRt10Folder;
    return family === 'tensorrt-11' ? this.gpu.tensorRt11Folder : this.gpu.tensorRtRtxFolder;
  }

  /** A session over a plan, closed after the test. */
  async open(
    family: Family,
    plan: PlanDescription | Uint8Array,
    options: SessionOptions = {},
  ): Promise<Session> {
    process.env.TENSORRT_NODE_LIB_DIR = this.folder(family);
    const bytes = plan instanceof Uint8Array ? plan : makePlan(family, plan);
    return this.keep(await createSession(bytes, options));
  }

  /** Closes something after the test, the last one first. */
  keep<T extends { close(): unknown }>(thing: T): T {
    this.#opened.push(thing);
    return thing;
  }

  /** What the device did, of some kinds, in the order of its beginning. */
  operations(...kinds: StandinOperation['op'][]): StandinOperation[] {
    return this.gpu
      .timeline()
      .filter(({ op }) => kinds.includes(op))
      .sort((a, b) => a.start - b.start);
  }

  /** How often a method was called since the last reset. */
  count(entry: string): number {
    return this.gpu.calls().entries[entry] ?? 0;
  }

  /** Closes what was opened; nothing may be left, and nothing may have been done wrong. */
  async finish(): Promise<void> {
    for (const thing of this.#opened.splice(0).reverse()) await thing.close();
    await collectUntil(() => whatIsLeft(this.gpu) === '{}');
    expectNothingLeft(this.gpu);
  }
}

/** Nothing of the package is left on the device, and it did nothing that a real one would answer with a crash. */
export function expectNothingLeft(gpu: StandinGpu): void {
  expect(gpu.violations()).toEqual([]);
  expect(whatIsLeft(gpu)).toBe('{}');
}

/** What exists on the device, without the zeros. */
export function whatIsLeft(gpu: StandinGpu): string {
  const { device, pinned, objects, ...handles } = gpu.live();
  const counts = { ...handles, device: device.allocations, pinned: pinned.allocations, ...objects };
  return JSON.stringify(Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)));
}

/** Lets the event loop turn until the device has come so far. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    if (condition()) return;
    await nextTurn();
  }
  throw new Error(`it never came: ${condition.toString()}`);
}

let collect: (() => void) | undefined;

/** Runs the garbage collector. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

/**
 * Collects garbage and lets finalisers run until `isDone`, or a good many times: what was handed out without a copy is
 * page-locked memory until it is collected.
 */
export async function collectUntil(isDone: () => boolean): Promise<void> {
  for (let round = 0; round < MOST_COLLECTIONS && !isDone(); round++) {
    collectGarbage();
    // Finalisers run in turns of their own; some wait for a thread of the addon.
    await nextTurn();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Sets up the stand-in GPU for a test file. */
export function useStandinGpu({ devices = 1, configuration = {} }: StandinMachine = {}): GpuBench {
  process.env.TRTN_STANDIN_CUDA_DEVICES = String(devices);
  const bench = new GpuBench();
  process.env[DRIVER_VARIABLE] = bench.gpu.driverPath;
  beforeEach(() => {
    bench.gpu.reset();
    bench.gpu.configure({ record: true, ...configuration });
  });
  afterEach(() => bench.finish());
  return bench;
}

/** 1, 2, 3 … */
export function counting(length: number, first = 1): Float32Array {
  return Float32Array.from({ length }, (_, index) => first + index);
}

/** Every element times a factor. */
export function times(values: Float32Array, factor: number): Float32Array {
  return values.map((value) => value * factor);
}
