// SPDX-License-Identifier: Apache-2.0
// What gpu:check takes for growth of memory, and for an event loop that is held up.
import { describe, expect, it } from 'vitest';
import { CheckContext } from '../../../scripts/gpu-check/check-context.mjs';
import { judgeGrowth, watch } from '../../../scripts/gpu-check/groups/leaks.mjs';
import { judgeLoopDelays } from '../../../scripts/gpu-check/groups/streams.mjs';
import { slope } from '../../../scripts/gpu-check/numbers.mjs';
import { TensorRTError } from '../../../lib/errors';

describe('the judgement', () => {
  const context = (free = () => 2 ** 30) =>
    new CheckContext({
      api: { TensorRTError, deviceMemory: async () => ({ freeBytes: free() }) },
      device: 'cuda:0',
      library: null,
      settings: { folder: '', quick: true, isBuilding: false, environment: {} },
    });
  const samples = (host: (done: number) => number, device = host) =>
    Array.from({ length: 40 }, (_, index) => index * 1e6).map((done) => ({
      ...{ done, host: host(done), device: device(done) },
    }));
  const flat = () => 1e8;

  it('takes what comes and goes for no growth, and what rises with the runs for growth', () => {
    const t = context();
    expect(() =>
      judgeGrowth(
        t,
        samples((done) => 1e8 + (done % 4e6)),
        2,
      ),
    ).not.toThrow();
    expect(t.details.bytesPerRun).toMatchObject({ limit: 2 });
    expect(() =>
      judgeGrowth(
        t,
        samples((done) => 1e8 + 3 * done, flat),
        2,
      ),
    ).toThrow('host memory grows by 3.0 bytes a run, expected below 2.0 over 39000000 runs');
    expect(() =>
      judgeGrowth(
        t,
        samples(flat, (done) => 3 * done),
        2,
      ),
    ).toThrow('device memory grows');
  });

  it('sees a device tensor that nobody closes', async () => {
    let free = 2 ** 30;
    const t = context(() => free);
    await expect(watch(t, 100, 64, () => (free -= 2 ** 20))).rejects.toThrow(
      'device memory grows by 1048576.0 bytes a run',
    );
    expect(t.details.runs).toBe(100);
  });

  it('is the slope of a line', () => {
    expect(slope([0, 1, 2, 3], [5, 7, 9, 11])).toBe(2);
    expect(slope([0, 1, 2], [4, 4, 4])).toBe(0);
  });

  it('lets an event loop be late once in a hundred turns', () => {
    const t = context();
    const mostly = (late: number) => Array.from({ length: 1000 }, (_, index) => (index < late ? 80 : 1));
    expect(() => judgeLoopDelays(t, mostly(10))).not.toThrow();
    expect(t.details.delayMs).toMatchObject({ median: 1, p99: 1, worst: 80, limitOfP99: 50 });
    expect(() => judgeLoopDelays(t, mostly(11))).toThrow('up to 80.0 ms late, expected below 50 ms');
    expect(() => judgeLoopDelays(t, [1])).toThrow('hardly turned: 1 times');
  });
});
