// SPDX-License-Identifier: Apache-2.0
// Options of a session that TensorRT and the driver see: memory, streams, budgets.
import { describe, expect, it } from 'vitest';
import { counting, FAMILIES, times, until, useStandinGpu } from '../../gpu-session';
import { AUX_STREAMS, makePlan, SCALE, SLOW, TWO_PROFILES } from '../../standin-plan';
import type { Session } from '../../../lib/runtime/session';

const bench = useStandinGpu();
const { gpu } = bench;

/** 64 KiB for 16 rows, less for fewer. */
const LARGE = { ...TWO_PROFILES, name: 'large', memoryBytes: 65_536 };

async function runAll(session: Session, calls: number): Promise<void> {
  const bindings = await Promise.all([1, 16].map((rows) => session.createBinding({ x: [rows, 4] })));
  for (let round = 0; round < 3; round++) {
    const runs = Array.from({ length: calls }, async (_, i) => {
      const x = counting(4 * (1 + ((i * 5) % 16)), i);
      expect((await session.run({ x })).y!.data).toEqual(times(x, 2));
    });
    const bound = bindings.map(async (io) => {
      (io.inputs.x as Float32Array).fill(round);
      await io.run();
      expect(io.outputs.y!.every((value: number) => value === 2 * round)).toBe(true);
    });
    await Promise.all([...runs, ...bound]);
  }
  for (const io of bindings) await io.close();
}

describe.each(FAMILIES)('contextMemory on %s', (family) => {
  it.each(['static', 'on-profile-change', 'shared'] as const)(
    '%s runs everything right',
    async (contextMemory) => {
      gpu.configure({ reorder: 13 });
      const session = await bench.open(family, LARGE, { contexts: 3, contextMemory });
      await runAll(session, 30);
      expect(session.statistics().failedRuns).toBe(0);
    },
  );

  it('shared takes memory for the runs at a time, not for the contexts', async () => {
    const contexts = 4;
    const bytes = async (contextMemory: 'static' | 'shared'): Promise<number> => {
      const session = await bench.open(family, LARGE, { contexts, contextMemory, cudaGraph: 'off' });
      for (let i = 0; i < 8; i++) await session.run({ x: counting(64) });
      const { device } = gpu.live();
      await session.close();
      return device.bytes;
    };
    const each = await bytes('static');
    expect(each).toBeGreaterThanOrEqual(contexts * LARGE.memoryBytes);
    expect(await bytes('shared')).toBeLessThanOrEqual(each - (contexts - 1) * LARGE.memoryBytes);
  });

  it('on-profile-change takes what the profile needs', async () => {
    const session = await bench.open(family, LARGE, { contextMemory: 'on-profile-change' });
    const bytesWith = async (rows: number): Promise<number> => {
      await session.run({ x: counting(rows * 4) });
      return gpu.live().device.bytes;
    };
    await bytesWith(16);
    const large = await bytesWith(16);
    expect(await bytesWith(1)).toBeLessThan(large);
    expect(await bytesWith(16)).toBe(large);
  });
});

describe.each(FAMILIES)('streams on %s', (family) => {
  it('beside the main one are those of the session, or those of TensorRT', async () => {
    for (const auxStreams of [true, false]) {
      gpu.reset();
      gpu.configure({ record: true });
      const session = await bench.open(family, AUX_STREAMS, { auxStreams, cudaGraph: 'off' });
      expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 9));
      expect(new Set(bench.operations('kernel').map(({ stream }) => stream)).size).toBe(3);
      expect(bench.count('IExecutionContext::setAuxStreams')).toBe(auxStreams ? 1 : 0);
      await session.close();
    }
  });

  it.each(['low', 'normal', 'high'] as const)('may have %s priority', async (streamPriority) => {
    const session = await bench.open(family, SCALE, { streamPriority, spinWait: streamPriority === 'high' });
    for (let i = 0; i < 3; i++)
      expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
    expect(bench.count('cuStreamCreateWithPriority')).toBeGreaterThan(0);
  });
});

describe.each(FAMILIES)('budgets on %s', (family) => {
  const STREAMED = { ...SCALE, name: 'streamed', streamableBytes: 4096 };

  it('of the persistent cache reach every context', async () => {
    await bench.open(family, SCALE, { contexts: 3, persistentCacheBytes: 1024 });
    expect(bench.count('IExecutionContext::setPersistentCacheLimit')).toBe(3);
    await bench.open(family, SCALE);
    expect(bench.count('IExecutionContext::setPersistentCacheLimit')).toBe(3);
  });

  it('of streamed weights are kept, up to all of them', async () => {
    const budgetOf = async (weightStreamingBudgetBytes: number | 'auto'): Promise<number | undefined> => {
      const session = await bench.open(family, STREAMED, { weightStreamingBudgetBytes });
      expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
      const statistics = await session.engineStatistics();
      expect(statistics.streamableWeightsBytes).toBe(4096);
      return statistics.weightStreamingBudgetBytes;
    };
    expect(await budgetOf(1024)).toBe(1024);
    expect(await budgetOf(0)).toBe(0);
    expect(await budgetOf(10_000)).toBe(4096);
    expect(await budgetOf('auto')).toBeGreaterThan(0);
  });

  it('of weights that cannot be streamed are an error, but for the automatic one', async () => {
    await expect(bench.open(family, SCALE, { weightStreamingBudgetBytes: 1024 })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
      message: expect.stringContaining('weightStreaming'),
    });
    const session = await bench.open(family, SCALE, { weightStreamingBudgetBytes: 'auto' });
    expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
  });
});

describe('sessions over one plan', () => {
  it('are independent: closing one leaves the other running', async () => {
    const plan = makePlan('tensorrt-11', SLOW);
    const first = await bench.open('tensorrt-11', plan);
    const second = await bench.open('tensorrt-11', plan);
    const running = [first.run({ x: counting(4) }), second.run({ x: counting(4) })];
    await until(() => bench.operations('h2d').length === 2);
    await Promise.all([first.close(), ...running]);
    expect((await second.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
    await expect(first.run({ x: counting(4) })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
  });

  it('of three families run side by side in one process', async () => {
    const sessions: Session[] = [];
    for (const family of FAMILIES) sessions.push(await bench.open(family, SCALE));
    const runs = Array.from({ length: 30 }, (_, i) => sessions[i % 3]!.run({ x: counting(4, i) }));
    for (const [i, { y }] of (await Promise.all(runs)).entries())
      expect(y!.data).toEqual(times(counting(4, i), 2));
  });
});
