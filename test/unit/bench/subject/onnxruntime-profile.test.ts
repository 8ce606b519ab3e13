// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { readOnnxRuntimeProfile } from '../../../../lib/bench/subject/onnxruntime-profile';

const run = (ts: number, dur: number) => ({ cat: 'Session', name: 'model_run', ts, dur });
const node = (name: string, op: string, ts: number, dur: number) => [
  { cat: 'Node', name: `${name}_fence_before`, ts, dur: 9999, args: { op_name: op } },
  { cat: 'Node', name: `${name}_kernel_time`, ts, dur, args: { op_name: op } },
];
const profile = JSON.stringify([
  { cat: 'Session', name: 'model_loading_array', ts: 0, dur: 5000 },
  run(100, 900),
  ...node('conv', 'Conv', 110, 800),
  run(2000, 100),
  ...node('conv', 'Conv', 2010, 60),
  ...node('relu', 'Relu', 2080, 20),
  run(3000, 80),
  ...node('conv', 'Conv', 3010, 40),
  ...node('relu', 'Relu', 3060, 10),
]);

describe('readOnnxRuntimeProfile', () => {
  it('gives the durations of the runs in milliseconds', () => {
    expect(readOnnxRuntimeProfile(profile).runMs).toEqual([0.9, 0.1, 0.08]);
  });

  it('gives the mean of each node over the runs, in order, without those that are skipped', () => {
    const { runMs, layers } = readOnnxRuntimeProfile(profile, 1);
    expect(runMs).toEqual([0.1, 0.08]);
    expect(layers).toEqual([
      { name: 'conv', type: 'Conv', meanMs: 0.05, share: expect.closeTo(0.05 / 0.065, 9) },
      { name: 'relu', type: 'Relu', meanMs: 0.015, share: expect.closeTo(0.015 / 0.065, 9) },
    ]);
  });

  it('has no layers where all runs are skipped', () => {
    expect(readOnnxRuntimeProfile(profile, 3)).toEqual({ runMs: [], layers: [] });
  });

  it.each(['', '{}', '[{"cat"'])('refuses %j', (text) => {
    expect(() => readOnnxRuntimeProfile(text)).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_BENCH_RESULT' }),
    );
  });
});
