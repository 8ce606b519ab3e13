// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ElementType } from '../../../lib/tensor/element-type';
import type { TensorData } from '../../../lib/tensor/element-arrays';
import { formatNpy, parseNpy, readNpy, writeNpy } from '../../../lib/tensor/npy';

/** A .npy file as NumPy 2.4 writes it: the header text padded with spaces to 118 bytes. */
function numpyFile(header: string, data: Uint8Array, version = 1): Uint8Array {
  const text = header.padEnd(117) + '\n';
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY', 'latin1'),
    Buffer.from([version, 0]),
    length,
    Buffer.from(text, 'latin1'),
    data,
  ]);
}

const header = (descr: string, shape: string, order = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;

const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const EXAMPLES: [ElementType, string, TensorData][] = [
  ['float32', '<f4', new Float32Array([1.5, -2, 3, 0.25])],
  ['float64', '<f8', new Float64Array([1.5, -2, 3, 0.25])],
  ['float16', '<f2', new Uint16Array([0x3c00, 0xc000, 0x7c00, 1])],
  ['bfloat16', '<V2', new Uint16Array([0x3f80, 0xc000, 0x7f80, 1])],
  ['float8e4m3', '<V1', new Uint8Array([0x38, 0x40, 0x7f, 0x80])],
  ['float8e5m2', '<f1', new Uint8Array([0x3c, 0x40, 0x7c, 0x80])],
  ['int8', '|i1', new Int8Array([-128, 127, 0, 1])],
  ['uint8', '|u1', new Uint8Array([0, 255, 1, 2])],
  ['int16', '<i2', new Int16Array([-32768, 32767, 0, 1])],
  ['uint16', '<u2', new Uint16Array([0, 65535, 1, 2])],
  ['int32', '<i4', new Int32Array([-(2 ** 31), 2 ** 31 - 1, 0, 1])],
  ['uint32', '<u4', new Uint32Array([0, 2 ** 32 - 1, 1, 2])],
  ['int64', '<i8', new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n, 0n, 1n])],
  ['uint64', '<u8', new BigUint64Array([0n, 2n ** 64n - 1n, 1n, 2n])],
  ['bool', '|b1', new Uint8Array([0, 1, 1, 0])],
];

describe('npy files', () => {
  it.each(EXAMPLES)('writes %s exactly as NumPy does, and reads it back', (type, descr, data) => {
    const written = formatNpy({ type, dims: [2, 2], data });
    expect(Buffer.from(written)).toEqual(Buffer.from(numpyFile(header(descr, '(2, 2)'), bytesOf(data))));
    expect(parseNpy(written)).toEqual({ type, dims: [2, 2], data });
  });

  it.each([
    ['()', [], 1],
    ['(3,)', [3], 3],
    ['(0, 2)', [0, 2], 0],
    ['(1, 1, 1, 1, 2)', [1, 1, 1, 1, 2], 2],
  ])('keeps the shape %s', (shape, dims, count) => {
    const data = new Float32Array(count).fill(7);
    const file = numpyFile(header('<f4', shape), bytesOf(data));
    expect(parseNpy(file)).toEqual({ type: 'float32', dims, data });
    expect(Buffer.from(formatNpy({ type: 'float32', dims, data }))).toEqual(Buffer.from(file));
  });

  it('pads a long header so that the elements stay aligned to 64 bytes', () => {
    const dims = Array.from({ length: 40 }, () => 1);
    const file = formatNpy({ type: 'uint8', dims, data: new Uint8Array([9]) });
    expect((file.length - 1) % 64).toBe(0);
    expect(parseNpy(file).dims).toEqual(dims);
  });

  it('reads format versions 2 and 3', () => {
    for (const version of [2, 3]) {
      const file = numpyFile(header('<i4', '(1,)'), bytesOf(new Int32Array([5])), version);
      expect(parseNpy(file).data).toEqual(new Int32Array([5]));
    }
  });

  it('turns big-endian files around and leaves the bytes it was given alone', () => {
    const file = numpyFile(header('>i4', '(2,)'), new Uint8Array([0, 0, 1, 2, 0xff, 0xff, 0xff, 0xfe]));
    const before = Buffer.from(file);
    expect(parseNpy(file).data).toEqual(new Int32Array([258, -2]));
    expect(Buffer.from(file)).toEqual(before);
  });

  it('reads from an odd address', () => {
    const file = formatNpy({ type: 'float64', dims: [2], data: new Float64Array([1, 2]) });
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    expect(parseNpy(shifted.subarray(1)).data).toEqual(new Float64Array([1, 2]));
  });

  it('writes a part of a larger buffer', () => {
    const whole = new Float32Array([1, 2, 3, 4]);
    const file = formatNpy({ type: 'float32', dims: [2], data: whole.subarray(1, 3) });
    expect(parseNpy(file).data).toEqual(new Float32Array([2, 3]));
  });

  it('takes the element type of raw data from the caller', () => {
    const file = numpyFile(header('|V1', '(2,)'), new Uint8Array([1, 2]));
    expect(parseNpy(file, { type: 'float8e5m2' }).type).toBe('float8e5m2');
    expect(() => parseNpy(file, { type: 'bfloat16' })).toThrow(/cannot be read as bfloat16/);
    const floats = formatNpy({ type: 'float32', dims: [1], data: new Float32Array(1) });
    expect(parseNpy(floats, { type: 'float8e5m2' }).type).toBe('float32');
  });
});

describe('what is no .npy array', () => {
  const four = new Uint8Array(4);
  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /does not begin as a \.npy file/],
    ['another file', Buffer.from('PK\x03\x04 a zip archive'), /does not begin as a \.npy file/],
    ['an unknown version', numpyFile(header('<f4', '(1,)'), four, 9), /format version 9/],
    [
      'a file cut in its header',
      numpyFile(header('<f4', '(1,)'), four).subarray(0, 40),
      /ends within its header/,
    ],
    [
      'a file cut at its length',
      numpyFile(header('<f4', '(1,)'), four).subarray(0, 9),
      /ends within its header/,
    ],
    ['a file cut in its data', numpyFile(header('<f4', '(2,)'), four), /needs 8 bytes, the file has 4/],
    ['trailing bytes', numpyFile(header('|u1', '(2,)'), four), /needs 2 bytes, the file has 4/],
    ['Fortran order', numpyFile(header('|u1', '(2, 2)', 'True'), four), /Fortran order/],
    ['Python objects', numpyFile(header('|O', '(1,)'), four), /not that of a plain array/],
    ['complex numbers', numpyFile(header('<c8', '(1,)'), new Uint8Array(8)), /'c8' is none of/],
    ['strings', numpyFile(header('<U1', '(1,)'), four), /'U1' is none of/],
    [
      'a structured type',
      numpyFile("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", four),
      /plain array/,
    ],
    [
      'an impossible size',
      numpyFile(header('|u1', '(9007199254740993, 9007199254740993)'), four),
      /too large/,
    ],
  ])('refuses %s', (_, file, reason) => {
    let thrown: unknown;
    try {
      parseNpy(file, { name: 'x.npy' });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'ERR_TRT_LOAD_NPY_INVALID',
      message: expect.stringMatching(reason),
    });
    expect(thrown).toMatchObject({ message: expect.stringContaining('x.npy') });
  });

  it.each<ElementType>(['string', 'int4', 'uint4', 'float4e2m1', 'unknown'])('does not write %s', (type) => {
    expect(() => formatNpy({ type, dims: [4], data: four })).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ARG_TYPE' }),
    );
  });

  it('does not write data of another size than its dims', () => {
    expect(() => formatNpy({ type: 'float32', dims: [2, 3], data: new Float32Array(5) })).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE', message: expect.stringContaining('24 bytes') }),
    );
  });
});

describe('files on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trtn-npy-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are written and read', async () => {
    const path = join(folder, 'x.npy');
    await writeNpy(path, { type: 'int64', dims: [2], data: new BigInt64Array([1n, -1n]) });
    expect((await readFile(path)).length).toBe(128 + 16);
    expect(await readNpy(path)).toEqual({ type: 'int64', dims: [2], data: new BigInt64Array([1n, -1n]) });
  });

  it('name themselves when they cannot be read or written', async () => {
    const path = join(folder, 'no-such-folder', 'x.npy');
    const expected = { code: 'ERR_TRT_LOAD_FILE', details: { path } };
    await expect(readNpy(path)).rejects.toMatchObject(expected);
    await expect(writeNpy(path, { type: 'int8', dims: [], data: new Int8Array(1) })).rejects.toMatchObject(
      expected,
    );
  });

  it('of the digits example are what its README says', async () => {
    const folder = join(__dirname, '../../../examples/digits');
    const images = await readNpy(join(folder, 'test-images.npy'));
    const labels = await readNpy(join(folder, 'test-labels.npy'));
    expect(images).toMatchObject({ type: 'float32', dims: [450, 1, 8, 8] });
    expect(labels).toMatchObject({ type: 'uint8', dims: [450] });
    expect(Math.max(...(labels.data as Uint8Array))).toBe(9);
    expect((images.data as Float32Array).every((value) => value >= 0 && value <= 1)).toBe(true);
  });
});
