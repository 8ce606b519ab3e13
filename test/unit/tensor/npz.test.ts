// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatNpy } from '../../../lib/tensor/npy';
import { NpzFile, readNpz } from '../../../lib/tensor/npz';
import { tableCrc32 } from '../../../lib/tensor/zip';
import { makeZip, type ZipMember } from './make-zip';

const PEERS = resolve(__dirname, '../../../.sdk/peers');
const hasNumpy = existsSync(join(PEERS, 'numpy'));
if (!hasNumpy) console.log('skipped: files of NumPy itself; npm run sdk -- --group peers brings NumPy');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trtn-npz-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function written(bytes: Uint8Array): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.npz`);
  await writeFile(path, bytes);
  return path;
}

const floats = formatNpy({ type: 'float32', dims: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) });
const longs = formatNpy({ type: 'int64', dims: [2], data: new BigInt64Array([-1n, 7n]) });
const members = (changes: Partial<ZipMember> = {}): ZipMember[] => [
  { name: 'x.npy', bytes: floats, ...changes },
  { name: 'ids.npy', bytes: longs },
];

const invalid = (reason: RegExp) =>
  expect.objectContaining({ code: 'ERR_TRT_LOAD_NPY_INVALID', message: expect.stringMatching(reason) });

describe('reading .npz files', () => {
  it.each([
    ['stored', {}],
    ['deflated', { isDeflated: true }],
    ['stored with ZIP64 fields', { isLarge: true }],
    ['deflated with ZIP64 fields', { isDeflated: true, isLarge: true }],
  ])('reads an array that is %s', async (_title, changes) => {
    const path = await written(makeZip(members(changes)));
    expect(await readNpz(path, 'x')).toEqual({
      type: 'float32',
      dims: [2, 3],
      data: new Float32Array([1, 2, 3, 4, 5, 6]),
    });
    expect((await readNpz(path, 'ids')).data).toEqual(new BigInt64Array([-1n, 7n]));
  });

  it('reads an archive whose end record points to a ZIP64 one', async () => {
    const path = await written(makeZip(members(), { isLarge: true }));
    expect((await readNpz(path, 'ids')).data).toEqual(new BigInt64Array([-1n, 7n]));
  });

  it('reads an archive with a comment', async () => {
    const path = await written(makeZip(members(), { comment: Buffer.from('made by PK\x05\x06 hand') }));
    expect((await readNpz(path, 'x')).dims).toEqual([2, 3]);
  });

  it('names its arrays, and no other files', async () => {
    const notes = { name: 'notes.txt', bytes: Buffer.from('hello') };
    const file = await NpzFile.open(await written(makeZip([...members(), notes])));
    expect(file.names).toEqual(['x', 'ids']);
    await file.close();
  });

  it('reads elements of a type that NumPy does not know by the type it is told', async () => {
    const bytes = formatNpy({ type: 'bfloat16', dims: [1], data: new Uint16Array([0x3f80]) });
    const path = await written(makeZip([{ name: 'b.npy', bytes }]));
    expect((await readNpz(path, 'b', { type: 'bfloat16' })).type).toBe('bfloat16');
  });

  it('reads what NumPy writes, stored and compressed', async ({ skip }) => {
    if (!hasNumpy) skip('NumPy is not in .sdk/peers; run: npm run sdk -- --group peers');
    const script = `
import numpy as np
a = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
np.savez(r'${folder}/plain.npz', a, named=np.array([True, False]), h=np.float16([0.5]))
np.savez_compressed(r'${folder}/packed.npz', a, **{'x:0/y é': np.int8([[-1, 2]])})
`;
    execFileSync('python3', ['-c', script], { env: { ...process.env, PYTHONPATH: PEERS } });
    const a = { type: 'float32', dims: [2, 3, 4], data: Float32Array.from({ length: 24 }, (_, i) => i) };
    const plain = join(folder, 'plain.npz');
    expect(await readNpz(plain, 'arr_0')).toEqual(a);
    expect(await readNpz(plain, 'named')).toEqual({ type: 'bool', dims: [2], data: new Uint8Array([1, 0]) });
    expect((await readNpz(plain, 'h')).data).toEqual(new Uint16Array([0x3800]));
    const packed = join(folder, 'packed.npz');
    expect(await readNpz(packed, 'arr_0')).toEqual(a);
    expect((await readNpz(packed, 'x:0/y é')).data).toEqual(new Int8Array([-1, 2]));
  });
});

describe('refusing .npz files', () => {
  it('names the arrays that there are', async () => {
    const path = await written(makeZip(members()));
    await expect(readNpz(path, 'idz')).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_NPY_INVALID',
      message: `${path} has no array 'idz'. Did you mean "ids"?`,
      hint: 'Its arrays are x, ids.',
    });
  });

  it('tells a file that is not there from one that is no archive', async () => {
    await expect(readNpz(join(folder, 'absent.npz'), 'x')).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
    });
    await expect(readNpz(folder, 'x')).rejects.toMatchObject({ code: 'ERR_TRT_LOAD_FILE' });
    await expect(readNpz(await written(Buffer.from('hello')), 'x')).rejects.toThrow(
      invalid(/no zip archive/),
    );
    await expect(readNpz(await written(Buffer.alloc(0)), 'x')).rejects.toThrow(invalid(/no zip archive/));
  });

  it.each<[string, Partial<ZipMember>, RegExp]>([
    ['bytes that are not those of the checksum', { crc32: 1 }, /checksum of 'x.npy'/],
    ['an encrypted array', { flags: 1 }, /'x.npy' is encrypted/],
    ['another way of packing', { method: 93 }, /packed by method 93/],
    [
      'more bytes than fit into the packed ones',
      { isDeflated: true, size: 2 ** 31 },
      /cannot have 2147483648 bytes/,
    ],
    ['a stored array of another size', { size: 5 }, /cannot have 5 bytes in/],
    ['fewer bytes than there are', { isDeflated: true, size: 50 }, /cannot be unpacked/],
    ['more bytes than there are', { isDeflated: true, size: floats.length + 1 }, /directory says 153/],
    ['an array beyond the end of the file', { packedSize: 2 ** 30, size: 2 ** 30 }, /behind the end/],
    ['an offset that is no header', { offset: 4 }, /'x.npy' is not where the directory says/],
    [
      'packed bytes that are none',
      { isDeflated: true, packed: Buffer.alloc(20, 0xff) },
      /cannot be unpacked/,
    ],
    ['an array that is no .npy file', { bytes: Buffer.from('hello') }, /does not begin as a .npy file/],
    ['an impossible ZIP64 size', { isLarge: true, size: Number.MAX_SAFE_INTEGER }, /cannot have/],
  ])('refuses %s', async (_title, changes, reason) => {
    const path = await written(makeZip(members(changes)));
    await expect(readNpz(path, 'x')).rejects.toThrow(invalid(reason));
  });

  it('refuses two arrays of one name', async () => {
    const path = await written(makeZip([...members(), ...members()]));
    await expect(readNpz(path, 'x')).rejects.toThrow(invalid(/it has 'x.npy' twice/));
  });

  it('refuses every beginning of an archive', async () => {
    const whole = makeZip(members({ isDeflated: true }), { isLarge: true });
    for (let length = 0; length < whole.length; length += 7) {
      await expect(readNpz(await written(whole.subarray(0, length)), 'x')).rejects.toThrow(invalid(/./));
    }
  });

  it('never fails in another way, whatever byte is wrong', async () => {
    const whole = makeZip(members({ isDeflated: true, isLarge: true }), { isLarge: true });
    for (let at = 0; at < whole.length; at += 1) {
      const broken = Buffer.from(whole);
      broken[at] = broken[at]! ^ 0xff;
      const outcome = await readNpz(await written(broken), 'x').then(
        () => 'ERR_TRT_LOAD_NPY_INVALID',
        (error: unknown) => (error as { code?: string }).code,
      );
      expect(outcome).toBe('ERR_TRT_LOAD_NPY_INVALID');
    }
  });
});

describe('tableCrc32', () => {
  it('agrees with the published check value, and with zlib where it has one', () => {
    expect(tableCrc32(Buffer.from('123456789'))).toBe(0xcbf43926);
    const own = (zlib as { crc32?: (bytes: Uint8Array) => number }).crc32;
    if (own !== undefined) expect(tableCrc32(floats)).toBe(own(floats));
  });
});
