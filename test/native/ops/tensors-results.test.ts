// SPDX-License-Identifier: Apache-2.0
// What the operators on tensors refuse, and what they promise beyond the recorded results.
import { describe, expect, test } from 'vitest';
import {
  concatenate,
  convert,
  dequantizeLinear,
  gatherRows,
  pad,
  planConcatenate,
  planConvert,
  planGatherRows,
  planPad,
  planQuantizeLinear,
  planSplit,
  planTranspose,
  quantizeLinear,
  split,
  transpose,
} from '../../../lib/ops';
import { DeviceTensor } from '../../../lib/runtime/device-tensor';
import { FakeDeviceTensor } from '../../fake-backend';

const x = { type: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [2, 3] } as const;
const spec = { type: 'float32', dims: [2, 3] } as const;
const strings = { type: 'string', data: ['a', 'b'], dims: [2] };
const packed = { type: 'int4', data: Uint8Array.of(1), dims: [2] } as const;

/** Any arguments, as JavaScript would pass them. */
type Loose = (...values: unknown[]) => Promise<unknown>;
const refused = (run: unknown, ...values: unknown[]) => expect((run as Loose)(...values)).rejects;

describe('convert', () => {
  test('rounds ties to even, saturates, and makes NaN 0 in integers', async () => {
    const numbers = { type: 'float32', data: Float32Array.of(0.5, 1.5, -7, 300, NaN, Infinity) } as const;
    const bytes = await convert(numbers, { type: 'uint8' });
    expect([...(bytes.data as Uint8Array)]).toEqual([0, 2, 0, 255, 0, 255]);
    const flags = await convert(numbers, { type: 'bool' });
    expect([...(flags.data as Uint8Array)]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('writes into an array that it is given', async () => {
    const out = new Uint8Array(6);
    await convert(x, { type: 'uint8', out });
    expect([...out]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('converts a large tensor on several threads', async () => {
    const data = Float32Array.from({ length: 300_001 }, (_, index) => index % 251);
    const bytes = await convert({ type: 'float32', data }, { type: 'uint8', threads: 2 });
    expect((bytes.data as Uint8Array).every((byte, index) => byte === index % 251)).toBe(true);
  });

  test.each([
    [{ type: 'float31' }, 'ERR_TRT_ARG_VALUE'],
    [{ type: 'string' }, 'ERR_TRT_ARG_VALUE'],
    [{ type: 'int4' }, 'ERR_TRT_ARG_VALUE'],
    [{}, 'ERR_TRT_ARG_TYPE'],
    [{ type: 'int8', scale: 0 }, 'ERR_TRT_ARG_VALUE'],
    [{ type: 'int8', scale: NaN }, 'ERR_TRT_ARG_VALUE'],
    [{ type: 'int8', scale: Infinity }, 'ERR_TRT_ARG_VALUE'],
    [{ type: 'int8', scale: 1e-60 }, 'ERR_TRT_ARG_VALUE'],
    [{ type: 'int8', scale: '2' }, 'ERR_TRT_ARG_TYPE'],
    [{ type: 'int8', zeroPoint: 128 }, 'ERR_TRT_ARG_VALUE'],
    [{ type: 'uint8', zeroPoint: 0.5 }, 'ERR_TRT_ARG_VALUE'],
    [{ type: 'float32', zeroPoint: Infinity }, 'ERR_TRT_ARG_VALUE'],
    [{ type: 'int8', sclae: 2 }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
  ])('refuses %j', async (options, code) => {
    await refused(convert, x, options).toMatchObject({ code });
  });

  test('refuses strings, packed types and arrays that do not fit', async () => {
    const options = { type: 'float32' };
    await refused(convert, strings, options).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    await refused(convert, packed, options).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    await refused(convert, { ...x, type: 'int8' }, options).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    await refused(convert, { ...x, dims: [7] }, options).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    await refused(convert, 7, options).toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
  });
});

describe('transpose', () => {
  test.each([
    [[0], 'ERR_TRT_ARG_VALUE'],
    [[0, 0], 'ERR_TRT_ARG_VALUE'],
    [[0, 2], 'ERR_TRT_ARG_VALUE'],
    [[-1, 0], 'ERR_TRT_ARG_VALUE'],
    [[0.5, 1], 'ERR_TRT_ARG_VALUE'],
    ['10', 'ERR_TRT_ARG_TYPE'],
    [undefined, 'ERR_TRT_ARG_TYPE'],
  ])('refuses the permutation %j', async (permutation, code) => {
    await refused(transpose, x, permutation).toMatchObject({ code });
  });

  test('refuses nine axes and strings', async () => {
    const nine = { type: 'int8', data: new Int8Array(1), dims: Array<number>(9).fill(1) };
    await refused(transpose, nine, [0, 1, 2, 3, 4, 5, 6, 7, 8]).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    await refused(transpose, strings, [0]).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
  });

  test('takes a scalar and a tensor without elements', async () => {
    expect((await transpose({ data: Float32Array.of(5), dims: [] }, [])).dims).toEqual([]);
    expect((await transpose({ data: new Float32Array(0), dims: [0, 4] }, [1, 0])).dims).toEqual([4, 0]);
  });
});

describe('pad', () => {
  test.each([
    [{ pads: [-1, 0, 0, 0] }, 'ERR_TRT_ARG_VALUE'],
    [{ pads: [1, 1] }, 'ERR_TRT_ARG_VALUE'],
    [{}, 'ERR_TRT_ARG_TYPE'],
    [{ pads: [0, 3, 0, 0], mode: 'reflect' }, 'ERR_TRT_ARG_VALUE'],
    [{ pads: [0, 0, 2, 0], mode: 'reflect' }, 'ERR_TRT_ARG_VALUE'],
    [{ pads: [0, 0, 0, 0], mode: 'wrap' }, 'ERR_TRT_ARG_VALUE'],
    [{ pads: [0, 0, 0, 0], value: '0' }, 'ERR_TRT_ARG_TYPE'],
  ])('refuses %j', async (options, code) => {
    await refused(pad, x, options).toMatchObject({ code });
  });

  test('refuses a value that the type cannot be, and an edge that is not there', async () => {
    const bytes = { data: Uint8Array.of(1, 2) };
    await refused(pad, bytes, { pads: [1, 1], value: 256 }).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    await refused(pad, bytes, { pads: [1, 1], value: 0.5 }).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    await refused(pad, bytes, { pads: [1, 1], value: NaN }).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    const none = { data: new Uint8Array(0) };
    await refused(pad, none, { pads: [1, 1], mode: 'edge' }).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    expect([...(await pad(none, { pads: [1, 1], value: 7 })).data]).toEqual([7, 7]);
  });
});

describe('concatenate and split', () => {
  test('refuse lists that are empty and parts that do not fit', async () => {
    await refused(concatenate, []).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    await refused(concatenate, x).toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
    const other = { data: new Float32Array(4), dims: [2, 2] };
    await refused(concatenate, [x, other]).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    const bytes = { data: new Uint8Array(6), dims: [2, 3] };
    await refused(concatenate, [x, bytes]).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    await refused(concatenate, [x, { data: new Float32Array(3) }]).toMatchObject({
      code: 'ERR_TRT_ARG_TENSOR',
    });
    await refused(concatenate, [strings]).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    await refused(concatenate, [x], { axis: 2 }).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    await refused(concatenate, [{ data: Float32Array.of(1), dims: [] }]).toMatchObject({
      code: 'ERR_TRT_ARG_TENSOR',
    });
  });

  test.each([
    [[1, 2], {}, 'ERR_TRT_ARG_VALUE'],
    [[], {}, 'ERR_TRT_ARG_VALUE'],
    [[3, -1], {}, 'ERR_TRT_ARG_VALUE'],
    [2, {}, 'ERR_TRT_ARG_TYPE'],
    [[2], { axis: -3 }, 'ERR_TRT_ARG_VALUE'],
    [[2], { axis: '0' }, 'ERR_TRT_ARG_TYPE'],
  ])('split refuses %j %j', async (sizes, options, code) => {
    await refused(split, x, sizes, options).toMatchObject({ code });
  });

  test('split gives empty parts', async () => {
    const parts = await split(x, [0, 3], { axis: 1 });
    expect(parts.map(({ dims }) => dims)).toEqual([
      [2, 0],
      [2, 3],
    ]);
  });
});

describe('gatherRows', () => {
  test.each([-1, 2, 2 ** 31 - 1])('refuses the index %i and leaves the output alone', async (index) => {
    const indices = { data: Int32Array.of(0, index) };
    const out = new Float32Array(6).fill(9);
    await refused(gatherRows, x, indices, { out }).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    await refused(gatherRows, x, indices, { out }).toThrow(String(index));
    expect([...out]).toEqual([9, 9, 9, 9, 9, 9]);
  });

  test('refuses indices of other types and a scalar', async () => {
    await refused(gatherRows, x, { data: Float32Array.of(0) }).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    const scalar = { data: Float32Array.of(5), dims: [] };
    await refused(gatherRows, scalar, { data: Int32Array.of(0) }).toMatchObject({
      code: 'ERR_TRT_ARG_TENSOR',
    });
  });
});

describe('quantizeLinear and dequantizeLinear', () => {
  test('make infinity the limit and NaN the zero point', async () => {
    const data = Float32Array.of(Infinity, -Infinity, NaN, 0.5, 1.5);
    const q = await quantizeLinear({ data }, { scale: 1, zeroPoint: 1 });
    expect([...q.data]).toEqual([127, -128, 1, 1, 3]);
  });

  test.each([
    [{}, 'ERR_TRT_ARG_TYPE'],
    [{ scale: 0 }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: -1 }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: NaN }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: Infinity }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: 1, zeroPoint: 128 }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: 1, zeroPoint: -1, type: 'uint8' }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: 1, zeroPoint: 0.5 }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: 1, zeroPoint: [0, 0, 0] }, 'ERR_TRT_ARG_TYPE'],
    [{ scale: [1, 1] }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: [1, 0, 1] }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: [1, 1, 1], zeroPoint: [0, 0] }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: [1, 1, 1], axis: 2 }, 'ERR_TRT_ARG_VALUE'],
    [{ scale: 1, axis: 1 }, 'ERR_TRT_ARG_TYPE'],
    [{ scale: 1, type: 'int16' }, 'ERR_TRT_ARG_VALUE'],
  ])('refuse %j', async (options, code) => {
    await refused(quantizeLinear, x, options).toMatchObject({ code });
  });

  test('refuse tensors of other types', async () => {
    await refused(dequantizeLinear, x, { scale: 1 }).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    const bytes = { data: Uint8Array.of(1) };
    await refused(quantizeLinear, bytes, { scale: 1 }).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
  });
});

describe('device tensors', () => {
  const onDevice = (device: number) =>
    new DeviceTensor(new FakeDeviceTensor('float32', [2, 3], new Float32Array(6), device));

  test.each<[string, unknown, unknown[]]>([
    ['convert', convert, [{ type: 'float16' }]],
    ['transpose', transpose, [[1, 0]]],
    ['pad', pad, [{ pads: [0, 0, 0, 1] }]],
    ['split', split, [[1, 1]]],
    ['gatherRows', gatherRows, [{ data: Int32Array.of(0) }]],
    ['quantizeLinear', quantizeLinear, [{ scale: 1 }]],
  ])('%s refuses a closed one', async (_name, operator, rest) => {
    const closed = onDevice(0);
    closed.close();
    await refused(operator, closed, ...rest).toMatchObject({ code: 'ERR_TRT_RUN_DEVICE_TENSOR' });
  });

  test('concatenate and gatherRows refuse those of two devices', async () => {
    const parts = [onDevice(0), onDevice(1)];
    await refused(concatenate, parts).toMatchObject({ code: 'ERR_TRT_RUN_DEVICE_TENSOR' });
    const indices = new DeviceTensor(new FakeDeviceTensor('int32', [1], new Int32Array(1), 1));
    await refused(gatherRows, parts[0], indices).toMatchObject({ code: 'ERR_TRT_RUN_DEVICE_TENSOR' });
  });
});

test('plans tell types and dims from specs alone', () => {
  const bytes = { type: 'uint8', dims: [1, 4, 5, 3] } as const;
  expect(planTranspose([bytes], [0, 3, 1, 2]).outputs).toEqual([{ type: 'uint8', dims: [1, 3, 4, 5] }]);
  expect(planConvert([bytes], { type: 'float16' }).outputs).toEqual([
    { type: 'float16', dims: [1, 4, 5, 3] },
  ]);
  expect(planPad([spec], { pads: [1, 0, 0, 2] }).outputs).toEqual([{ type: 'float32', dims: [3, 5] }]);
  expect(planConcatenate([spec, spec], { axis: -1 }).outputs).toEqual([{ type: 'float32', dims: [2, 6] }]);
  expect(planSplit([spec], [1, 1]).outputs).toHaveLength(2);
  expect(planGatherRows([spec, { type: 'int64', dims: [4, 2] }]).outputs).toEqual([
    { type: 'float32', dims: [4, 2, 3] },
  ]);
  expect(planQuantizeLinear([spec], { scale: 1, type: 'uint8' }).outputs).toEqual([
    { type: 'uint8', dims: [2, 3] },
  ]);
});
