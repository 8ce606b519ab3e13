// SPDX-License-Identifier: Apache-2.0
// Every element type that ONNX Runtime has passes through the CPU unchanged, by every way in and out.
import { describe, expect, it } from 'vitest';
import { createSession } from '../../lib/session/create-session';
import type { Session } from '../../lib/runtime/session';
import type { TensorData } from '../../lib/tensor/element-arrays';
import type { ElementType } from '../../lib/tensor/element-type';
import { makeModel, type OnnxTypeName } from '../onnx-builder';

interface Case {
  onnx: OnnxTypeName;
  type: ElementType;
  /** Four elements. */
  data: TensorData;
}

const CASES: readonly Case[] = [
  { onnx: 'FLOAT', type: 'float32', data: Float32Array.of(-0, Infinity, 1e-40, 3.5) },
  { onnx: 'DOUBLE', type: 'float64', data: Float64Array.of(-0, Infinity, 5e-324, Math.PI) },
  { onnx: 'BFLOAT16', type: 'bfloat16', data: Uint16Array.of(0x3f80, 0xff80, 0, 0x7fc0) },
  { onnx: 'INT8', type: 'int8', data: Int8Array.of(-128, -1, 0, 127) },
  { onnx: 'UINT8', type: 'uint8', data: Uint8Array.of(0, 1, 128, 255) },
  { onnx: 'INT16', type: 'int16', data: Int16Array.of(-32768, -1, 0, 32767) },
  { onnx: 'UINT16', type: 'uint16', data: Uint16Array.of(0, 1, 32768, 65535) },
  { onnx: 'INT32', type: 'int32', data: Int32Array.of(-(2 ** 31), -1, 0, 2 ** 31 - 1) },
  { onnx: 'UINT32', type: 'uint32', data: Uint32Array.of(0, 1, 2 ** 31, 2 ** 32 - 1) },
  { onnx: 'INT64', type: 'int64', data: BigInt64Array.of(-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n) },
  { onnx: 'UINT64', type: 'uint64', data: BigUint64Array.of(0n, 1n, 2n ** 63n, 2n ** 64n - 1n) },
  { onnx: 'BOOL', type: 'bool', data: Uint8Array.of(0, 1, 1, 0) },
  { onnx: 'FLOAT8E4M3FN', type: 'float8e4m3', data: Uint8Array.of(0, 0x38, 0xb8, 0x7e) },
  { onnx: 'FLOAT8E5M2', type: 'float8e5m2', data: Uint8Array.of(0, 0x3c, 0xbc, 0x7c) },
  { onnx: 'INT4', type: 'int4', data: Uint8Array.of(0x18, 0x7f) },
  { onnx: 'UINT4', type: 'uint4', data: Uint8Array.of(0x10, 0xf8) },
];

/** y = x. For 4-bit integers ONNX Runtime has no Identity: they are scaled by 1 to numbers and back, as written. */
function identity(onnx: OnnxTypeName, dims: readonly (number | string)[]): Promise<Session> {
  const isPacked = onnx === 'INT4' || onnx === 'UINT4';
  const model = makeModel({
    opset: 21,
    irVersion: 10,
    inputs: [{ name: 'x', type: onnx, dims }],
    outputs: [{ name: 'y', type: onnx, dims }],
    nodes: isPacked
      ? [
          { op: 'DequantizeLinear', inputs: ['x', 'one', 'zero'], outputs: ['numbers'] },
          { op: 'QuantizeLinear', inputs: ['numbers', 'one', 'zero'], outputs: ['y'] },
        ]
      : [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    initializers: isPacked
      ? [
          { name: 'one', dims: [], data: [1] },
          { name: 'zero', type: onnx, dims: [], data: Uint8Array.of(0) },
        ]
      : [],
  });
  const onnxRuntime = isPacked ? ({ graphOptimizationLevel: 'disabled' } as const) : {};
  return createSession(model, { device: 'cpu', onnxRuntime });
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TensorData) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

describe.each(CASES)('$type', ({ onnx, type, data }) => {
  it('passes through where the shape is fixed and where it is not', async () => {
    for (const dims of [[4], ['n']]) {
      await using session = await identity(onnx, dims);
      expect(session.inputs[0]!.type).toBe(type);
      const feeds = { x: { data, dims: [4] } };
      for (const y of [(await session.run(feeds)).y!, session.runSync(feeds).y!]) {
        expect([y.type, y.dims]).toEqual([type, [4]]);
        expect((y.data as TensorData).constructor).toBe(data.constructor);
        expect(bytesOf(y.data as TensorData)).toEqual(bytesOf(data));
      }
    }
  });

  it('passes through a binding', async () => {
    await using session = await identity(onnx, ['n']);
    await using io = await session.createBinding({ x: [4] });
    (io.inputs.x as Uint8Array).set(data as Uint8Array);
    await io.run();
    expect(bytesOf(io.outputs.y as TensorData)).toEqual(bytesOf(data));
    bytesOf(io.outputs.y as TensorData).fill(0);
    io.runSync();
    expect(bytesOf(io.outputs.y as TensorData)).toEqual(bytesOf(data));
  });

  it('passes through with no elements, as a scalar and with nine dimensions', async () => {
    await using scalar = await identity(onnx, []);
    const one = data.slice(0, 1);
    expect((await scalar.run({ x: one })).y!.dims).toEqual([]);
    expect(bytesOf((await scalar.run({ x: one })).y!.data as TensorData)[0]! & 0x0f).toBe(
      bytesOf(one)[0]! & 0x0f,
    );
    await using many = await identity(onnx, ['a', 1, 1, 2, 1, 1, 1, 1, 'b']);
    const nine = { data, dims: [2, 1, 1, 2, 1, 1, 1, 1, 1] };
    expect((await many.run({ x: nine })).y).toMatchObject({ dims: nine.dims });
    const none = { data: data.slice(0, 0), dims: [0, 1, 1, 2, 1, 1, 1, 1, 5] };
    for (const y of [(await many.run({ x: none })).y!, many.runSync({ x: none }).y!])
      expect([y.dims, (y.data as TensorData).length]).toEqual([none.dims, 0]);
  });

  it('is read from shared memory and from the middle of a buffer', async () => {
    await using session = await identity(onnx, [4]);
    const ArrayClass = data.constructor as new (
      buffer: ArrayBufferLike,
      offset: number,
      length: number,
    ) => Uint8Array;
    for (const buffer of [new ArrayBuffer(256), new SharedArrayBuffer(256)]) {
      const view = new ArrayClass(buffer, 64, data.length);
      view.set(data as Uint8Array);
      expect(bytesOf((await session.run({ x: view })).y!.data as TensorData)).toEqual(bytesOf(data));
      expect(bytesOf(session.runSync({ x: view }).y!.data as TensorData)).toEqual(bytesOf(data));
    }
  });
});

describe('float16', () => {
  const bits = Uint16Array.of(0x3c00, 0xfc00, 0x0001, 0x7e00);
  const Float16 = (globalThis as { Float16Array?: new (buffer: ArrayBufferLike) => TensorData }).Float16Array;

  it('passes through as bits, and as Float16Array where there is one', async () => {
    await using session = await identity('FLOAT16', [4]);
    const inputs = Float16 ? [bits, new Float16(bits.slice().buffer)] : [bits];
    for (const x of inputs) {
      for (const y of [(await session.run({ x })).y!, session.runSync({ x }).y!]) {
        expect((y.data as TensorData).constructor).toBe(Float16 ?? Uint16Array);
        expect(bytesOf(y.data as TensorData)).toEqual(bytesOf(bits));
      }
    }
    await using io = await session.createBinding();
    bytesOf(io.inputs.x as TensorData).set(bytesOf(bits));
    await io.run();
    expect(bytesOf(io.outputs.y as TensorData)).toEqual(bytesOf(bits));
  });
});
