// SPDX-License-Identifier: Apache-2.0
// What can be asked of an engine, traced in it and replaced in it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FAMILIES, counting, ownGraphs, times, useStandinGpu } from '../../gpu-session';
import { makeModel } from '../../onnx-builder';
import { AUX_STREAMS, DEBUG, MLP, NON_ZERO, REFITTABLE, SCALE, TWO_PROFILES } from '../../standin-plan';

const bench = useStandinGpu();
const { gpu } = bench;
const folder = mkdtempSync(join(tmpdir(), 'gpu-inside-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** x * factor with the weights that are named, each one number. */
function weights(values: Record<string, number>): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: [4] }],
    outputs: [{ name: 'y', dims: [4] }],
    initializers: Object.entries(values).map(([name, value]) => ({ name, dims: [1], data: [value] })),
    nodes: [{ op: 'Mul', inputs: ['x', Object.keys(values)[0]!], outputs: ['y'] }],
  });
}

describe.each(FAMILIES)('an engine on %s', (family) => {
  it('shows its layers and tells its numbers', async () => {
    const session = await bench.open(family, MLP);
    const inspected = (await session.inspectEngine()) as { Layers: { Name: string }[]; Bindings: string[] };
    expect(inspected.Layers.map(({ Name }) => Name)).toEqual(['matmul x', 'scale h']);
    expect(inspected.Bindings).toEqual(['x', 'y']);
    const statistics = await session.engineStatistics();
    expect(statistics).toMatchObject({ layers: 2, profiles: 1, auxStreams: 0, refittable: 0 });
    expect(statistics.deviceMemoryBytes).toBe(4096);
    expect(await (await bench.open(family, AUX_STREAMS)).engineStatistics()).toMatchObject({ auxStreams: 2 });
  });

  it('answers while it runs, and not after it was closed', async () => {
    const session = await bench.open(family, SCALE, { contexts: 2 });
    const runs = Array.from({ length: 20 }, () => session.run({ x: counting(4) }));
    expect(await session.inspectEngine()).toHaveProperty('Layers');
    await Promise.all(runs);
    await session.close();
    await expect(session.inspectEngine()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    expect(() => session.statistics()).toThrow(expect.objectContaining({ code: 'ERR_TRT_RUN_CLOSED' }));
  });
});

describe.each(FAMILIES)('trace() on %s', (family) => {
  it('gives the time of each layer besides the outputs', async () => {
    const session = await bench.open(family, { ...MLP, durationUs: 2000 }, ownGraphs(family));
    const trace = await session.trace({ x: counting(4) });
    expect([...trace.outputs.y!.data]).toEqual([5, 5, 5]);
    expect(trace.layers.map(({ layer }) => layer)).toEqual(['matmul x', 'scale h']);
    for (const { milliseconds } of trace.layers) expect(milliseconds).toBeGreaterThan(0);
    expect(trace.debugTensors).toEqual([]);
    const without = await session.trace({ x: counting(4) }, { layerTimes: false });
    expect(without.layers).toEqual([]);
    // A traced run is no graph, and leaves those of the others as they are.
    for (let i = 0; i < 3; i++) await session.run({ x: counting(4) });
    await session.trace({ x: counting(4) });
    await session.run({ x: counting(4) });
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 1, failures: [] });
  });

  it('hands out tensors that were marked for debugging', async () => {
    const session = await bench.open(family, DEBUG);
    const all = await session.trace({ x: counting(4) }, { debugTensors: true });
    expect(all.outputs.y!.data).toEqual(times(counting(4), 6));
    expect(all.debugTensors.map(({ name }) => name)).toEqual(['h', 'y']);
    const one = await session.trace({ x: counting(4, 10) }, { debugTensors: ['h'], outputs: ['y'] });
    expect(one.debugTensors).toMatchObject([
      { name: 'h', tensor: { type: 'float32', dims: [4], data: times(counting(4, 10), 2) } },
    ]);
    await expect(session.trace({ x: counting(4) }, { debugTensors: ['g'] })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_OUTPUT_NAME',
      details: { expected: ['y', 'h'] },
    });
    // The next run is one like any other.
    expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 6));
  });

  it('takes outputs of any size', async () => {
    const session = await bench.open(family, NON_ZERO);
    const { outputs } = await session.trace({ x: Float32Array.of(0, 0, 1, 0, 0, 0) });
    expect(outputs.y).toMatchObject({ dims: [2, 1], data: BigInt64Array.of(0n, 2n) });
  });
});

describe.each(FAMILIES)('refit() on %s', (family) => {
  it('gives the engine new weights, which graphs and bindings see too', async () => {
    const session = await bench.open(family, REFITTABLE, { contexts: 2 });
    const io = await session.createBinding();
    const check = async (factor: number): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        const runs = Array.from({ length: 4 }, () => session.run({ x: counting(4, i) }));
        for (const { y } of await Promise.all(runs)) expect(y!.data).toEqual(times(counting(4, i), factor));
        (io.inputs.x as Float32Array).set(counting(4, i));
        await io.run();
        expect(io.outputs.y).toEqual(times(counting(4, i), factor));
      }
    };
    await check(2);
    const { launches } = session.statistics().cudaGraph;
    expect(launches).toBeGreaterThan(0);
    await session.refit(weights({ w: 5 }));
    await check(5);
    expect(session.statistics().cudaGraph.launches).toBeGreaterThan(launches);
    const path = join(folder, `${family}.onnx`);
    writeFileSync(path, weights({ w: -1 }));
    await session.refit(path);
    await check(-1);
  });

  it('waits for the calls before it, and those after it have the new weights', async () => {
    const session = await bench.open(family, { ...REFITTABLE, durationUs: 2000 }, { contexts: 2 });
    const before = Array.from({ length: 6 }, () => session.run({ x: counting(4) }));
    const refitting = session.refit(weights({ w: 7 }));
    const after = Array.from({ length: 6 }, () => session.run({ x: counting(4) }));
    await refitting;
    for (const { y } of await Promise.all(before)) expect(y!.data).toEqual(times(counting(4), 2));
    for (const { y } of await Promise.all(after)) expect(y!.data).toEqual(times(counting(4), 7));
  });

  it('says what does not fit, and the engine keeps its weights', async () => {
    const session = await bench.open(family, REFITTABLE);
    await expect(session.refit(weights({ other: 3 }))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_REFIT',
      details: { missing: ['w'] },
    });
    await expect(session.refit(Buffer.from('no model'))).rejects.toMatchObject({ code: 'ERR_TRT_RUN_REFIT' });
    await expect(session.refit(join(folder, 'none.onnx'))).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_TRT_(RUN_REFIT|LOAD_FILE|ONNX_FILE_NOT_FOUND)$/),
      message: expect.stringContaining('none.onnx'),
    });
    expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
    const fixed = await bench.open(family, SCALE);
    await expect(fixed.refit(weights({ w: 5 }))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_REFIT',
      message: expect.stringContaining('refit'),
    });
  });
});

describe('the runtime cache of TensorRT-RTX', () => {
  it('is written at the end and read at the start of the next session', async () => {
    const runtimeCache = join(folder, 'kernels.cache');
    const compiled = async (): Promise<number> => {
      gpu.reset();
      const session = await bench.open('tensorrt-rtx', TWO_PROFILES, { runtimeCache });
      for (const rows of [2, 3, 8]) await session.run({ x: counting(rows * 4) });
      await session.close();
      return bench.count('compileKernel');
    };
    expect(await compiled()).toBe(4);
    expect(await compiled()).toBe(0);
    // What is in it is for the library to judge: a file of something else is as good as none.
    writeFileSync(runtimeCache, 'something else');
    expect(await compiled()).toBe(4);
    expect(await compiled()).toBe(0);
  });

  it('must have a folder', async () => {
    const runtimeCache = join(folder, 'nowhere', 'kernels.cache');
    await expect(bench.open('tensorrt-rtx', SCALE, { runtimeCache })).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
    });
  });

  it('has nothing to add where kernels are for all shapes', async () => {
    for (const [dynamicShapeKernels, kernels] of [
      ['none', 1],
      ['eager', 2],
      ['lazy', 2],
    ] as const) {
      gpu.reset();
      const session = await bench.open('tensorrt-rtx', TWO_PROFILES, { dynamicShapeKernels });
      for (let i = 0; i < 3; i++) await session.run({ x: counting(8) });
      expect(bench.count('compileKernel')).toBe(kernels);
      await session.close();
    }
  });
});
