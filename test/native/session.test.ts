// SPDX-License-Identifier: Apache-2.0
// Sessions on the real ONNX Runtime: results, element types, shapes, and what a caller may do to its arrays meanwhile.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSession, type SessionOptions } from '../../lib/session/create-session';
import type { Session } from '../../lib/runtime/session';
import type { TensorData } from '../../lib/runtime/tensor';
import { makeModel, type OnnxTypeName } from '../onnx-builder';
import { addModel, convModel, dynamicModel, identityModel, reshapeModel } from '../onnx-models';

const opened: Session[] = [];
afterAll(() => Promise.all(opened.map((session) => session.close())));

async function open(model: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const session = await createSession(model, { device: 'cpu', intraOpNumThreads: 1, ...options });
  opened.push(session);
  return session;
}

describe('results', () => {
  it('adds, from bytes and from a path', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'session-'));
    const path = join(folder, 'add.onnx');
    await writeFile(path, addModel());
    for (const source of [addModel(), path]) {
      const session = await open(source);
      expect(session).toMatchObject({ device: 'cpu', backend: 'onnxruntime', fallbackReason: null });
      const { y } = await session.run({ x: Float32Array.of(10, 20, 30, 40) });
      expect(y).toMatchObject({ type: 'float32', dims: [4], data: Float32Array.of(11, 22, 33, 44) });
      expect(session.runSync({ x: new Float32Array(4) }).y!.data).toEqual(Float32Array.of(1, 2, 3, 4));
    }
    await rm(folder, { recursive: true });
  });

  it('tells inputs and outputs with their symbols', async () => {
    const session = await open(dynamicModel(['batch', 3, 'height', -1]));
    expect(session.inputs).toEqual([{ name: 'x', type: 'float32', dims: ['batch', 3, 'height', -1] }]);
  });

  it('runs each shape that fits', async () => {
    const session = await open(dynamicModel());
    for (const dims of [
      [1, 3, 2, 2],
      [2, 3, 5, 7],
      [1, 3, 64, 64],
    ]) {
      const data = new Float32Array(dims.reduce((a, b) => a * b)).map((_, i) => i - 3);
      const { y } = await session.run({ x: { data, dims } });
      expect(y!.dims).toEqual(dims);
      expect(y!.data).toEqual(data.map((value) => Math.max(0, value)));
    }
  });

  it('hands out outputs whose shape depends on values', async () => {
    const session = await open(reshapeModel());
    const x = new Float32Array(12).map((_, i) => i);
    const { y } = await session.run({ x, shape: BigInt64Array.of(3n, 4n) });
    expect(y).toMatchObject({ dims: [3, 4], data: x });
  });

  it('runs a tensor without elements', async () => {
    const session = await open(dynamicModel());
    const { y } = await session.run({ x: { data: new Float32Array(0), dims: [0, 3, 4, 4] } });
    expect(y).toMatchObject({ dims: [0, 3, 4, 4] });
    expect(y!.data).toHaveLength(0);
    const io = await session.createBinding({ x: [0, 3, 4, 4] });
    await io.run();
    expect(io.outputs.y).toHaveLength(0);
  });

  it('runs a model that does not tell the rank of its output', async () => {
    const model = makeModel({
      inputs: [{ name: 'x', dims: [2, 3] }],
      outputs: [{ name: 'y' }],
      nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    });
    const session = await open(model);
    const x = Float32Array.of(1, 2, 3, 4, 5, 6);
    const { y } = await session.run({ x });
    expect(y).toMatchObject({ dims: [2, 3], data: x });
    const io = await session.createBinding();
    (io.inputs.x as Float32Array).set(x);
    await io.run();
    expect(io.outputs.y).toEqual(x);
  });

  it('takes a large result over without copying it, and keeps it after the session', async () => {
    const session = await open(dynamicModel());
    const data = new Float32Array(3 * 256 * 256).fill(2);
    const { y } = await session.run({ x: { data, dims: [1, 3, 256, 256] } });
    await session.close();
    expect(y!.data).toEqual(data);
  });

  it('computes only the outputs that are asked for', async () => {
    const session = await open(
      makeModel({
        inputs: [{ name: 'x', dims: [2] }],
        outputs: [
          { name: 'a', dims: [2] },
          { name: 'b', dims: [2] },
        ],
        nodes: [
          { op: 'Neg', inputs: ['x'], outputs: ['a'] },
          { op: 'Abs', inputs: ['x'], outputs: ['b'] },
        ],
      }),
    );
    const { a, b } = await session.run({ x: Float32Array.of(-1, 2) }, { outputs: ['b'] });
    expect(a).toBeUndefined();
    expect(b!.data).toEqual(Float32Array.of(1, 2));
  });

  const types: [OnnxTypeName, string, TensorData][] = [
    ['FLOAT16', 'float16', Uint16Array.of(0x3c00, 0x4000, 0, 0x7c00)],
    ['DOUBLE', 'float64', Float64Array.of(1.5, -2, 0, Math.PI)],
    ['INT8', 'int8', Int8Array.of(-128, 0, 1, 127)],
    ['UINT8', 'uint8', Uint8Array.of(0, 1, 128, 255)],
    ['INT16', 'int16', Int16Array.of(-32768, 0, 1, 32767)],
    ['UINT16', 'uint16', Uint16Array.of(0, 1, 2, 65535)],
    ['INT32', 'int32', Int32Array.of(-1, 0, 1, 2 ** 30)],
    ['UINT32', 'uint32', Uint32Array.of(0, 1, 2, 2 ** 32 - 1)],
    ['INT64', 'int64', BigInt64Array.of(-1n, 0n, 1n, 2n ** 62n)],
    ['UINT64', 'uint64', BigUint64Array.of(0n, 1n, 2n, 2n ** 64n - 1n)],
    ['BOOL', 'bool', Uint8Array.of(1, 0, 0, 1)],
  ];
  it.each(types)('passes %s through unchanged', async (onnxType, type, data) => {
    const session = await open(identityModel([4], onnxType));
    const { y } = await session.run({ x: data });
    expect(y!.type).toBe(type);
    const bytes = (array: TensorData) =>
      Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex');
    expect(bytes(y!.data)).toBe(bytes(data));
    const io = await session.createBinding();
    new Uint8Array(io.inputs.x!.buffer).set(Buffer.from(bytes(data), 'hex'));
    await io.run();
    expect(bytes(io.outputs.y)).toBe(bytes(data));
  });

  it('runs a convolutional network the same way by every route', async () => {
    const session = await open(convModel('batch'), { contexts: 2 });
    const images = new Float32Array(3 * 64).map((_, i) => (i % 17) / 16);
    const { logits } = await session.run({ images });
    expect(logits!.dims).toEqual([3, 10]);
    expect(session.runSync({ images }).logits!.data).toEqual(logits!.data);
    const io = await session.createBinding({ images: [3, 1, 8, 8] });
    (io.inputs.images as Float32Array).set(images);
    await io.run();
    expect(io.outputs.logits).toEqual(logits!.data);
  });
});

describe('what callers do to their arrays', () => {
  it('reads the inputs at the call: a write after it is not seen', async () => {
    const session = await open(identityModel([1 << 16]));
    const x = new Float32Array(1 << 16).fill(1);
    const running = session.run({ x });
    x.fill(2);
    expect((await running).y!.data.every((value: number) => value === 1)).toBe(true);
  });

  it('does not mind an input that is transferred away after the call', async () => {
    const session = await open(identityModel([1 << 16]));
    const x = new Float32Array(1 << 16).fill(3);
    const running = session.run({ x });
    structuredClone(x.buffer, { transfer: [x.buffer] });
    expect(x).toHaveLength(0);
    expect((await running).y!.data[65535]).toBe(3);
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_SIZE' });
  });

  it('takes views with an offset and shared memory', async () => {
    const session = await open(addModel());
    const shared = new Float32Array(new SharedArrayBuffer(32), 8, 4);
    shared.fill(1);
    expect((await session.run({ x: shared })).y!.data).toEqual(Float32Array.of(2, 3, 4, 5));
    expect(session.runSync({ x: shared }).y!.data).toEqual(Float32Array.of(2, 3, 4, 5));
  });

  it('gives every call its own output', async () => {
    const session = await open(addModel());
    const x = new Float32Array(4);
    const [first, second] = await Promise.all([session.run({ x }), session.run({ x })]);
    expect(first.y!.data.buffer).not.toBe(second.y!.data.buffer);
  });

  it('gives an input that is an output in memory of its own', async () => {
    const model = makeModel({
      nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
      inputs: [{ name: 'x', dims: ['n'] }],
      outputs: [
        { name: 'y', dims: ['n'] },
        { name: 'x', dims: ['n'] },
      ],
    });
    const session = await open(model);
    const fed = [1, 2, 3, 4].map((value) => new Float32Array(1024).fill(value));
    // One run ahead: memory that the first gave back is the third's.
    let ahead = session.run({ x: fed[0]! });
    for (const [i, x] of fed.entries()) {
      const running = ahead;
      if (i + 1 < fed.length) ahead = session.run({ x: fed[i + 1]! });
      const results = await running;
      expect(results.x!.data).toEqual(x);
      expect(results.y!.data).toEqual(x.map((value) => -value));
    }
    const own = Float32Array.of(5);
    const { x } = session.runSync({ x: own });
    own[0] = 6;
    expect(x!.data).toEqual(Float32Array.of(5));
  });

  it('survives a garbage collection during runs', async () => {
    const session = await open(dynamicModel(), { contexts: 2 });
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const runs = Array.from({ length: 200 }, (_, i) => {
      const run = session.run({ x: { data: new Float32Array(3 * 40 * 40).fill(i), dims: [1, 3, 40, 40] } });
      if (i % 20 === 0) collect();
      return run;
    });
    const results = await Promise.all(runs);
    collect();
    results.forEach(({ y }, i) => expect(y!.data[4799]).toBe(i));
  });
});

describe('bindings', () => {
  it('has arrays of the right class over aligned memory', async () => {
    const session = await open(identityModel([2, 3], 'INT64'));
    const io = await session.createBinding();
    expect(io.inputs.x).toBeInstanceOf(BigInt64Array);
    expect(io.dims).toEqual({ inputs: { x: [2, 3] }, outputs: { y: [2, 3] } });
    io.inputs.x!.fill(7n);
    io.runSync();
    expect(io.outputs.y![5]).toBe(7n);
  });

  it('empties its arrays when it is closed, also while it runs', async () => {
    const session = await open(identityModel([1 << 20]));
    const io = await session.createBinding();
    const running = io.run();
    io[Symbol.dispose]();
    expect(io.inputs.x).toHaveLength(0);
    expect(io.outputs.y).toHaveLength(0);
    await running;
    await expect(io.run()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    await io.close();
  });

  it('keeps memory that was transferred away', async () => {
    const session = await open(identityModel([1 << 16]));
    const io = await session.createBinding();
    io.inputs.x!.fill(4);
    // Node 20 copies an external buffer here, newer versions refuse or move it; none may crash.
    let moved: ArrayBuffer | undefined;
    try {
      moved = structuredClone(io.inputs.x!.buffer as ArrayBuffer, {
        transfer: [io.inputs.x!.buffer as ArrayBuffer],
      });
    } catch {
      moved = undefined;
    }
    await io.run();
    await io.close();
    if (moved) expect(new Float32Array(moved)[65535]).toBe(4);
  });

  it('says so when data make an output of another shape', async () => {
    const session = await open(reshapeModel());
    // Zeros as target shape keep the dims of x: that is what the binding has memory for.
    const io = await session.createBinding();
    expect(io.dims.outputs.y).toEqual([2, 6]);
    (io.inputs.shape as BigInt64Array).set([3n, 4n]);
    await expect(io.run()).rejects.toMatchObject({ code: 'ERR_TRT_RUN_FAILED' });
    (io.inputs.shape as BigInt64Array).set([2n, 6n]);
    await io.run();
  });
});
