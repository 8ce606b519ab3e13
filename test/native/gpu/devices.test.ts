// SPDX-License-Identifier: Apache-2.0
// A machine with two GPUs: which one a session gets.
import { describe, expect, it } from 'vitest';
import { deviceMemory, uploadTensor } from '../../../lib/runtime/device-memory';
import { loadEngine } from '../../../lib/runtime/load-engine';
import { probe } from '../../../lib/runtime/probe';
import type { Session } from '../../../lib/runtime/session';
import { createSession } from '../../../lib/session/create-session';
import { counting, FAMILIES, times, useStandinGpu } from '../../gpu-session';
import { addModel } from '../../onnx-models';
import { makePlan, SCALE } from '../../standin-plan';

const bench = useStandinGpu({ devices: 2 });
const { gpu } = bench;

describe('the second GPU', () => {
  it.each(FAMILIES)('runs sessions of its own beside those of the first on %s', async (family) => {
    const sessions: Session[] = [];
    for (const device of ['cuda:0', 'cuda:1', 'auto'] as const)
      sessions.push(await bench.open(family, SCALE, { device }));
    expect(sessions.map(({ device }) => device)).toEqual(['cuda:0', 'cuda:1', 'cuda:0']);
    expect(gpu.live().contexts).toBe(2);
    const runs = Array.from({ length: 30 }, (_, i) => sessions[i % 3]!.run({ x: counting(4, i) }));
    for (const [i, { y }] of (await Promise.all(runs)).entries())
      expect(y!.data).toEqual(times(counting(4, i), 2));
    for (const session of sessions) {
      expect(session.runSync({ x: counting(4) }).y!.data).toEqual(times(counting(4), 2));
      const io = await session.createBinding();
      for (let i = 0; i < 3; i++) io.runSync();
    }
  });

  it('has tensors that the first does not take', async () => {
    const first = await bench.open('tensorrt-11', SCALE, { device: 'cuda:0' });
    const second = await bench.open('tensorrt-11', SCALE, { device: 'cuda:1' });
    const data = counting(4);
    const x = bench.keep(await uploadTensor({ type: 'float32', data, dims: [4] }, { device: 'cuda:1' }));
    expect(x.device).toBe('cuda:1');
    await expect(first.run({ x })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE_TENSOR',
      message: expect.stringContaining('is on cuda:1, but the session runs on cuda:0'),
    });
    const { y } = await second.run({ x }, { deviceOutputs: true });
    expect(bench.keep(y!).device).toBe('cuda:1');
    expect((await y!.toTensor()).data).toEqual(times(data, 2));
  });

  it('has memory of its own', async () => {
    const before = await deviceMemory('cuda:0');
    const data = new Float32Array(2 ** 20);
    bench.keep(await uploadTensor({ type: 'float32', data, dims: [2 ** 20] }, { device: 'cuda:1' }));
    expect(await deviceMemory('cuda:0')).toEqual(before);
    expect((await deviceMemory('cuda:1')).freeBytes).toBeLessThan(before.freeBytes);
  });
});

describe('a device that is not there', () => {
  it('is answered with those that are', async () => {
    const missing = {
      code: 'ERR_TRT_RUN_DEVICE',
      message: expect.stringMatching(
        /^There is no device cuda:2: cuda:0 is .+ \(GPU-[0-9a-f-]+\), cuda:1 is .+ \(GPU-[0-9a-f-]+\); CUDA_VISIBLE_DEVICES is/,
      ),
    };
    await expect(bench.open('tensorrt-11', SCALE, { device: 'cuda:2' })).rejects.toMatchObject(missing);
    await expect(createSession(addModel(), { device: 'cuda:2' })).rejects.toMatchObject(missing);
    await expect(deviceMemory('cuda:2')).rejects.toMatchObject(missing);
  });

  it('is no place for an engine at all where it is the CPU', async () => {
    await expect(bench.open('tensorrt-11', SCALE, { device: 'cpu' })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE',
      message: expect.stringContaining('GPUs alone'),
    });
  });
});

describe('an ONNX model where no engine can be built', () => {
  it('runs on the CPU with auto, and says why', async () => {
    process.env.TENSORRT_NODE_LIB_DIR = gpu.tensorRt11Folder;
    const session = bench.keep(await createSession(addModel()));
    expect(session.device).toBe('cpu');
    expect(session.fallbackReason).toMatch(/^the model does not run on the GPU: .+ \[ERR_TRT_[A-Z_]+\]$/);
    expect((await session.run({ x: counting(4) })).y!.dims).toEqual([4]);
  });

  it('is an error with the GPU that was named, or where a graph must be', async () => {
    process.env.TENSORRT_NODE_LIB_DIR = gpu.tensorRt11Folder;
    await expect(createSession(addModel(), { device: 'cuda:0' })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_TRT_(BUILD_FAILED|LOAD_TENSORRT_BROKEN)$/),
    });
    await expect(createSession(addModel(), { cudaGraph: 'on' })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
      message: expect.stringContaining('the model does not run on the GPU'),
    });
  });
});

describe('an engine that was loaded first', () => {
  it.each(FAMILIES)('can be run more than once on %s', async (family) => {
    process.env.TENSORRT_NODE_LIB_DIR = bench.folder(family);
    const engine = await loadEngine(makePlan(family, SCALE));
    expect(engine.family).toBe(family);
    for (const device of ['cuda:1', 'auto'] as const) {
      const session = bench.keep(await createSession(engine, { device }));
      expect((await session.run({ x: counting(4) })).y!.data).toEqual(times(counting(4), 2));
    }
  });
});

describe('probe()', () => {
  it('lists both', async () => {
    process.env.TENSORRT_NODE_LIB_DIR = gpu.tensorRt10Folder;
    const { cuda, tensorrt } = await probe();
    expect(cuda).toMatchObject({ status: 'ok', path: gpu.driverPath, reason: null });
    expect(cuda.devices).toMatchObject([
      { ordinal: 0, computeCapability: 90, isMig: false, isIntegrated: false },
      { ordinal: 1, computeCapability: 90, isMig: false, isIntegrated: false },
    ]);
    expect(tensorrt[0]).toMatchObject({ family: 'tensorrt-10', usable: true, from: 'TENSORRT_NODE_LIB_DIR' });
  });
});
