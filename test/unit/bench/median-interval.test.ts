// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { medianInterval } from '../../../lib/bench/median-interval';
import { Recorder } from '../../../lib/bench/measure/recorder';
import { describe as describeLatency } from '../../../lib/bench/stats/distribution';
import { uniform } from '../../simulated-device';

const CALLS = 1500;
const CALL_MS = 2;
const MEASUREMENTS = 100;

/** Three seconds of calls, the k-th of which takes `latencyMs(k)`. */
function record(latencyMs: (call: number) => number) {
  const recorder = new Recorder({ startMs: 0, durationMs: CALLS * CALL_MS, isScheduled: false });
  for (let call = 1; call <= CALLS; call += 1) {
    const endMs = call * CALL_MS;
    recorder.record(endMs - latencyMs(call), endMs - 1, endMs, 0);
  }
  recorder.finish();
  return { distribution: describeLatency(recorder.latency), blocks: recorder.blocks() };
}

function normals(seed: number): () => number {
  const random = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

/** Latencies with a median of one millisecond whose logarithms forget each other after `memoryMs`. */
function alike(memoryMs: number, seed: number): () => number {
  const normal = normals(seed);
  const kept = Math.exp(-CALL_MS / memoryMs);
  let state = normal();
  return () => {
    state = kept * state + Math.sqrt(1 - kept * kept) * normal();
    return Math.exp(0.1 * state + 0.05 * normal());
  };
}

/** Share of measurements whose interval has the true median, and how wide the intervals are on average. */
function tryOut(memoryMs: number): { covered: number; width: number } {
  let covered = 0;
  let width = 0;
  for (let seed = 1; seed <= MEASUREMENTS; seed += 1) {
    const { distribution, blocks } = record(alike(memoryMs, seed));
    const { low, high } = medianInterval(distribution, blocks)!;
    if (low <= 1 && high >= 1) covered += 1;
    width += (high - low) / MEASUREMENTS;
  }
  return { covered: covered / MEASUREMENTS, width };
}

describe('medianInterval', () => {
  it('has the true median in most measurements of latencies that know nothing of each other', () => {
    const { covered, width } = tryOut(1e-9);
    expect(covered).toBeGreaterThanOrEqual(0.93);
    // An interval from one end to the other would have it always.
    expect(width).toBeLessThan(0.03);
  });

  it.each([20, 100])('has it in 90 of 100 where latencies are alike for %d ms', (memoryMs) => {
    const { covered, width } = tryOut(memoryMs);
    expect(covered).toBeGreaterThanOrEqual(0.9);
    expect(width).toBeLessThan(0.25);
  });

  it('is the latency itself where all are the same', () => {
    const { distribution, blocks } = record(() => 1.2345);
    expect(distribution.p50).toBeCloseTo(1.2345, 12);
    expect(medianInterval(distribution, blocks)).toEqual({ low: distribution.p50, high: distribution.p50 });
  });

  it('has the median, and nothing that was not measured', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = uniform(seed);
      const { distribution, blocks } = record((call) => (random() < 0.5 ? 1 : 1 + 0.5 * (call % 2)));
      const { low, high } = medianInterval(distribution, blocks)!;
      expect(low).toBeGreaterThanOrEqual(distribution.min);
      expect(low).toBeLessThanOrEqual(distribution.p50);
      expect(high).toBeGreaterThanOrEqual(distribution.p50);
      expect(high).toBeLessThanOrEqual(distribution.max);
    }
  });

  it('is the same for the same measurement, and absent where there are fewer than eight blocks', () => {
    const { distribution, blocks } = record(alike(50, 4));
    expect(medianInterval(distribution, blocks)).toEqual(medianInterval(distribution, blocks));
    expect(medianInterval(distribution, blocks.slice(0, 7))).toBeUndefined();
  });
});
