// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findCodebook, readCodebook } from '../../../../lib/compress/cluster/codebook';
import { loadCompact, saveCompact } from '../../../../lib/compress/cluster/compact-file';
import { expandLookups, writeLookups } from '../../../../lib/compress/cluster/lookups';
import { assertOnnxModel } from '../../../../lib/onnx/check/check-onnx-model';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { createRandom } from '../../../../lib/random';
import { makeModel, type TensorSpec } from '../../../onnx-builder';
import { noise } from '../../../precision-models';
import { rejection, temporaryFolder } from '../../../temporary-folder';

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Values drawn from `levels`, which `shift` moves for each channel along an axis. */
function drawn(dims: readonly number[], levels: readonly number[], shift: (at: number) => number = () => 0) {
  const random = createRandom(3);
  const count = dims.reduce((product, dim) => product * dim, 1);
  return Float32Array.from({ length: count }, (_, at) => levels[random() % levels.length]! + shift(at));
}

function modelWith(weights: TensorSpec): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: ['batch', weights.dims[0]!] }],
    outputs: [{ name: 'y', dims: ['batch', weights.dims[1]!] }],
    nodes: [
      { op: 'MatMul', name: 'fc', inputs: ['x', 'w'], outputs: ['h'] },
      { op: 'Add', name: 'add', inputs: ['h', 'b'], outputs: ['y'] },
    ],
    initializers: [weights, { name: 'b', dims: [weights.dims[1]!], data: noise(weights.dims[1]!, 1, 1) }],
  });
}

describe('a codebook', () => {
  it('gives all bits back, of NaN, infinity, subnormal numbers and both zeros', () => {
    const special = [0, 1, NaN, -Infinity, Infinity, 1e-40, -1.5];
    const values = drawn([32, 64], special);
    values[4] = -0;
    // A NaN of other bits is another value.
    bitsOf(values)[5] = 0xffc00001;
    const book = findCodebook(values, [32, 64], false)!;
    expect(book.levels).toHaveLength(9);
    expect(book.codes).toBeInstanceOf(Uint8Array);
    expect(bitsOf(readCodebook(book, [32, 64])!)).toEqual(bitsOf(values));
  });

  it.each([
    [0, [64, 16, 3], (at: number) => Math.floor(at / 48) * 10],
    [1, [16, 64, 3], (at: number) => (Math.floor(at / 3) % 64) * 10],
    [2, [16, 3, 64], (at: number) => (at % 64) * 10],
  ])('has a table for each channel along axis %i', (axis, dims, shift) => {
    const values = drawn(dims, [0, 1, 2, 3, 4], shift);
    const book = findCodebook(values, dims, false)!;
    expect(book.channels?.axis).toBe(axis);
    expect(book.levels).toHaveLength(64 * 5);
    expect(readCodebook(book, dims)).toEqual(values);
  });

  it('joins neighbouring channels with the same values', () => {
    const values = drawn(
      [64, 64],
      Array.from({ length: 16 }, (_, i) => i / 16),
      (at) => Math.floor(at / 512) * 100,
    );
    const book = findCodebook(values, [64, 64], false)!;
    expect(book.levels).toHaveLength(8 * 16);
    expect(readCodebook(book, [64, 64])).toEqual(values);
  });

  it('has codes of two bytes where they are allowed and needed', () => {
    const values = drawn(
      [64, 100],
      Array.from({ length: 1000 }, (_, i) => i),
    );
    expect(findCodebook(values, [64, 100], false)).toBeUndefined();
    const book = findCodebook(values, [64, 100], true)!;
    expect(book.codes).toBeInstanceOf(Uint16Array);
    expect(readCodebook(book, [64, 100])).toEqual(values);
  });

  it('is none where it would not be smaller', () => {
    expect(findCodebook(Float32Array.from(noise(4096, 1, 1)), [64, 64], true)).toBeUndefined();
    expect(findCodebook(drawn([4, 8], [1, 2]), [4, 8], true)).toBeUndefined();
  });

  it('has no values for codes and offsets that lead out of its tables', () => {
    const levels = Float32Array.of(1, 2);
    expect(readCodebook({ levels, codes: Uint8Array.of(0, 1, 2) }, [3])).toBeUndefined();
    const channels = { axis: 0, offsets: Int32Array.of(-1, 1) };
    expect(readCodebook({ levels, codes: Uint8Array.of(0, 0), channels }, [2, 1])).toBeUndefined();
  });
});

const SHARED: [string, Float32Array][] = [
  ['one table', drawn([64, 32], [-1, -0.25, 0, 0.5])],
  ['a table for each channel', drawn([64, 32], [0, 1, 2, 3], (at) => (at % 32) * 10)],
];

describe('weights in tables', () => {
  it.each(SHARED)('are valid ONNX with %s, and the way back leaves every byte as it was', async (_, data) => {
    const bytes = modelWith({ name: 'w', dims: [64, 32], data });
    const model = await loadModel(bytes);
    expect(writeLookups(model, { wide: false })).toMatchObject([{ weight: 'w', bytes: { before: 8192 } }]);
    assertOnnxModel(model);
    expect(model.toBytes().length).toBeLessThan(bytes.length / 2);
    expect(expandLookups(model)).toBe(1);
    expect(Buffer.from(model.toBytes()).equals(Buffer.from((await loadModel(bytes)).toBytes()))).toBe(true);
  });

  it('are not written where a caller could replace them, nor for opsets without broadcasting', async () => {
    const data = SHARED[0]![1];
    const spec = {
      inputs: [
        { name: 'x', dims: [1, 64] },
        { name: 'w', dims: [64, 32] },
      ],
      outputs: [{ name: 'y', dims: [1, 32] }],
      nodes: [{ op: 'MatMul', name: 'fc', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [{ name: 'w', dims: [64, 32], data }],
    };
    expect(writeLookups(await loadModel(makeModel(spec)), { wide: true })).toEqual([]);
    const old = await loadModel(makeModel({ ...spec, inputs: [spec.inputs[0]!], opset: 6 }));
    expect(writeLookups(old, { wide: true })).toEqual([]);
  });
});

async function compactFile(): Promise<{ path: string; bytes: Uint8Array }> {
  const path = join(temporaryFolder(), 'm.onnx.gz');
  const model = await loadModel(modelWith({ name: 'w', dims: [64, 32], data: SHARED[0]![1] }));
  await saveCompact(model, path);
  return { path, bytes: model.toBytes() };
}

describe('a compact file', () => {
  it('gives the model back, bit for bit, and is a gzip file of a model that is valid by itself', async () => {
    const { path, bytes } = await compactFile();
    expect(Buffer.from((await loadCompact(path)).toBytes()).equals(Buffer.from(bytes))).toBe(true);
    const inside = await loadModel(gunzipSync(readFileSync(path)));
    assertOnnxModel(inside);
    expect(inside.graph.node.map(({ opType }) => opType)).toEqual(['Cast', 'Gather', 'MatMul', 'Add']);
  });

  it('takes about as many bits as tell the values apart', async () => {
    const path = join(temporaryFolder(), 'm.onnx.gz');
    const data = drawn(
      [256, 256],
      Array.from({ length: 16 }, (_, i) => Math.sin(i)),
    );
    const { bytes, tables } = await saveCompact(
      await loadModel(modelWith({ name: 'w', dims: [256, 256], data })),
      path,
    );
    expect(tables).toEqual([{ weight: 'w', levels: 16, bytes: { before: 262_144, after: 65_600 } }]);
    // 16 values that come equally often are 4 bits each: 32,768 bytes, and 1,024 of the bias.
    expect(bytes).toBeGreaterThan(32_768);
    expect(bytes).toBeLessThan(32_768 * 1.05 + 1024 + 500);
  });

  it('keeps models that share nothing, and reads any gzip file of a model', async () => {
    const path = join(temporaryFolder(), 'm.onnx.gz');
    const bytes = modelWith({ name: 'w', dims: [64, 32], data: noise(2048, 1, 5) });
    expect((await saveCompact(await loadModel(bytes), path)).tables).toEqual([]);
    const written = Buffer.from((await loadModel(bytes)).toBytes());
    expect(written.equals((await loadCompact(path)).toBytes())).toBe(true);
    writeFileSync(path, gzipSync(bytes));
    expect((await loadCompact(path)).graph.node).toHaveLength(2);
  });

  it('is refused where it ends too early, wherever that is', async () => {
    const { path } = await compactFile();
    const whole = readFileSync(path);
    for (const length of [2, 9, 20, Math.floor(whole.length / 2), whole.length - 9, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      expect(await rejection(loadCompact(path))).toMatchObject({ code: 'ERR_TRT_ONNX_TRUNCATED' });
    }
  });

  it('is refused where a byte of it was changed, by its own sum', async () => {
    const { path } = await compactFile();
    const whole = readFileSync(path);
    for (const at of [Math.floor(whole.length / 2), whole.length - 6, whole.length - 2]) {
      const broken = Buffer.from(whole);
      broken[at]! ^= 0x55;
      writeFileSync(path, broken);
      const { code } = await rejection(loadCompact(path));
      expect(['ERR_TRT_ONNX_INVALID', 'ERR_TRT_ONNX_TRUNCATED']).toContain(code);
    }
  });

  it('is told from other files, and from files that are not there', async () => {
    const path = join(temporaryFolder(), 'm.onnx.gz');
    expect(await rejection(loadCompact(path))).toMatchObject({ code: 'ERR_TRT_ONNX_FILE_UNREADABLE' });
    for (const content of [
      Buffer.alloc(0),
      Buffer.from('PK\x03\x04'),
      modelWith({ name: 'w', dims: [2, 2] }),
    ]) {
      writeFileSync(path, content);
      expect(await rejection(loadCompact(path))).toMatchObject({ code: 'ERR_TRT_ONNX_NOT_ONNX' });
    }
    writeFileSync(path, gzipSync(Buffer.from('no model')));
    expect((await rejection(loadCompact(path))).code).toMatch(/^ERR_TRT_ONNX_/);
  });

  it('does not expand beyond what is allowed', async () => {
    const path = join(temporaryFolder(), 'm.onnx.gz');
    writeFileSync(path, gzipSync(Buffer.alloc(50_000_000)));
    const error = await rejection(loadCompact(path, { maxBytes: 1_000_000 }));
    expect(error).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    expect(error.message).toContain('1000000');
  });

  it('is refused where its codes do not fit their table', async () => {
    const { path } = await compactFile();
    const model = await loadModel(gunzipSync(readFileSync(path)));
    const codes = model.graph.initializer.find(({ name }) => name === 'w_codes')!;
    codes.rawData = new Uint8Array(2048).fill(200);
    writeFileSync(path, gzipSync(model.toBytes()));
    const error = await rejection(loadCompact(path));
    expect(error).toMatchObject({ code: 'ERR_TRT_ONNX_INVALID' });
    expect(error.message).toContain('"w"');
  });
});
