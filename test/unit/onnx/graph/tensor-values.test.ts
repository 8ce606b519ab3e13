// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { toHalf } from '../../../../lib/onnx/graph/half-floats';
import {
  contentBytes,
  convertTensor,
  makeTensor,
  readElements,
  readFloats,
  readNumbers,
  readWholeNumbers,
  tensorBytes,
} from '../../../../lib/onnx/graph/tensor-values';
import { ONNX_TYPES, type OnnxTypeName } from '../../../onnx-builder';

/** A tensor over raw bytes of some type. */
const raw = (type: OnnxTypeName, data: ArrayBufferView, count = data.byteLength) =>
  makeTensor('t', ONNX_TYPES[type], [count], data);

describe('the values of a tensor', () => {
  it.each([
    ['FLOAT', Float32Array.of(1.5, -2), [1.5, -2]],
    ['DOUBLE', Float64Array.of(1.1, -2), [1.1, -2]],
    ['INT8', Int8Array.of(-128, 127), [-128, 127]],
    ['UINT8', Uint8Array.of(0, 255), [0, 255]],
    ['INT16', Int16Array.of(-3, 3), [-3, 3]],
    ['UINT16', Uint16Array.of(65535), [65535]],
    ['INT32', Int32Array.of(-7), [-7]],
    ['UINT32', Uint32Array.of(4294967295), [4294967295]],
    ['INT64', BigInt64Array.of(-5n, 2n ** 53n), [-5, 2 ** 53]],
    ['UINT64', BigUint64Array.of(5n), [5]],
    ['BOOL', Uint8Array.of(1, 0), [1, 0]],
    ['FLOAT16', Uint16Array.of(0x3c00, 0xc000, 0x0001), [1, -2, 2 ** -24]],
    ['BFLOAT16', Uint16Array.of(0x3f80, 0xc000), [1, -2]],
    ['FLOAT8E4M3FN', Uint8Array.of(0x38, 0x7e, 0xfe, 0x01, 0x7f), [1, 448, -448, 2 ** -9, NaN]],
    ['FLOAT8E5M2', Uint8Array.of(0x3c, 0x7b, 0x7c, 0xfc, 0x01), [1, 57344, Infinity, -Infinity, 2 ** -16]],
  ] as const)('are numbers: %s', (type, data, expected) => {
    expect([...readNumbers(raw(type, data, expected.length))]).toEqual(expected);
  });

  it.each([
    ['INT4', [1, -8, 7]],
    ['UINT4', [1, 8, 7]],
    ['FLOAT4E2M1', [0.5, -0, 6]],
  ] as const)('are unpacked, the low half of a byte first: %s', (type, expected) => {
    expect([...readNumbers(raw(type, Uint8Array.of(0x81, 0x07), 3))]).toEqual(expected);
  });

  it('are read from lists as from bytes', () => {
    const list = (type: OnnxTypeName, content: object) => ({
      ...makeTensor('t', ONNX_TYPES[type], [2], new Uint8Array()),
      rawData: undefined,
      ...content,
    });
    expect([...readNumbers(list('FLOAT', { floatData: [1.5, 2] }))]).toEqual([1.5, 2]);
    expect([...readNumbers(list('FLOAT16', { int32Data: [0x3c00, 0xbc00] }))]).toEqual([1, -1]);
    expect([...readNumbers(list('INT8', { int32Data: [-1, 2] }))]).toEqual([-1, 2]);
    expect([...readNumbers(list('BOOL', { int32Data: [1, 0] }))]).toEqual([1, 0]);
    expect([...readNumbers(list('DOUBLE', { doubleData: [0.1, 2] }))]).toEqual([0.1, 2]);
    expect([...readNumbers(list('UINT32', { uint64Data: [4294967295n, 2n] }))]).toEqual([4294967295, 2]);
    const int64 = list('INT64', { int64Data: [-1n, 2n ** 62n] });
    expect(readElements(int64)).toEqual(BigInt64Array.of(-1n, 2n ** 62n));
    expect(readWholeNumbers(list('INT64', { int64Data: [3n, -1n] }))).toEqual([3, -1]);
    expect(tensorBytes(int64)).toEqual(new Uint8Array(BigInt64Array.of(-1n, 2n ** 62n).buffer));
    expect(contentBytes(int64)).toBe(16);
  });

  it('are copies wherever the bytes lie in memory, aligned or not', () => {
    const file = new Uint8Array(13);
    file.set(new Uint8Array(Float32Array.of(1, 2, 3).buffer), 1);
    const tensor = raw('FLOAT', file.subarray(1), 3);
    const floats = readFloats(tensor);
    floats[0] = 9;
    expect([...readFloats(tensor)]).toEqual([1, 2, 3]);
    expect([...readFloats(raw('FLOAT16', Uint16Array.of(0x3c00), 1))]).toEqual([1]);
  });

  it('are asked for again each time where they are lazy', () => {
    let reads = 0;
    const read = () => {
      reads++;
      return new Uint8Array(Float32Array.of(4, 5).buffer);
    };
    const tensor = { ...raw('FLOAT', new Uint8Array(8), 2), rawData: { length: 8, read } };
    expect([...readFloats(tensor), ...readFloats(tensor)]).toEqual([4, 5, 4, 5]);
    expect([reads, contentBytes(tensor)]).toEqual([2, 8]);
  });

  it('are converted at once, or when they are read if they are lazy', () => {
    const half = { name: 'h', type: 'FLOAT16' } as const;
    const convert = (values: Float32Array) => toHalf(values, 'fp16');
    const now = convertTensor(raw('FLOAT', Float32Array.of(1, -2), 2), half, convert);
    expect(now.rawData).toBeInstanceOf(Uint8Array);
    let reads = 0;
    const read = () => {
      reads++;
      return new Uint8Array(Float32Array.of(1, -2).buffer);
    };
    const source = { ...raw('FLOAT', new Uint8Array(8), 2), rawData: { length: 8, read } };
    const later = convertTensor(source, half, convert);
    Object.assign(source, { rawData: undefined, name: 'changed' });
    expect([reads, later.rawData!.length, later.name, later.dims]).toEqual([0, 4, 'h', [2]]);
    expect([...readNumbers(later), ...readNumbers(now)]).toEqual([1, -2, 1, -2]);
  });

  it('are not read where they are no numbers', () => {
    const tensor = { ...raw('STRING', new Uint8Array()), name: 'labels' };
    expect(() => readNumbers(tensor)).toThrow(/tensor "labels".*type STRING/);
    expect(() => readNumbers(tensor)).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ONNX_UNSUPPORTED_TYPE' }),
    );
  });
});
