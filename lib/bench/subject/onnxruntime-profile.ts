// SPDX-License-Identifier: Apache-2.0
// What ONNX Runtime writes about a session with profiling: a JSON array of events in Chrome's trace format, times in
// microseconds. A run is an event `model_run` of the category Session; each node of the graph has three of the category
// Node, of which `<name>_kernel_time` is the one that computes.

import { TensorRTError } from '../../errors';
import type { LayerTime } from '../result';

/** The parts of a profile that are of use here. */
export interface OnnxRuntimeProfile {
  /** Durations of `OrtRun` by ONNX Runtime's own clock, in milliseconds, in order. */
  readonly runMs: readonly number[];
  /** Mean times of the nodes over the runs, in the order of execution. */
  readonly layers: readonly LayerTime[];
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: { readonly op_name?: string };
}

const KERNEL = '_kernel_time';
const US_PER_MS = 1000;

/**
 * Reads the text of a profile.
 *
 * @param skippedRuns - Runs at the beginning that do not count. Default 0.
 * @throws {TensorRTError} `ERR_TRT_BENCH_RESULT` where it is none.
 */
export function readOnnxRuntimeProfile(text: string, skippedRuns = 0): OnnxRuntimeProfile {
  const events = parse(text);
  const runs = events
    .filter(({ cat, name }) => cat === 'Session' && name === 'model_run')
    .sort((a, b) => a.ts! - b.ts!)
    .slice(skippedRuns);
  const startUs = runs[0]?.ts ?? Infinity;
  const nodes = events.filter(
    ({ cat, name = '', ts }) => cat === 'Node' && name.endsWith(KERNEL) && ts! >= startUs,
  );
  return { runMs: runs.map(({ dur }) => dur! / US_PER_MS), layers: meanLayers(nodes, runs.length) };
}

function parse(text: string): ProfileEvent[] {
  try {
    const events: unknown = JSON.parse(text);
    if (Array.isArray(events)) return events as ProfileEvent[];
  } catch {
    // Told below.
  }
  throw new TensorRTError(
    'ERR_TRT_BENCH_RESULT',
    'Expected a profile of ONNX Runtime: a JSON array of events.',
    {
      hint: 'The file is written when the session closes; a process that was killed leaves none or a part of it.',
    },
  );
}

function meanLayers(nodes: readonly ProfileEvent[], runs: number): LayerTime[] {
  const sums = new Map<string, { type: string | undefined; us: number }>();
  for (const { name, dur = 0, args } of nodes) {
    const layer = name!.slice(0, -KERNEL.length);
    const sum = sums.get(layer);
    if (sum) sum.us += dur;
    else sums.set(layer, { type: args?.op_name, us: dur });
  }
  return withShares(
    [...sums].map(([name, { type, us }]) => ({
      name,
      ...(type === undefined ? {} : { type }),
      meanMs: us / runs / US_PER_MS,
    })),
  );
}

/** Adds to each layer its share of all. */
export function withShares(layers: readonly Omit<LayerTime, 'share'>[]): LayerTime[] {
  const total = layers.reduce((sum, { meanMs }) => sum + meanMs, 0);
  return layers.map((layer) => ({ ...layer, share: total > 0 ? layer.meanMs / total : 0 }));
}
