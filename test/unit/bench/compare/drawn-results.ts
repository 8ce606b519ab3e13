// SPDX-License-Identifier: Apache-2.0
// Measurements whose latencies are drawn: in virtual time by the harness itself, or directly where calls depend on each
// other in ways that the simulated device has not.
import { measure } from '../../../../lib/bench/measure/measure';
import type { BenchResult, LatencyBlock } from '../../../../lib/bench/result';
import type { BenchSettings } from '../../../../lib/bench/settings';
import { describe } from '../../../../lib/bench/stats/distribution';
import { LatencyHistogram } from '../../../../lib/bench/stats/histogram';
import { sampleResult } from '../../../bench-documents';
import { simulateDevice, type LatencySource } from '../../../simulated-device';

const BASE = sampleResult();
const SETTINGS: BenchSettings = { ...BASE.settings, warmUpMs: 50, warmUpIterations: 5, durationMs: 3000 };

/** A result with these latencies and no other numbers. */
export function resultFrom(
  blocks: readonly LatencyBlock[],
  latency: LatencyHistogram,
  changes: Partial<BenchResult> = {},
): BenchResult {
  const measuredMs = blocks.at(-1)!.endMs;
  const inferencesPerSecond = (latency.count * 1000) / measuredMs;
  return {
    ...BASE,
    computeMs: undefined,
    blocks,
    inferences: latency.count,
    measuredMs,
    throughput: { inferencesPerSecond, samplesPerSecond: inferencesPerSecond },
    latencyMs: describe(latency),
    ...changes,
  };
}

/** What the harness measures of a simulated device in 3 s. */
export async function measureSimulated(
  latency: LatencySource,
  { slowness = 1, durationMs = 3000 }: { slowness?: number; durationMs?: number } = {},
): Promise<BenchResult> {
  const slowed = { draw: (sinceMs: number) => latency.draw(sinceMs) * slowness };
  const { device, time } = simulateDevice({ latency: slowed });
  const settings = { ...SETTINGS, durationMs };
  const measured = await measure({ target: device, settings, time });
  return resultFrom(measured.blocks, measured.latency);
}

/** A measurement of calls one after the other, in 60 blocks of as many calls. */
export function resultOfDraws(
  draw: () => number,
  calls = 3000,
  changes: Partial<BenchResult> = {},
): BenchResult {
  const all = new LatencyHistogram();
  let endMs = 0;
  const blocks = Array.from({ length: 60 }, (): LatencyBlock => {
    const histogram = new LatencyHistogram();
    const startMs = endMs;
    for (let call = 0; call < calls / 60; call++) {
      const ms = draw();
      histogram.record(ms);
      endMs += ms;
    }
    all.add(histogram);
    return {
      startMs,
      endMs,
      inferences: histogram.count,
      meanMs: histogram.mean,
      p50Ms: histogram.valueAt(50),
      p99Ms: histogram.valueAt(99),
      maxMs: histogram.max,
      histogram: histogram.toPairs(),
    };
  });
  return resultFrom(blocks, all, changes);
}
