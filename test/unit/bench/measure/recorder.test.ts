// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Recorder, type RecorderOptions } from '../../../../lib/bench/measure/recorder';

const START_MS = 5000;

/** Records `count` calls of equal length, one after the other. */
function fill(count: number, callMs: number, options: Partial<RecorderOptions> = {}): Recorder {
  const recorder = new Recorder({ startMs: START_MS, durationMs: 600, isScheduled: false, ...options });
  for (let call = 0; call < count; call += 1) {
    const startMs = START_MS + call * callMs;
    recorder.record(startMs, startMs, startMs + callMs, 0);
  }
  recorder.finish();
  return recorder;
}

describe('Recorder', () => {
  it('cuts a measurement into sixty blocks that follow each other', () => {
    const blocks = fill(600, 1).blocks();
    expect(blocks).toHaveLength(60);
    expect(blocks[0]).toMatchObject({
      startMs: 0,
      endMs: 10,
      inferences: 10,
      meanMs: 1,
      p50Ms: 1,
      p99Ms: 1,
      maxMs: 1,
    });
    for (const [index, block] of blocks.slice(1).entries()) expect(block.startMs).toBe(blocks[index]!.endMs);
    expect(blocks.at(-1)!.endMs).toBe(600);
  });

  it('has no block without a call, and none shorter than 10 ms but the last', () => {
    const slow = fill(5, 300).blocks();
    expect(slow.map((block) => block.inferences)).toEqual([1, 1, 1, 1, 1]);
    const quick = fill(95, 1, { durationMs: 95 }).blocks();
    expect(quick.map((block) => block.inferences)).toEqual([...Array<number>(9).fill(10), 5]);
  });

  it('makes one block of each two when there are 120, and loses no call', () => {
    const recorder = fill(100_000, 1);
    const blocks = recorder.blocks();
    expect(blocks.length).toBeGreaterThanOrEqual(60);
    expect(blocks.length).toBeLessThanOrEqual(120);
    expect(blocks.reduce((sum, block) => sum + block.inferences, 0)).toBe(100_000);
    expect(new Set(blocks.slice(0, -1).map((block) => block.inferences)).size).toBe(1);
    expect(recorder.latency.count).toBe(100_000);
  });

  it('keeps service times and send delays of scheduled calls', () => {
    const recorder = new Recorder({ startMs: 0, durationMs: 100, isScheduled: true });
    recorder.record(10, 13, 18, 0);
    recorder.finish();
    expect([recorder.latency.max, recorder.service!.max, recorder.sendDelay!.max]).toEqual([8, 5, 3]);
    expect(fill(1, 1).service).toBeUndefined();
  });

  it('has no block without length where calls end at the same moment', () => {
    const recorder = new Recorder({ startMs: 0, durationMs: 600, isScheduled: false });
    for (const endMs of [10, 20, 20, 20]) recorder.record(0, 0, endMs, 0);
    recorder.finish();
    const spans = recorder.blocks().map(({ startMs, endMs, inferences }) => [startMs, endMs, inferences]);
    expect(spans).toEqual([
      [0, 10, 1],
      [10, 20, 3],
    ]);
  });

  it('counts a call that was never made in the latencies, and in no block', () => {
    const recorder = new Recorder({ startMs: 0, durationMs: 100, isScheduled: true });
    recorder.record(0, 0, 5, 0);
    recorder.recordUnserved(80);
    recorder.finish();
    expect([recorder.inferences, recorder.latency.count, recorder.latency.max]).toEqual([1, 2, 80]);
    expect([recorder.service!.count, recorder.measuredMs]).toEqual([1, 5]);
    expect(recorder.blocks()).toMatchObject([{ endMs: 5, inferences: 1, maxMs: 5 }]);
  });
});
