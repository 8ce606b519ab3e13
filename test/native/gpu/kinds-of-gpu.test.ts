// SPDX-License-Identifier: Apache-2.0
// GPUs that are not like others: those that share the host's memory, instances of a divided one, those without
// stream-ordered allocation.
import { describe, expect, it } from 'vitest';
import { probe } from '../../../lib/runtime/probe';
import { uploadTensor } from '../../../lib/runtime/device-memory';
import { counting, FAMILIES, times, useStandinGpu } from '../../gpu-session';
import { ADD, MLP, NON_ZERO, SCALE, TOP_K } from '../../standin-plan';

const bench = useStandinGpu();
const { gpu } = bench;

describe.each(FAMILIES)('an integrated GPU with %s', (family) => {
  it('uses the memory of the host in place: nothing is copied', async () => {
    gpu.configure({ integrated: true });
    const session = await bench.open(family, ADD);
    for (let i = 0; i < 4; i++) {
      const { y } = await session.run({ a: counting(8, i), b: counting(8) });
      expect(y!.data).toEqual(counting(8, i + 1).map((value, k) => value + k));
    }
    const io = await session.createBinding({ a: [2, 4], b: [2, 4] });
    for (let i = 0; i < 4; i++) {
      (io.inputs.a as Float32Array).set(counting(8, i));
      (io.inputs.b as Float32Array).set(counting(8, i));
      await io.run();
      expect(io.outputs.y).toEqual(times(counting(8, i), 2));
    }
    expect(bench.operations('h2d', 'd2h', 'd2d')).toEqual([]);
    expect(session.statistics()).toMatchObject({
      hostToDeviceBytes: 0,
      deviceToHostBytes: 0,
      deviceBytes: 0,
    });
  });

  it('runs everything else as others do', async () => {
    gpu.configure({ integrated: true, reorder: 17 });
    const session = await bench.open(family, MLP, { contexts: 3 });
    const runs = Array.from({ length: 60 }, async (_, i) => {
      const rows = 1 + (i % 8);
      const { y } = await session.run({ x: new Float32Array(rows * 4).fill(i) });
      expect(y!.dims).toEqual([rows, 3]);
      expect(y!.data.every((value: number) => value === 2 * i)).toBe(true);
    });
    await Promise.all(runs);
    const top = await bench.open(family, TOP_K);
    const { indices } = await top.run({ x: counting(12) }, { outputs: ['indices'] });
    expect([...indices!.data]).toEqual([5n, 4n, 3n, 5n, 4n, 3n]);
    const unsized = await bench.open(family, NON_ZERO);
    expect((await unsized.run({ x: Float32Array.of(0, 1, 0, 0, 0, 1) })).y!.dims).toEqual([2, 2]);
    const scale = await bench.open(family, SCALE);
    const x = bench.keep(await uploadTensor({ type: 'float32', data: counting(4), dims: [4] }));
    const { y } = await scale.run({ x }, { deviceOutputs: true });
    expect((await bench.keep(y!).toTensor()).data).toEqual(times(counting(4), 2));
  });
});

describe('a GPU without stream-ordered allocation', () => {
  it.each(FAMILIES)('runs with %s', async (family) => {
    gpu.configure({ pools: false });
    const session = await bench.open(family, ADD, { contexts: 2, contextMemory: 'shared' });
    for (const rows of [1, 8, 2, 2, 2]) {
      const { y } = await session.run({ a: counting(rows * 4), b: counting(rows * 4) });
      expect(y!.data).toEqual(times(counting(rows * 4), 2));
    }
    expect(bench.count('cuMemAllocAsync')).toBe(0);
  });
});

describe('an instance of a divided GPU', () => {
  it('is named as one and runs as one', async () => {
    gpu.configure({ mig: true });
    const { cuda } = await probe();
    expect(cuda.devices).toMatchObject([
      { name: expect.stringContaining('MIG 1g.10gb'), isMig: true, uuid: expect.stringMatching(/^MIG-/) },
    ]);
    const session = await bench.open('tensorrt-11', SCALE);
    expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
  });
});
