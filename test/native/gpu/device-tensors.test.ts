// SPDX-License-Identifier: Apache-2.0
// Tensors that stay in the GPU's memory: between sessions, as inputs and as outputs.
import { describe, expect, it } from 'vitest';
import { deviceMemory, uploadTensor } from '../../../lib/runtime/device-memory';
import { type DeviceTensor } from '../../../lib/runtime/device-tensor';
import type { TensorData } from '../../../lib/runtime/tensor';
import type { ElementType } from '../../../lib/tensor/element-type';
import { createSession } from '../../../lib/session/create-session';
import { FAMILIES, counting, ownGraphs, times, useStandinGpu } from '../../gpu-session';
import { addModel } from '../../onnx-models';
import { ADD, MLP, NON_ZERO, RESHAPE, SCALE, TWO_PROFILES } from '../../standin-plan';

const bench = useStandinGpu();
const { gpu } = bench;

async function upload(data: TensorData, dims: readonly number[], type: ElementType = 'float32') {
  return bench.keep(await uploadTensor({ type, data, dims }));
}

describe('uploadTensor()', () => {
  const cases: [ElementType, TensorData, number[]][] = [
    ['float32', Float32Array.of(1.5, -2, 0, Infinity), [4]],
    ['float16', Uint16Array.of(0x3c00, 0x4000), [2]],
    ['bfloat16', Uint16Array.of(0x3f80, 0x4000), [2, 1]],
    ['float64', Float64Array.of(Math.PI, -1), [2]],
    ['int8', Int8Array.of(-128, 0, 127), [3]],
    ['uint8', Uint8Array.of(0, 255), [1, 2]],
    ['int16', Int16Array.of(-32768, 32767), [2]],
    ['uint16', Uint16Array.of(0, 65535), [2]],
    ['int32', Int32Array.of(-1, 2 ** 30), [2]],
    ['uint32', Uint32Array.of(2 ** 32 - 1), []],
    ['int64', BigInt64Array.of(-1n, 2n ** 62n), [2]],
    ['uint64', BigUint64Array.of(2n ** 64n - 1n), [1]],
    ['bool', Uint8Array.of(1, 0, 1), [3]],
    ['float8e4m3', Uint8Array.of(0x38, 0x7e), [2]],
    ['float8e5m2', Uint8Array.of(0x3c, 0x7b), [2]],
    ['int4', Uint8Array.of(0x21, 0x03), [3]],
    ['uint4', Uint8Array.of(0xff), [2]],
    ['float4e2m1', Uint8Array.of(0x12, 0x34), [4]],
    ['float32', new Float32Array(0), [0, 4]],
  ];
  it.each(cases)('brings %s to the device and back unchanged', async (type, data, dims) => {
    const tensor = await upload(data, dims, type);
    expect(tensor).toMatchObject({ type, dims, bytes: data.byteLength, device: 'cuda:0', isClosed: false });
    const back = await tensor.toTensor();
    expect(back).toMatchObject({ type, dims });
    expect(hex(back.data)).toBe(hex(data));
    tensor.close();
    tensor.close();
    expect(tensor.isClosed).toBe(true);
    await expect(tensor.toTensor()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_DEVICE_TENSOR' });
  });

  it('has copied the array when it returns', async () => {
    const data = counting(1024);
    const uploading = uploadTensor({ type: 'float32', data, dims: [1024] });
    data.fill(0);
    expect((await bench.keep(await uploading).toTensor()).data).toEqual(counting(1024));
  });

  it('keeps a copy to the host whole when the tensor is closed meanwhile', async () => {
    gpu.configure({ copyUs: 10_000 });
    const tensor = await upload(counting(256), [256]);
    const copying = tensor.toTensor();
    tensor.close();
    expect((await copying).data).toEqual(counting(256));
  });

  it('says which devices there are', async () => {
    await expect(
      uploadTensor({ type: 'float32', data: counting(1), dims: [1] }, { device: 'cuda:3' }),
    ).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE',
      message: expect.stringContaining('There is no device cuda:3: cuda:0 is '),
    });
    await expect(deviceMemory('cuda:1')).rejects.toMatchObject({ code: 'ERR_TRT_RUN_DEVICE' });
  });

  it('is seen by deviceMemory()', async () => {
    gpu.configure({ memoryBytes: 2 ** 30 });
    const before = await deviceMemory();
    expect(before.totalBytes).toBe(2 ** 30);
    await upload(new Float32Array(2 ** 20), [2 ** 20]);
    const after = await deviceMemory('cuda:0');
    expect(before.freeBytes - after.freeBytes).toBeGreaterThanOrEqual(2 ** 22);
    await expect(upload(new Float32Array(2 ** 28), [2 ** 28])).rejects.toMatchObject({
      code: 'ERR_TRT_CUDA_OUT_OF_MEMORY',
      details: { needed: 2 ** 30, free: expect.any(Number) },
    });
  });
});

describe.each(FAMILIES)('device tensors on %s', (family) => {
  it('are inputs in place and outputs that stay', async () => {
    const session = await bench.open(family, ADD);
    const a = await upload(counting(8), [2, 4]);
    const b = counting(8, 10);
    const { y } = await session.run({ a, b }, { deviceOutputs: true });
    expect(bench.keep(y!)).toMatchObject({ type: 'float32', dims: [2, 4], bytes: 32, device: 'cuda:0' });
    expect(session.statistics()).toMatchObject({ hostToDeviceBytes: 32, deviceToHostBytes: 0 });
    expect((await y!.toTensor()).data).toEqual(Float32Array.of(11, 13, 15, 17, 19, 21, 23, 25));
    const sync = session.runSync({ a: y!, b: y! }, { deviceOutputs: ['y'] }).y;
    expect((await bench.keep(sync).toTensor()).data).toEqual(Float32Array.of(22, 26, 30, 34, 38, 42, 46, 50));
  });

  it('go from session to session without touching the host', async () => {
    const first = await bench.open(family, TWO_PROFILES);
    const second = await bench.open(family, ADD, { contexts: 2 });
    const x = await upload(counting(8), [2, 4]);
    const chain = async (): Promise<DeviceTensor> => {
      const doubled = (await first.run({ x }, { deviceOutputs: true })).y!;
      const sum = second.run({ a: doubled, b: x }, { deviceOutputs: true });
      doubled.close();
      return bench.keep((await sum).y!);
    };
    gpu.reset();
    gpu.configure({ record: true });
    const results = await Promise.all(Array.from({ length: 10 }, chain));
    expect(bench.operations('h2d', 'd2h')).toEqual([]);
    expect(bench.operations('kernel')).toHaveLength(20);
    for (const session of [first, second]) {
      expect(session.statistics()).toMatchObject({
        hostCopiedBytes: 0,
        hostToDeviceBytes: 0,
        deviceToHostBytes: 0,
      });
    }
    for (const result of results) expect((await result.toTensor()).data).toEqual(times(counting(8), 3));
  });

  it('are the places of a binding, which is one graph without copies then', async () => {
    const session = await bench.open(family, MLP, ownGraphs(family));
    const x = await upload(counting(8), [2, 4]);
    const io = await session.createBinding({}, { inputs: { x }, deviceOutputs: true });
    expect(Object.keys(io.inputs)).toEqual([]);
    gpu.reset();
    gpu.configure({ record: true });
    for (let i = 0; i < 3; i++) await io.run();
    expect(bench.operations('h2d', 'd2h')).toEqual([]);
    const y = io.outputs.y as DeviceTensor;
    expect([...(await y.toTensor()).data]).toEqual([5, 5, 5, 13, 13, 13]);
    expect(session.statistics().cudaGraph).toMatchObject({ captures: 1, launches: 2 });
    // What a binding made is an input of the next call.
    const next = await session.createBinding({}, { inputs: { x } });
    // Closed by its owner, kept by the bindings.
    x.close();
    await next.run();
    expect([...(next.outputs.y as unknown as Float32Array)]).toEqual([5, 5, 5, 13, 13, 13]);
    await io.close();
    await expect(y.toTensor()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_DEVICE_TENSOR' });
    await expect(session.run({ x: y })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_DEVICE_TENSOR' });
  });

  it('take outputs whose size depends on the data', async () => {
    const session = await bench.open(family, NON_ZERO);
    const { y } = await session.run({ x: Float32Array.of(0, 5, 0, 6, 0, 7) }, { deviceOutputs: true });
    expect(bench.keep(y!).dims).toEqual([2, 3]);
    expect(await y!.toTensor()).toMatchObject({ data: BigInt64Array.of(0n, 1n, 1n, 1n, 0n, 2n) });
    const none = await session.run({ x: new Float32Array(6) }, { deviceOutputs: true });
    expect(bench.keep(none.y!).dims).toEqual([2, 0]);
    // A binding could not tell whoever has the tensor how much of it was used.
    await expect(session.createBinding({}, { deviceOutputs: true })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
    });
  });
});

describe('device tensors', () => {
  it('are refused where they cannot be used', async () => {
    const session = await bench.open('tensorrt-11', SCALE);
    const wrongType = await upload(Int32Array.of(1, 2, 3, 4), [4], 'int32');
    await expect(session.run({ x: wrongType })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_TYPE' });
    const wrongDims = await upload(counting(4), [2, 2]);
    await expect(session.run({ x: wrongDims })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_SHAPE' });
    const closed = await upload(counting(4), [4]);
    closed.close();
    await expect(session.run({ x: closed })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_DEVICE_TENSOR' });
    await expect(session.createBinding({}, { inputs: { x: closed } })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE_TENSOR',
    });
    const shaped = await bench.open('tensorrt-11', RESHAPE);
    const shape = await upload(BigInt64Array.of(3n, 4n), [2], 'int64');
    await expect(shaped.run({ x: counting(12), shape })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_TYPE',
      message: expect.stringContaining('a device tensor for a shape tensor'),
    });
  });

  it('are refused by a session on the CPU', async () => {
    const session = bench.keep(await createSession(addModel(), { device: 'cpu' }));
    const x = await upload(counting(4), [4]);
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_DEVICE_TENSOR' });
    await expect(session.run({ x: counting(4) }, { deviceOutputs: true })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
    });
  });

  it('may be closed as soon as the call that uses them is made, and outlive their session', async () => {
    gpu.configure({ reorder: 5 });
    const session = await bench.open('tensorrt-11', SCALE, { contexts: 3 });
    const runs = Array.from({ length: 30 }, async (_, i) => {
      const x = await upload(counting(4, i), [4]);
      const running = session.run({ x }, { deviceOutputs: true });
      x.close();
      return bench.keep((await running).y!);
    });
    const results = await Promise.all(runs);
    await session.close();
    for (const [i, y] of results.entries())
      expect((await y.toTensor()).data).toEqual(times(counting(4, i), 2));
  });
});

function hex(array: TensorData): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex');
}
