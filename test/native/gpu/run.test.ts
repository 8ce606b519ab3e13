// SPDX-License-Identifier: Apache-2.0
// session.run() on a GPU: results, and what the device does for them.
import { describe, expect, it } from 'vitest';
import { counting, FAMILIES, times, until, useStandinGpu } from '../../gpu-session';
import { ADD, MLP, NON_ZERO, RESHAPE, SCALE, SLOW, TOP_K } from '../../standin-plan';

const bench = useStandinGpu();
const { gpu } = bench;

describe.each(FAMILIES)('a session on %s', (family) => {
  it('runs a model of fixed shapes', async () => {
    const session = await bench.open(family, SCALE);
    expect(session).toMatchObject({ device: 'cuda:0', backend: 'tensorrt', fallbackReason: null });
    expect(session.inputs).toEqual([{ name: 'x', type: 'float32', dims: [4] }]);
    for (let i = 0; i < 4; i++) {
      const { y } = await session.run({ x: counting(4, i) });
      expect(y).toMatchObject({ type: 'float32', dims: [4], data: times(counting(4, i), 2) });
    }
    expect(session.statistics()).toMatchObject({ runs: 4, failedRuns: 0, hostToDeviceBytes: 64 });
  });

  it('runs each shape that fits, back and forth', async () => {
    const session = await bench.open(family, MLP);
    for (const rows of [1, 8, 3, 3, 3, 1, 8]) {
      const { y } = await session.run({ x: counting(rows * 4) });
      expect(y!.dims).toEqual([rows, 3]);
      const sums = Array.from({ length: rows }, (_, row) => (16 * row + 10) / 2);
      expect([...y!.data]).toEqual(sums.flatMap((sum) => [sum, sum, sum]));
    }
  });

  it('runs on the calling thread', async () => {
    const session = await bench.open(family, ADD);
    const feeds = { a: counting(8), b: { data: counting(8, 10), dims: [2, 4] } };
    for (let i = 0; i < 3; i++) {
      const { y } = session.runSync(feeds);
      expect(y!.dims).toEqual([2, 4]);
      expect([...y!.data]).toEqual([11, 13, 15, 17, 19, 21, 23, 25]);
    }
  });

  it('brings back only the outputs that are asked for', async () => {
    const session = await bench.open(family, TOP_K);
    const x = Float32Array.of(3, 9, 1, 7, 5, 2, 6, 5, 4, 3, 2, 1);
    const all = await session.run({ x });
    expect([...all.values!.data]).toEqual([9, 7, 5, 6, 5, 4]);
    expect([...all.indices!.data]).toEqual([1n, 3n, 4n, 0n, 1n, 2n]);
    const before = bench.operations('d2h').length;
    const { indices, ...others } = await session.run({ x }, { outputs: ['indices'] });
    expect(others).toEqual({});
    expect([...indices!.data]).toEqual([1n, 3n, 4n, 0n, 1n, 2n]);
    expect(
      bench
        .operations('d2h')
        .slice(before)
        .map(({ bytes }) => bytes),
    ).toEqual([48]);
  });

  it('hands out outputs whose size depends on the data', async () => {
    const session = await bench.open(family, NON_ZERO);
    const run = async (...x: number[]) => (await session.run({ x: Float32Array.from(x) })).y!;
    expect(await run(0, 5, 0, 6, 0, 7)).toMatchObject({
      dims: [2, 3],
      data: BigInt64Array.of(0n, 1n, 1n, 1n, 0n, 2n),
    });
    expect(await run(1, 0, 0, 0, 0, 0)).toMatchObject({ dims: [2, 1], data: BigInt64Array.of(0n, 0n) });
    expect(await run(0, 0, 0, 0, 0, 0)).toMatchObject({ dims: [2, 0] });
    expect(await run(1, 1, 1, 1, 1, 1)).toMatchObject({ dims: [2, 6] });
    expect(session.runSync({ x: Float32Array.of(0, 0, 1, 0, 0, 0) }).y!.dims).toEqual([2, 1]);
  });

  it('reads the values of shape tensors at the call', async () => {
    const session = await bench.open(family, RESHAPE);
    const shape = BigInt64Array.of(3n, 4n);
    const running = session.run({ x: counting(12), shape });
    shape.set([12n, 1n]);
    expect(await running).toMatchObject({ y: { dims: [3, 4], data: counting(12) } });
    expect(await session.run({ x: counting(12), shape })).toMatchObject({ y: { dims: [12, 1] } });
    shape.set([13n, 1n]);
    await expect(session.run({ x: counting(12), shape })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_PROFILE',
      message: expect.stringContaining('Input "shape" with the values [13, 1] fits no optimisation profile'),
    });
  });
});

describe('many calls', () => {
  it.each(FAMILIES)(
    'keeps each result with its call on %s, whatever order the device takes',
    async (family) => {
      gpu.configure({ reorder: 7 });
      const session = await bench.open(family, ADD, { contexts: 4 });
      const calls = Array.from({ length: 200 }, async (_, i) => {
        const rows = 1 + (i % 8);
        const { y } = await session.run({ a: counting(rows * 4, i), b: new Float32Array(rows * 4).fill(i) });
        expect(y!.data).toEqual(counting(rows * 4, 2 * i));
      });
      await Promise.all(calls);
      expect(session.statistics()).toMatchObject({ runs: 200, failedRuns: 0 });
    },
  );

  it('refuses calls beyond the queue', async () => {
    const session = await bench.open('tensorrt-11', SLOW, { maxQueue: 2 });
    const calls = Array.from({ length: 8 }, () => session.run({ x: counting(4) }));
    const settled = await Promise.allSettled(calls);
    const refused = settled.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(5);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'ERR_TRT_RUN_QUEUE_FULL' });
    expect(settled[0]).toMatchObject({ status: 'fulfilled' });
    expect(settled.at(-1)).toMatchObject({ status: 'rejected' });
  });

  it('copies the inputs of one call while the other computes', async () => {
    gpu.configure({ copyUs: 5000 });
    const plan = { ...SLOW, durationUs: 100_000 };
    const session = await bench.open('tensorrt-11', plan, { contexts: 2, cudaGraph: 'off' });
    await Promise.all([session.run({ x: counting(4) }), session.run({ x: counting(4) })]);
    const copies = bench.operations('h2d');
    const kernels = bench.operations('kernel');
    expect(copies).toHaveLength(2);
    expect(new Set(kernels.map(({ stream }) => stream)).size).toBe(2);
    // The second copy lies within the first computation: neither waits for the other's end.
    expect(copies[1]!.start).toBeGreaterThanOrEqual(copies[0]!.end);
    expect(copies[1]!.end).toBeLessThanOrEqual(kernels[0]!.end);
  });

  it('runs one call at a time with one context', async () => {
    const session = await bench.open('tensorrt-11', SLOW, { cudaGraph: 'off' });
    await Promise.all([session.run({ x: counting(4) }), session.run({ x: counting(4) })]);
    expect(bench.operations('d2h', 'h2d').map(({ op }) => op)).toEqual(['h2d', 'd2h', 'h2d', 'd2h']);
  });
});

describe('an AbortSignal', () => {
  it('that has fired keeps the call from being made', async () => {
    const session = await bench.open('tensorrt-11', SCALE);
    const reason = new Error('no longer wanted');
    await expect(
      session.run({ x: counting(4) }, { signal: AbortSignal.abort(reason) }),
    ).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
      cause: reason,
    });
    expect(session.statistics().runs).toBe(0);
  });

  it('withdraws a call that waits, and none that runs or has run', async () => {
    const session = await bench.open('tensorrt-11', SLOW);
    const controller = new AbortController();
    const { signal } = controller;
    const running = session.run({ x: counting(4) });
    // The first one is in the context for 20 ms from its copy on.
    await until(() => bench.operations('h2d').length > 0);
    const waiting = session.run({ x: counting(4) }, { signal });
    const kept = session.run({ x: counting(4, 5) });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    expect((await running).y!.data).toEqual(times(counting(4), 2));
    expect((await kept).y!.data).toEqual(times(counting(4, 5), 2));
    expect(session.statistics().runs).toBe(2);

    const late = new AbortController();
    const { y } = await session.run({ x: counting(4) }, { signal: late.signal });
    late.abort();
    expect(y!.data).toEqual(times(counting(4), 2));
  });
});
