// SPDX-License-Identifier: Apache-2.0
// Optimisation profiles: which one a call gets, and what is said where none fits.
import { describe, expect, it } from 'vitest';
import { counting, FAMILIES, times, useStandinGpu } from '../../gpu-session';
import { ADD, NON_ZERO, RESHAPE, SCALE, TWO_PROFILES, type PlanDescription } from '../../standin-plan';

const bench = useStandinGpu();

/** x [n, 4] with n = 0..8. */
const FROM_ZERO: PlanDescription = {
  ...TWO_PROFILES,
  name: 'from-zero',
  profiles: [{ dims: { x: { min: [0, 4], opt: [4, 4], max: [8, 4] } } }],
};

/** {@link TWO_PROFILES} with a gap between them. */
const GAP: PlanDescription = {
  ...TWO_PROFILES,
  name: 'gap',
  profiles: [
    { dims: { x: { min: [1, 4], opt: [1, 4], max: [2, 4] } } },
    { dims: { x: { min: [8, 4], opt: [8, 4], max: [16, 4] } } },
  ],
};

const rows = (count: number) => ({ x: { data: counting(count * 4), dims: [count, 4] } });

describe.each(FAMILIES)('profiles on %s', (family) => {
  it('are told as they were built', async () => {
    const session = await bench.open(family, TWO_PROFILES);
    expect(session.profiles).toEqual([
      { x: { min: [1, 4], opt: [2, 4], max: [4, 4] } },
      { x: { min: [4, 4], opt: [8, 4], max: [16, 4] } },
    ]);
    expect((await bench.open(family, SCALE)).profiles).toEqual([]);
    expect((await bench.open(family, RESHAPE)).profiles).toEqual([
      { shape: { values: { min: [1, 1], opt: [4, 3], max: [12, 12] } } },
    ]);
  });

  it('are chosen by the shapes of the call, and changed only when they must be', async () => {
    const session = await bench.open(family, TWO_PROFILES, { cudaGraph: 'off' });
    const selects = async (count: number): Promise<number> => {
      const before = bench.count('IExecutionContext::setOptimizationProfileAsync');
      const { y } = await session.run(rows(count));
      expect(y!.data).toEqual(times(counting(count * 4), 2));
      return bench.count('IExecutionContext::setOptimizationProfileAsync') - before;
    };
    expect(await selects(3)).toBe(0);
    expect(await selects(16)).toBe(1);
    expect(await selects(5)).toBe(0);
    // 4 fits both; it is as far from 2 as from 8, and the first wins.
    expect(await selects(4)).toBe(1);
    expect(await selects(1)).toBe(0);
  });

  it('are named, the nearest of them, where none fits', async () => {
    const session = await bench.open(family, TWO_PROFILES);
    await expect(session.run(rows(17))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_PROFILE',
      message:
        'Input "x" [17, 4] fits no optimisation profile: of 2 the nearest, profile 1, allows 4..16 x 4: dim 0 = 17 is above it.',
      hint: expect.stringContaining('{"x":{"min":[4,4],"opt":[8,4],"max":[17,4]}}'),
      details: { violations: [{ input: 'x', kind: 'dim', index: 0, received: 17, min: 4, max: 16 }] },
    });
    const gap = await bench.open(family, GAP);
    expect(() => gap.runSync(rows(7))).toThrow(/profile 1, allows 8\.\.16 x 4: dim 0 = 7 is below it/);
    await expect(gap.createBinding({ x: [5, 4] })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_PROFILE' });
    expect(session.statistics().runs + gap.statistics().runs).toBe(0);
  });

  it('can be fixed for all calls', async () => {
    const session = await bench.open(family, TWO_PROFILES, { profile: 1 });
    expect((await session.run(rows(4))).y!.dims).toEqual([4, 4]);
    await expect(session.run(rows(3))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_PROFILE',
      message: expect.stringContaining(`does not fit the session's profile 1: profile 1 allows 4..16 x 4`),
    });
    await expect(bench.open(family, TWO_PROFILES, { profile: 2 })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining('2 profiles'),
    });
  });

  it('say which of several inputs does not fit', async () => {
    const session = await bench.open(family, ADD);
    const feeds = { a: counting(4), b: { data: counting(36), dims: [9, 4] } };
    await expect(session.run(feeds)).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_PROFILE',
      message: expect.stringMatching(/^Input "b" \[9, 4\] fits no/),
    });
    // Within the profile, and still nothing that the network can add.
    const mixed = { a: counting(8), b: { data: counting(12), dims: [3, 4] } };
    await expect(session.run(mixed)).rejects.toMatchObject({ code: 'ERR_TRT_RUN_FAILED' });
    expect((await session.run({ a: counting(4), b: counting(4) })).y!.data).toEqual(times(counting(4), 2));
  });

  it('may allow tensors without elements', async () => {
    const session = await bench.open(family, FROM_ZERO);
    for (const count of [0, 2, 0, 0, 0]) {
      const { y } = await session.run(rows(count));
      expect(y).toMatchObject({ dims: [count, 4], data: times(counting(count * 4), 2) });
    }
    const io = await session.createBinding({ x: [0, 4] });
    for (let i = 0; i < 3; i++) await io.run();
    expect(io.outputs.y).toHaveLength(0);
    const { y } = await session.run(rows(0), { deviceOutputs: true });
    expect(bench.keep(y!)).toMatchObject({ dims: [0, 4], bytes: 0 });
    expect((await y!.toTensor()).data).toHaveLength(0);
    expect((await session.run({ x: y! })).y!.dims).toEqual([0, 4]);
  });
});

describe('bindings of shape tensors', () => {
  it.each(FAMILIES)('have the shapes that the values say on %s', async (family) => {
    const session = await bench.open(family, RESHAPE);
    const io = await session.createBinding({}, { values: { shape: [3, 4] } });
    expect(io.dims.outputs.y).toEqual([3, 4]);
    io.inputs.x!.set(counting(12));
    for (let i = 0; i < 3; i++) await io.run();
    expect(io.outputs.y).toEqual(counting(12));
    // Other values make another shape, which the binding was not made for.
    const shape = io.inputs.shape as BigInt64Array;
    shape.set([4n, 3n]);
    for (const run of [() => io.run(), async () => io.runSync()]) {
      await expect(run()).rejects.toMatchObject({
        code: 'ERR_TRT_RUN_FAILED',
        message: expect.stringContaining('dims 3x4 that it was bound with'),
        hint: expect.stringContaining('another binding'),
      });
    }
    shape.set([3n, 4n]);
    io.inputs.x!.fill(2);
    await io.run();
    expect(io.outputs.y).toEqual(new Float32Array(12).fill(2));
    await expect(session.createBinding()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_MISSING' });
    await expect(session.createBinding({}, { values: { shape: [99, 4] } })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_PROFILE',
    });
  });
});

describe('bindings of outputs that depend on the data', () => {
  it.each(FAMILIES)('tell what each run made on %s', async (family) => {
    const session = await bench.open(family, NON_ZERO);
    const io = await session.createBinding();
    expect(io.dims.outputs.y).toEqual([2, -1]);
    io.inputs.x!.set([0, 5, 0, 6, 0, 7] as never);
    await io.run();
    expect(io.dims.outputs.y).toEqual([2, 3]);
    expect(io.outputs.y).toEqual(BigInt64Array.of(0n, 1n, 1n, 1n, 0n, 2n));
    io.inputs.x!.set([1, 0, 0, 0, 0, 0] as never);
    io.runSync();
    expect(io.dims.outputs.y).toEqual([2, 1]);
    expect(io.outputs.y).toEqual(BigInt64Array.of(0n, 0n));
    io.inputs.x!.fill(0);
    await io.run();
    expect(io.outputs.y).toHaveLength(0);
    io.inputs.x!.fill(3);
    await io.run();
    expect(io.dims.outputs.y).toEqual([2, 6]);
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 0 });
    expect(session.statistics().cudaGraph.failures[0]!.reason).toContain('depends on the data');
  });
});
