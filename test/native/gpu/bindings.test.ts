// SPDX-License-Identifier: Apache-2.0
// Bindings on a GPU: nothing is copied on the host, and a run is a handful of calls.
import { describe, expect, it } from 'vitest';
import { FAMILIES, collectGarbage, counting, ownGraphs, times, useStandinGpu } from '../../gpu-session';
import { MLP, SCALE, SLOW } from '../../standin-plan';
import type { Session } from '../../../lib/runtime/session';

const bench = useStandinGpu();
const { gpu } = bench;

/** Driver calls of one more run. */
async function callsOf(run: () => unknown): Promise<Record<string, number>> {
  gpu.reset();
  await run();
  return gpu.calls().entries;
}

const set = (array: unknown, values: Float32Array): void => (array as Float32Array).set(values);

describe.each(FAMILIES)('a binding on %s', (family) => {
  it('runs over the same memory, without a copy on the host', async () => {
    const session = await bench.open(family, MLP, ownGraphs(family));
    const io = await session.createBinding({ x: [2, 4] });
    expect(io.dims).toEqual({ inputs: { x: [2, 4] }, outputs: { y: [2, 3] } });
    for (let i = 0; i < 5; i++) {
      set(io.inputs.x, counting(8, i));
      await io.run();
      const sums = [4 * i + 6, 4 * i + 22].map((sum) => sum / 2);
      expect([...io.outputs.y!]).toEqual(sums.flatMap((sum) => [sum, sum, sum]));
    }
    expect(session.statistics()).toMatchObject({
      runs: 5,
      hostCopiedBytes: 0,
      hostToDeviceBytes: 5 * 32,
      deviceToHostBytes: 5 * 24,
      cudaGraph: { captures: 1, launches: 4, evictions: 0, failures: [] },
    });
    // The memory is page-locked: a view of it is what the device copies from.
    expect(session.statistics().pinnedBytes).toBeGreaterThanOrEqual(32 + 24);
  });

  it('launches one graph a run, and needs few calls without one', async () => {
    const session = await bench.open(family, SCALE);
    const io = await session.createBinding();
    for (let i = 0; i < 2; i++) await io.run();
    const launched = await callsOf(() => io.run());
    expect(launched).toMatchObject({ cuGraphLaunch: 1, cuEventRecord: 1, cuEventSynchronize: 1 });
    expect(gpu.calls().total).toBeLessThanOrEqual(4);
    const plain = await bench.open(family, SCALE, { cudaGraph: 'off' });
    const other = await plain.createBinding();
    await other.run();
    const enqueued = await callsOf(() => other.run());
    expect(enqueued).toMatchObject({ 'IExecutionContext::enqueueV3': 1 });
    expect(enqueued.cuGraphLaunch).toBeUndefined();
    expect(enqueued['IExecutionContext::setInputShape']).toBeUndefined();
    expect(enqueued['IExecutionContext::setTensorAddress']).toBeUndefined();
    expect(gpu.calls().total).toBeLessThanOrEqual(20);
  });

  it('runs on the calling thread', async () => {
    const session = await bench.open(family, SCALE);
    const io = await session.createBinding();
    for (let i = 0; i < 4; i++) {
      set(io.inputs.x, counting(4, i));
      io.runSync();
      expect(io.outputs.y).toEqual(times(counting(4, i), 2));
      set(io.inputs.x, counting(4, 10 + i));
      await io.run();
      expect(io.outputs.y).toEqual(times(counting(4, 10 + i), 2));
    }
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 1, launches: 7 });
  });

  it('does not block while it runs already', async () => {
    const session = await bench.open(family, SLOW);
    const io = await session.createBinding();
    const running = io.run();
    expect(() => io.runSync()).toThrow(expect.objectContaining({ code: 'ERR_TRT_RUN_BUSY' }));
    await running;
    io.runSync();
  });

  it('is closed by its session, and by itself', async () => {
    const session = await bench.open(family, SLOW);
    const first = await session.createBinding();
    const second = await session.createBinding();
    const running = first.run();
    const closing = first.close();
    await expect(first.run()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    await Promise.all([running, closing]);
    expect(first.inputs.x).toHaveLength(0);
    const last = second.run();
    second[Symbol.dispose]();
    expect(second.outputs.y).toHaveLength(0);
    await last;
    const third = await session.createBinding();
    await session.close();
    expect(third.inputs.x).toHaveLength(0);
    expect(() => third.runSync()).toThrow(expect.objectContaining({ code: 'ERR_TRT_RUN_CLOSED' }));
  });
});

describe('several bindings', () => {
  it('run side by side, each in its order, over as many contexts as there are', async () => {
    gpu.configure({ reorder: 3 });
    const session = await bench.open('tensorrt-11', MLP, { contexts: 2 });
    const bindings = await Promise.all([1, 2, 8].map((rows) => session.createBinding({ x: [rows, 4] })));
    for (let i = 0; i < 20; i++) {
      bindings.forEach((io) => set(io.inputs.x, new Float32Array(io.inputs.x!.length).fill(i)));
      const single = session.run({ x: new Float32Array(12).fill(i) });
      await Promise.all(bindings.map((io) => io.run()));
      for (const { outputs } of bindings)
        expect([...outputs.y!].every((value) => value === 2 * i)).toBe(true);
      expect([...(await single).y!.data].every((value) => value === 2 * i)).toBe(true);
    }
  });

  it('overlap on the device: one copies while the other computes', async () => {
    gpu.configure({ copyUs: 5000 });
    const session = await bench.open('tensorrt-11', { ...SLOW, durationUs: 100_000 }, { contexts: 2 });
    const [first, second] = await Promise.all([session.createBinding(), session.createBinding()]);
    await Promise.all([first.run(), second.run()]);
    const copies = bench.operations('h2d').slice(-2);
    const [kernel] = bench.operations('kernel').slice(-2);
    expect(copies[1]!.end).toBeLessThanOrEqual(kernel!.end);
  });

  it('give their memory back when they are closed', async () => {
    const session = await bench.open('tensorrt-11', SCALE);
    const before = live(session);
    const io = await session.createBinding();
    await io.run();
    expect(live(session).contexts).toBe(before.contexts + 1);
    await io.close();
    collectGarbage();
    expect(live(session)).toEqual(before);
  });

  function live(session: Session): { contexts: number; deviceBytes: number } {
    const { objects } = gpu.live();
    return { contexts: objects.IExecutionContext!, deviceBytes: session.statistics().deviceBytes };
  }
});

describe('the limit of page-locked memory', () => {
  it('refuses what goes beyond it, and goes on', async () => {
    const session = await bench.open('tensorrt-11', MLP, { pinnedMemoryBytes: 4096 });
    const made = [await session.createBinding({ x: [8, 4] })];
    const more = async (): Promise<never> => {
      for (;;) made.push(await session.createBinding({ x: [8, 4] }));
    };
    await expect(more()).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_MEMORY_LIMIT',
      details: { limit: 4096, needed: expect.any(Number), used: expect.any(Number) },
    });
    await made[0]!.run();
    for (const io of made) await io.close();
  });
});
