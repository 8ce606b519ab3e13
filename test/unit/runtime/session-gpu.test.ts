// SPDX-License-Identifier: Apache-2.0
// What a session has on a GPU alone: device tensors, profiles, outputs of unknown size, questions to the engine.
import { describe, expect, it } from 'vitest';
import {
  FakeBackend,
  FakeDeviceTensor,
  fakeTensor,
  nativeError,
  type FakeBackendOptions,
  type FakeModel,
} from '../../fake-backend';
import { DeviceTensor } from '../../../lib/runtime/device-tensor';
import { openSession } from '../../../lib/runtime/session';
import { Tensor } from '../../../lib/runtime/tensor';

const range = (min: number[], opt: number[], max: number[], isValues = false) => ({
  isValues,
  min,
  opt,
  max,
});

/** y = 2x over a batch, in two profiles. */
const doubling: FakeModel = {
  inputs: [fakeTensor('x', 'float32', ['batch', 2])],
  outputs: [fakeTensor('y', 'float32', ['batch', 2])],
  profiles: [[range([1, 2], [4, 2], [8, 2])], [range([16, 2], [32, 2], [64, 2])]],
  debugTensors: ['hidden'],
  compute: ([x], dims) => [
    { data: (x as Float32Array).map((value) => value * 2), dims: [...(dims?.[0] ?? [1, 2])] },
  ],
};

/** The indices of non-zero elements: at most four. */
const nonZero: FakeModel = {
  inputs: [fakeTensor('x', 'float32', [4])],
  outputs: [fakeTensor('indices', 'int64', [1, -1])],
  capacities: { indices: [1, 4] },
  compute: ([x]) => {
    const found = [...(x as Float32Array)].flatMap((value, index) => (value === 0 ? [] : [BigInt(index)]));
    return [{ data: BigInt64Array.from(found), dims: [1, found.length] }];
  },
};

/** As many ones as a shape tensor says. */
const sized: FakeModel = {
  inputs: [{ ...fakeTensor('size', 'int64', [1]), isShapeTensor: true }],
  outputs: [fakeTensor('y', 'float32', [-1])],
  profiles: [[range([1], [2], [4], true)]],
  compute: ([size]) => [{ data: new Float32Array(Number(size![0])).fill(1), dims: [Number(size![0])] }],
};

async function open(model: FakeModel, options?: FakeBackendOptions) {
  const backend = new FakeBackend(model, options);
  return { backend, session: await openSession(backend) };
}

function deviceTensor(dims: number[], device = 0, type = 'float32') {
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, index) => index);
  const native = new FakeDeviceTensor(type, dims, data, device);
  return { native, tensor: new DeviceTensor(native) };
}

describe('device tensors', () => {
  it('are inputs, and outputs that stay', async () => {
    const { session } = await open(doubling);
    const { tensor } = deviceTensor([2, 2]);
    const { y } = await session.run({ x: tensor }, { deviceOutputs: true });
    expect(y).toMatchObject({ type: 'float32', dims: [2, 2], bytes: 16, device: 'cuda:0' });
    expect(await y!.toTensor()).toMatchObject({ dims: [2, 2], data: Float32Array.of(0, 2, 4, 6) });
    const again = session.runSync({ x: y! }, { deviceOutputs: ['y'] });
    expect(await again.y.toTensor()).toMatchObject({ data: Float32Array.of(0, 4, 8, 12) });
    const host = await session.run({ x: tensor });
    expect(host.y!.data).toEqual(Float32Array.of(0, 2, 4, 6));
  });

  it('are closed once and refused afterwards', async () => {
    const { session } = await open(doubling);
    const { tensor, native } = deviceTensor([1, 2]);
    tensor[Symbol.dispose]();
    tensor.close();
    expect(native.isClosed).toBe(true);
    const closed = { code: 'ERR_TRT_RUN_DEVICE_TENSOR', message: expect.stringContaining('is closed') };
    await expect(tensor.toTensor()).rejects.toMatchObject(closed);
    await expect(session.run({ x: tensor })).rejects.toMatchObject(closed);
    await expect(session.createBinding({}, { inputs: { x: tensor } })).rejects.toMatchObject(closed);
  });

  it.each([
    ['of another device', deviceTensor([1, 2], 1).tensor, 'ERR_TRT_RUN_DEVICE_TENSOR'],
    ['of another type', deviceTensor([1, 2], 0, 'int32').tensor, 'ERR_TRT_RUN_INPUT_TYPE'],
    ['of another shape', deviceTensor([1, 3]).tensor, 'ERR_TRT_RUN_INPUT_SHAPE'],
    ['outside the profiles', deviceTensor([9, 2]).tensor, 'ERR_TRT_RUN_PROFILE'],
  ])('%s are refused', async (_, x, code) => {
    const { session } = await open(doubling);
    await expect(session.run({ x })).rejects.toMatchObject({ code });
    expect(() => session.runSync({ x })).toThrow(expect.objectContaining({ code }));
  });

  it('mean nothing to a session on the CPU', async () => {
    const { session } = await open(doubling, { name: 'onnxruntime', device: 'cpu' });
    const { tensor } = deviceTensor([1, 2]);
    await expect(session.run({ x: tensor })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_DEVICE_TENSOR',
      hint: expect.stringContaining('toTensor()'),
    });
    const unsupported = { code: 'ERR_TRT_RUN_UNSUPPORTED' };
    const x = new Float32Array(2);
    await expect(session.run({ x }, { deviceOutputs: true })).rejects.toMatchObject(unsupported);
    const binding = session.createBinding({ x: [1, 2] }, { deviceOutputs: true });
    await expect(binding).rejects.toMatchObject(unsupported);
  });

  it('are refused as shape tensors, whose values the host must know', async () => {
    const { session } = await open(sized);
    const { tensor } = deviceTensor([1], 0, 'int64');
    await expect(session.run({ size: tensor })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_TYPE' });
  });

  it('are named among the outputs', async () => {
    const { session } = await open(doubling);
    const run = session.run({ x: new Float32Array(2) }, { deviceOutputs: ['z'] });
    await expect(run).rejects.toMatchObject({ code: 'ERR_TRT_RUN_OUTPUT_NAME' });
  });

  it('are the places of a binding', async () => {
    const { session } = await open(doubling);
    const { tensor } = deviceTensor([2, 2]);
    const io = await session.createBinding({}, { inputs: { x: tensor }, deviceOutputs: true });
    expect(Object.keys(io.inputs)).toEqual([]);
    expect(io.dims.inputs).toEqual({ x: [2, 2] });
    await io.run();
    expect(io.outputs.y).toBeInstanceOf(DeviceTensor);
    expect(await (io.outputs.y as DeviceTensor).toTensor()).toMatchObject({
      data: Float32Array.of(0, 2, 4, 6),
    });
    const wrong = session.createBinding({}, { inputs: { x: new Float32Array(2) as never } });
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
  });

  it('do not contradict the other arguments of a binding', async () => {
    const { session } = await open(doubling);
    const { tensor } = deviceTensor([2, 2]);
    const inputs = { x: tensor };
    const contradiction = { code: 'ERR_TRT_ARG_VALUE', details: { input: 'x' } };
    const twice = session.createBinding({}, { inputs, values: { x: [1, 2, 3, 4] } });
    await expect(twice).rejects.toMatchObject(contradiction);
    await expect(session.createBinding({ x: [4, 2] }, { inputs })).rejects.toMatchObject(contradiction);
    expect((await session.createBinding({ x: [2, 2] }, { inputs })).dims.inputs).toEqual({ x: [2, 2] });
  });

  it.each([false, []] as const)('are none with deviceOutputs: %j, also on the CPU', async (deviceOutputs) => {
    for (const options of [{}, { name: 'onnxruntime', device: 'cpu' }] as const) {
      const { session } = await open(doubling, options);
      const x = Float32Array.of(1, 2);
      expect((await session.run({ x }, { deviceOutputs })).y).toBeInstanceOf(Tensor);
      const io = await session.createBinding({ x: [1, 2] }, { deviceOutputs });
      expect(io.outputs.y).toBeInstanceOf(Float32Array);
    }
  });

  it('cannot be outputs of a binding whose size follows from the data', async () => {
    const { session } = await open(nonZero);
    await expect(session.createBinding({}, { deviceOutputs: true })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
      message: expect.stringContaining('"indices" [?, ?]'),
      hint: expect.stringContaining('session.run()'),
    });
    const { indices } = await session.run({ x: Float32Array.of(0, 1, 0, 1) }, { deviceOutputs: true });
    expect(indices!.dims).toEqual([1, 2]);
  });
});

describe('profiles', () => {
  it('are told in the form that a build takes', async () => {
    const { session } = await open(doubling);
    expect(session.profiles).toEqual([
      { x: { min: [1, 2], opt: [4, 2], max: [8, 2] } },
      { x: { min: [16, 2], opt: [32, 2], max: [64, 2] } },
    ]);
    expect((await open(sized)).session.profiles).toEqual([
      { size: { values: { min: [1], opt: [2], max: [4] } } },
    ]);
    expect((await open(nonZero)).session.profiles).toBeUndefined();
  });

  it('are held against every call and binding before native code', async () => {
    const { backend, session } = await open(doubling);
    const misfit = {
      code: 'ERR_TRT_RUN_PROFILE',
      message:
        'Input "x" [9, 2] fits no optimisation profile: of 2 the nearest, profile 0, allows 1..8 x 2: dim 0 = 9 is above it.',
    };
    await expect(session.run({ x: new Float32Array(18) })).rejects.toMatchObject(misfit);
    await expect(session.createBinding({ x: [9, 2] })).rejects.toMatchObject(misfit);
    await expect(session.trace({ x: new Float32Array(18) })).rejects.toMatchObject(misfit);
    expect(backend.queue).toHaveLength(0);
    await session.run({ x: new Float32Array(32) });
  });

  it('may be one alone', async () => {
    const { session } = await open(doubling, { profile: 1 });
    await expect(session.run({ x: new Float32Array(2) })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_PROFILE',
      message: expect.stringContaining("does not fit the session's profile 1"),
    });
  });

  it('hold for the values of shape tensors', async () => {
    const { session } = await open(sized);
    expect((await session.run({ size: BigInt64Array.of(3n) })).y!.dims).toEqual([3]);
    await expect(session.run({ size: BigInt64Array.of(5n) })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_PROFILE',
      message: expect.stringContaining('with the values [5]'),
      details: { violations: [{ input: 'size', kind: 'value', index: 0, received: 5, min: 1, max: 4 }] },
    });
  });
});

describe('bindings on a GPU', () => {
  it('take the values of shape tensors, as numbers too', async () => {
    const { session } = await open(sized);
    for (const values of [[2], [2n], BigInt64Array.of(2n)]) {
      const io = await session.createBinding({}, { values: { size: values as number[] } });
      expect(io.dims.outputs.y).toEqual([2]);
      await io.run();
      expect(io.outputs.y).toEqual(Float32Array.of(1, 1));
    }
    await expect(session.createBinding()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_MISSING' });
    const wrong: [unknown, string][] = [
      [[1.5], 'ERR_TRT_RUN_INPUT_TYPE'],
      [['2'], 'ERR_TRT_RUN_INPUT_TYPE'],
      [[1, 2], 'ERR_TRT_RUN_INPUT_SIZE'],
      [[9], 'ERR_TRT_RUN_PROFILE'],
    ];
    for (const [size, code] of wrong) {
      await expect(session.createBinding({}, { values: { size } as never })).rejects.toMatchObject({ code });
    }
  });

  it('start with the values of other inputs', async () => {
    const { session } = await open(doubling);
    const io = await session.createBinding({ x: [1, 2] }, { values: { x: [3, 4] } });
    expect(io.inputs.x).toEqual(Float32Array.of(3, 4));
    await io.run();
    expect(io.outputs.y).toEqual(Float32Array.of(6, 8));
    await expect(session.createBinding({ x: [1, 2] }, { values: { x: [] } })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SIZE',
    });
    const unknown = session.createBinding({ x: [1, 2] }, { values: { z: [1] } });
    await expect(unknown).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_NAME' });
  });

  it.each<[string, unknown[], string]>([
    ['bfloat16', [1, 2], 'Uint16Array'],
    ['float8e4m3', [1, 2], 'Uint8Array'],
    ['int4', [1], 'Uint8Array'],
    ['uint8', [1, 256], 'from 0 to 255 for'],
    ['int8', [-129, 1], 'value 0 is -129'],
    ['int64', [1, 2n ** 63n], 'value 1 is 9223372036854775808'],
    ['uint32', [1.5, 1], 'whole numbers'],
    ['bool', [0, 2], 'from 0 to 1'],
  ])('do not start with %s %s', async (type, values, text) => {
    const model = { ...doubling, inputs: [fakeTensor('x', type, [2])], profiles: [] };
    const { session } = await open(model);
    await expect(session.createBinding({}, { values: { x: values as number[] } })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_TYPE',
      message: expect.stringContaining(text),
    });
  });

  it('show outputs of unknown size as the last run left them', async () => {
    const { session } = await open(nonZero);
    const io = await session.createBinding();
    expect(io.dims.outputs.indices).toEqual([-1, -1]);
    (io.inputs.x as Float32Array).set([0, 5, 0, 6]);
    await io.run();
    expect(io.outputs.indices).toEqual(BigInt64Array.of(1n, 3n));
    expect(io.dims.outputs.indices).toEqual([1, 2]);
    const { buffer } = io.outputs.indices!;
    (io.inputs.x as Float32Array).set([1, 1, 1, 1]);
    io.runSync();
    expect(io.outputs.indices).toEqual(BigInt64Array.of(0n, 1n, 2n, 3n));
    expect(io.outputs.indices!.buffer).toBe(buffer);
  });

  it('refuse runSync() while a run waits', async () => {
    const { backend, session } = await open(doubling);
    const io = await session.createBinding({ x: [1, 2] });
    backend.isAutomatic = false;
    const running = io.run();
    expect(() => io.runSync()).toThrow(expect.objectContaining({ code: 'ERR_TRT_RUN_BUSY' }));
    backend.step();
    await running;
    io.runSync();
  });

  it('are free again after a run that was withdrawn', async () => {
    const { backend, session } = await open(doubling);
    const io = await session.createBinding({ x: [1, 2] });
    backend.isAutomatic = false;
    const controller = new AbortController();
    const running = io.run({ signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    io.runSync();
    await io.close();
  });

  it('do not cross to native code for outputs that need no collecting', async () => {
    const { backend, session } = await open(doubling);
    const collecting = await session.createBinding({ x: [1, 2] });
    await collecting.run();
    expect(backend.calls).toEqual(['run', 'collect']);
    backend.collects = false;
    const io = await session.createBinding({ x: [1, 2] });
    await io.run();
    expect(backend.calls).toEqual(['run', 'collect', 'run']);
  });
});

describe('questions to the engine', () => {
  it('are answered', async () => {
    const { backend, session } = await open(doubling);
    backend.answers = { inspector: '{"Layers":[]}', statistics: { weightsBytes: 5 } };
    backend.counters.graphCaptures = 2;
    backend.graphFailures.push({ shapes: 'x [1, 2]', reason: 'why not' });
    expect(await session.inspectEngine()).toEqual({ Layers: [] });
    expect(await session.engineStatistics()).toEqual({ weightsBytes: 5 });
    expect(session.statistics()).toMatchObject({
      runs: 0,
      pinnedBytes: 0,
      cudaGraph: { captures: 2, launches: 0, evictions: 0, failures: [{ reason: 'why not' }] },
    });
  });

  it('have no answer on the CPU, and none after closing', async () => {
    const { session } = await open(doubling, { name: 'onnxruntime', device: 'cpu' });
    const unsupported = { code: 'ERR_TRT_RUN_UNSUPPORTED' };
    expect(() => session.statistics()).toThrow(expect.objectContaining(unsupported));
    await expect(session.inspectEngine()).rejects.toMatchObject(unsupported);
    await expect(session.engineStatistics()).rejects.toMatchObject(unsupported);
    await expect(session.trace({ x: new Float32Array(2) })).rejects.toMatchObject(unsupported);
    await expect(session.refit('model.onnx')).rejects.toMatchObject(unsupported);
    await session.close();
    await expect(session.inspectEngine()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
  });

  it('trace a run', async () => {
    const { session } = await open(doubling);
    const x = Float32Array.of(1, 2);
    const trace = await session.trace({ x }, { debugTensors: ['hidden'] });
    expect(trace.outputs.y).toMatchObject({ data: Float32Array.of(2, 4), dims: [1, 2] });
    expect(trace.layers).toEqual([{ layer: 'only', milliseconds: 0.5 }]);
    expect(trace.debugTensors).toMatchObject([
      { name: 'hidden', tensor: { type: 'float32', data: Float32Array.of(7) } },
    ]);
    expect(await session.trace({ x }, { layerTimes: false })).toMatchObject({ layers: [], debugTensors: [] });
    const wrong: [unknown, string][] = [
      [{ debugTensors: ['hiden'] }, 'ERR_TRT_RUN_OUTPUT_NAME'],
      [{ debugTensors: 5 }, 'ERR_TRT_ARG_TYPE'],
      [{ layerTimes: 'yes' }, 'ERR_TRT_ARG_TYPE'],
      [{ layers: true }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
      [{ outputs: ['z'] }, 'ERR_TRT_RUN_OUTPUT_NAME'],
    ];
    for (const [options, code] of wrong) {
      await expect(session.trace({ x }, options as never)).rejects.toMatchObject({ code });
    }
  });

  it('give new weights', async () => {
    const { backend, session } = await open(doubling);
    const modelBytes = Uint8Array.of(1);
    await session.refit(modelBytes);
    await session.refit('/models/new.onnx');
    expect(backend.refits).toEqual([{ modelBytes }, { modelPath: '/models/new.onnx' }]);
    for (const model of ['', 5]) {
      await expect(session.refit(model as never)).rejects.toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
    }
  });
});

describe('a backend that keeps what was learnt', () => {
  it('is asked before the session closes, without the calls that wait', async () => {
    const { backend, session } = await open(doubling);
    const kept: unknown[] = [];
    backend.answers = { 'runtime-cache': Uint8Array.of(1, 2) };
    backend.finish = async (ask) => void kept.push(await ask('runtime-cache'));
    backend.isAutomatic = false;
    const waiting = session.run({ x: new Float32Array(2) });
    backend.isAutomatic = true;
    const closed = session.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    await closed;
    expect(kept).toEqual([Uint8Array.of(1, 2)]);
    expect(backend.isClosed).toBe(true);
  });

  it('does not keep a session from closing', async () => {
    const { backend, session } = await open(doubling);
    backend.finish = () => Promise.reject(nativeError('ERR_TRT_BUILD_OUTPUT', 'no such folder'));
    await expect(session.close()).rejects.toMatchObject({ code: 'ERR_TRT_BUILD_OUTPUT' });
    expect(backend.isClosed).toBe(true);
  });
});

describe('errors of native code', () => {
  it('have a stack that leads to the caller of a run', async () => {
    const failing: FakeModel = { ...doubling };
    const { session } = await open(failing);
    const io = await session.createBinding({ x: [1, 2] });
    failing.compute = () => {
      throw nativeError('ERR_TRT_CUDA_POISONED', 'the device is lost', { call: 'cuLaunchKernel' });
    };
    const error = await (async function callerOfRun() {
      return await io.run();
    })().catch((e: unknown) => e as Error);
    expect(error).toMatchObject({ code: 'ERR_TRT_CUDA_POISONED', details: { call: 'cuLaunchKernel' } });
    expect((error as Error).stack).toContain('callerOfRun');
  });
});
