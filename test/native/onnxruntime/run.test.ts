// SPDX-License-Identifier: Apache-2.0
// Runs on both packages: element types, shapes, fetches, and what each says of wrong tensors.
import type { OnnxValue, Tensor } from 'onnxruntime-node';
import { describe, expect, it, vi } from 'vitest';

import { makeModel, type OnnxTypeName } from '../../onnx-builder';
import { addModel, dynamicModel, identityModel } from '../../onnx-models';
import { dropIn, failureOf, open, PACKAGES, plain, plainAll, upstream, type Ort } from './both';

const HALVES = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001);

const TYPES: readonly [OnnxTypeName, Tensor.Type, Tensor['data']][] = [
  ['FLOAT', 'float32', Float32Array.of(1.5, -2, 3e38, NaN)],
  ['DOUBLE', 'float64', Float64Array.of(1.5, -2, 3e300, -0)],
  ['INT8', 'int8', Int8Array.of(-128, -1, 0, 127)],
  ['UINT8', 'uint8', Uint8Array.of(0, 1, 254, 255)],
  ['INT16', 'int16', Int16Array.of(-32768, -1, 0, 32767)],
  ['UINT16', 'uint16', Uint16Array.of(0, 1, 2, 65535)],
  ['INT32', 'int32', Int32Array.of(-(2 ** 31), -1, 0, 2 ** 31 - 1)],
  ['UINT32', 'uint32', Uint32Array.of(0, 1, 2, 2 ** 32 - 1)],
  ['INT64', 'int64', BigInt64Array.of(-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n)],
  ['UINT64', 'uint64', BigUint64Array.of(0n, 1n, 2n, 2n ** 64n - 1n)],
  ['BOOL', 'bool', Uint8Array.of(1, 0, 0, 1)],
];

const splitModel = (): Uint8Array =>
  makeModel({
    inputs: [{ name: 'x', type: 'FLOAT', dims: ['n', 2] }],
    outputs: [
      { name: 'same', type: 'FLOAT', dims: ['n', 2] },
      { name: 'sum', type: 'FLOAT', dims: [] },
    ],
    nodes: [
      { op: 'Relu', inputs: ['x'], outputs: ['same'] },
      { op: 'ReduceSum', inputs: ['x'], outputs: ['sum'], attributes: { keepdims: 0 } },
    ],
  });

const float = (ort: Ort, values: readonly number[], dims: readonly number[] = [values.length]): Tensor =>
  new ort.Tensor('float32', Float32Array.from(values), dims);

describe.each(TYPES)('%s', (onnx, type, data) => {
  it('comes out as it went in, in both', async () => {
    const model = identityModel([4], onnx);
    const [theirs, ours] = await Promise.all(
      [upstream, dropIn].map(async (ort) => {
        const session = await open(ort, model);
        return plainAll(await session.run({ x: new ort.Tensor(type, data, [4]) }));
      }),
    );
    expect(ours).toEqual(theirs);
    expect(ours).toMatchObject({ y: { type, data } });
  });
});

describe('float16', () => {
  const bits = (tensor: Tensor): number[] => {
    const data: unknown = tensor.data;
    const { buffer, byteOffset, length } = data as Uint16Array;
    return [...new Uint16Array(buffer, byteOffset, length)];
  };
  const model = (): Uint8Array => identityModel([4], 'FLOAT16');

  it('runs with the bits in a Uint16Array, whatever the tensor makes of it', async () => {
    const session = await open(dropIn, model());
    const { y } = await session.run({ x: new dropIn.Tensor('float16', HALVES, [4]) });
    expect(bits(y as Tensor)).toEqual([...HALVES]);
  });

  it('writes into a given tensor of either class', async () => {
    const session = await open(dropIn, model());
    const y = new dropIn.Tensor('float16', new Uint16Array(4), [4]);
    await session.run({ x: new dropIn.Tensor('float16', HALVES, [4]) }, { y });
    expect(bits(y)).toEqual([...HALVES]);
  });
});

describe('shapes', () => {
  it.each([[[1, 3, 2, 2]], [[2, 3, 5, 7]], [[0, 3, 2, 2]]])('%j is the same in both', async (dims) => {
    const values = Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => i - 3);
    const [theirs, ours] = await Promise.all(
      [upstream, dropIn].map(async (ort) => {
        const session = await open(ort, dynamicModel());
        return plainAll(await session.run({ x: float(ort, values, dims) }));
      }),
    );
    expect(ours).toEqual(theirs);
  });

  it('takes a view into a larger buffer', async () => {
    const all = Float32Array.of(9, 9, 1, 2, 3, 4, 9);
    const session = await open(dropIn, addModel());
    const { y } = await session.run({ x: new dropIn.Tensor('float32', all.subarray(2, 6), [4]) });
    expect(y).toMatchObject({ data: Float32Array.of(2, 4, 6, 8) });
  });
});

describe.each(PACKAGES)('%s', (_, ort) => {
  it('gives the outputs that are fetched, by name', async () => {
    const session = await open(ort, splitModel());
    const x = float(ort, [1, 2, 3, 4], [2, 2]);
    expect(Object.keys(await session.run({ x }))).toEqual(['same', 'sum']);
    expect(plainAll(await session.run({ x }, ['sum']))).toEqual({
      sum: { type: 'float32', dims: [], data: Float32Array.of(10), location: 'cpu' },
    });
    expect(Object.keys(await session.run({ x }, { same: null }))).toEqual(['same']);
  });

  it('writes into the tensors that are given', async () => {
    const session = await open(ort, splitModel());
    const same = float(ort, [0, 0, 0, 0], [2, 2]);
    const results = await session.run({ x: float(ort, [1, 2, 3, 4], [2, 2]) }, { same, sum: null });
    expect(same.data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(plainAll(results)).toMatchObject({
      same: { data: same.data },
      sum: { data: Float32Array.of(10) },
    });
  });

  it('gives tensors of its own class, with arrays of their own', async () => {
    const session = await open(ort, addModel());
    const x = float(ort, [1, 2, 3, 4]);
    const first = await session.run({ x });
    const second = await session.run({ x });
    expect(first.y).toBeInstanceOf(ort.Tensor);
    const bufferOf = ({ data }: Tensor): unknown => (data as Float32Array).buffer;
    expect(bufferOf(first.y as Tensor)).not.toBe(bufferOf(second.y as Tensor));
    expect(plain(first.y!)).toEqual(plain(second.y!));
  });

  it('ignores what is fed beyond the inputs', async () => {
    const session = await open(ort, addModel());
    const { y } = await session.run({ x: float(ort, [1, 2, 3, 4]), z: float(ort, [1]) });
    expect(plain(y!)).toMatchObject({ data: Float32Array.of(2, 4, 6, 8) });
  });

  it('runs with every option of a run', async () => {
    const session = await open(ort, addModel());
    const options = {
      tag: 'a',
      logSeverityLevel: 3,
      logVerbosityLevel: 0,
      terminate: false,
      extra: {},
    } as const;
    const { y } = await session.run({ x: float(ort, [1, 2, 3, 4]) }, options);
    expect(plain(y!)).toMatchObject({ data: Float32Array.of(2, 4, 6, 8) });
  });

  it('runs after a run that failed', async () => {
    const session = await open(ort, addModel());
    await expect(session.run({ x: float(ort, [1, 2]) })).rejects.toThrow();
    expect(plainAll(await session.run({ x: float(ort, [0, 0, 0, 0]) }))).toMatchObject({
      y: { data: Float32Array.of(1, 2, 3, 4) },
    });
  });
});

describe('the given tensor', () => {
  it('is what the drop-in returns', async () => {
    const session = await open(dropIn, addModel());
    const y = float(dropIn, [0, 0, 0, 0]);
    expect((await session.run({ x: y }, { y })).y).toBe(y);
    expect(y.data).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  it('is left as it was where the result has other dims', async () => {
    const session = await open(dropIn, splitModel());
    const same = float(dropIn, [7, 7], [1, 2]);
    const failure = await failureOf(session.run({ x: float(dropIn, [1, 2, 3, 4], [2, 2]) }, { same }));
    expect(failure).toMatchObject({ code: 'ERR_TRT_ARG_VALUE', name: 'Error' });
    expect(same.data).toEqual(Float32Array.of(7, 7));
  });
});

const wrong: [string, string, (ort: Ort) => Record<string, OnnxValue>, ((ort: Ort) => object)?][] = [
  ['a missing input', 'ERR_TRT_RUN_INPUT_MISSING', () => ({})],
  ['a misspelled input', 'ERR_TRT_RUN_INPUT_MISSING', (ort) => ({ X: float(ort, [1]) })],
  ['no tensor', 'ERR_TRT_ARG_TYPE', () => ({ x: null as never })],
  [
    'another type',
    'ERR_TRT_RUN_INPUT_TYPE',
    (ort) => ({ x: new ort.Tensor('int32', new Int32Array(4), [4]) }),
  ],
  ['another rank', 'ERR_TRT_RUN_INPUT_SHAPE', (ort) => ({ x: float(ort, [1, 2, 3, 4], [2, 2]) })],
  ['another size', 'ERR_TRT_RUN_INPUT_SHAPE', (ort) => ({ x: float(ort, [1, 2, 3]) })],
  [
    'a given output of another rank',
    'ERR_TRT_ARG_VALUE',
    (ort) => ({ x: float(ort, [1, 2, 3, 4]) }),
    (ort) => ({ y: float(ort, [1, 2, 3, 4], [2, 2]) }),
  ],
  [
    'a given output of another type',
    'ERR_TRT_ARG_VALUE',
    (ort) => ({ x: float(ort, [1, 2, 3, 4]) }),
    (ort) => ({ y: new ort.Tensor('int32', new Int32Array(4), [4]) }),
  ],
];

describe.each(wrong)('%s', (_, code, feeds, fetches) => {
  it('is refused with the name and the words of onnxruntime-node, and a code', async () => {
    const [theirs, ours] = await Promise.all(
      [upstream, dropIn].map(async (ort) => {
        const session = await open(ort, addModel());
        return failureOf(session.run(feeds(ort), (fetches?.(ort) ?? {}) as never));
      }),
    );
    expect(ours!.name).toBe(theirs!.name);
    // Ours may say more.
    expect(ours!.message).toContain(theirs!.message.replace(/\.$/, ''));
    // What onnxruntime-common itself refuses has no code.
    if (ours!.message !== theirs!.message) expect(ours).toMatchObject({ code });
  });
});

describe('options of a run', () => {
  it.each([
    ['a tag that is no string', { tag: 5 }],
    ['a severity in words', { logSeverityLevel: 'error' }],
    ['an unknown severity', { logSeverityLevel: 9 }],
  ])('%s is refused alike by both', async (_, options) => {
    const [theirs, ours] = await Promise.all(
      [upstream, dropIn].map(async (ort) => {
        const session = await open(ort, addModel());
        return failureOf(session.run({ x: float(ort, [1, 2, 3, 4]) }, options as never));
      }),
    );
    expect([ours!.name, ours!.message]).toEqual([theirs!.name, theirs!.message]);
  });

  it.each([[{ terminate: 1 }], [{ extra: 'a' }], [{ logVerbosityLevel: 'a' }]])(
    '%j is refused',
    async (options) => {
      const session = await open(dropIn, addModel());
      await expect(session.run({ x: float(dropIn, [1, 2, 3, 4]) }, options as never)).rejects.toMatchObject({
        name: 'TypeError',
        code: 'ERR_TRT_ARG_TYPE',
      });
    },
  );
});

describe('what is ignored', () => {
  it('is named once where env.logLevel asks for it', async () => {
    const info = vi.spyOn(console, 'info').mockImplementation(() => undefined);
    const x = float(dropIn, [1, 2, 3, 4]);
    const session = await open(dropIn, addModel());
    await session.run({ x, z: x });
    expect(info).not.toHaveBeenCalled();
    dropIn.env.logLevel = 'info';
    try {
      const louder = await open(dropIn, addModel(), { colour: 'green', logSeverityLevel: 3 } as never);
      await louder.run({ x, z: x });
      await louder.run({ x, z: x });
    } finally {
      dropIn.env.logLevel = 'warning';
    }
    expect(info.mock.calls.map(([line]) => String(line).match(/"(colour|z)"/)?.[1])).toEqual(['colour', 'z']);
    info.mockRestore();
  });
});

describe('data that is not on the CPU', () => {
  it('is refused', async () => {
    const session = await open(dropIn, addModel());
    const x = dropIn.Tensor.fromGpuBuffer({} as never, { dataType: 'float32', dims: [4] });
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_UNSUPPORTED' });
  });

  it('is refused also where an output shall go', async () => {
    const session = await open(dropIn, addModel());
    const y = dropIn.Tensor.fromGpuBuffer({} as never, { dataType: 'float32', dims: [4] });
    await expect(session.run({ x: float(dropIn, [1, 2, 3, 4]) }, { y })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
    });
  });
});

describe('tensors of another copy of onnxruntime-common', () => {
  it('are taken', async () => {
    const session = await open(dropIn, addModel());
    const x = { ...float(upstream, [1, 2, 3, 4]), data: Float32Array.of(1, 2, 3, 4), location: 'cpu' };
    const { y } = await session.run({ x: x as never });
    expect(plain(y!)).toMatchObject({ data: Float32Array.of(2, 4, 6, 8) });
    const again = await session.run({ x: float(upstream, [1, 2, 3, 4]) });
    expect(plain(again.y!)).toMatchObject({ data: Float32Array.of(2, 4, 6, 8) });
  });
});

describe('outputs', () => {
  const withSequence = makeModel({
    inputs: [{ name: 'x', dims: [2] }],
    outputs: [
      { name: 'label', dims: [2] },
      { name: 'parts', dims: [2], isSequence: true },
    ],
    nodes: [
      { op: 'Relu', inputs: ['x'], outputs: ['label'] },
      { op: 'SequenceConstruct', inputs: ['x', 'label'], outputs: ['parts'] },
    ],
  });

  it.each(PACKAGES)('that are no tensors do not keep the others from being fetched: %s', async (_, ort) => {
    const session = await open(ort, withSequence);
    expect(session.outputMetadata[1]).toEqual({ name: 'parts', isTensor: false });
    const x = float(ort, [1, -2]);
    expect(plainAll(await session.run({ x }, ['label']))).toMatchObject({
      label: { data: Float32Array.of(1, 0) },
    });
    expect(await failureOf(session.run({ x }))).toMatchObject({ name: 'Error' });
  });

  it.each(PACKAGES)('come in the order of the model, however they are asked for: %s', async (_, ort) => {
    const session = await open(ort, splitModel());
    const x = float(ort, [1, 2], [1, 2]);
    for (const fetches of [['sum', 'same'], { sum: null, same: null }]) {
      const results = await session.run({ x }, fetches as never);
      expect(Object.keys(results)).toEqual(['same', 'sum']);
    }
  });
});
