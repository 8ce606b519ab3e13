// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TensorRTError } from '../../../lib/errors';
import { checkExternalBytes, checkExternalData, readModelInfo } from '../../../lib/onnx/reader';
import { makeModel } from '../../onnx-builder';
import { addModel, externalModel } from '../../onnx-models';

let root: string;
let folder: string;
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'onnx-external-')));
  folder = join(root, 'model');
  await mkdir(join(folder, 'data'), { recursive: true });
  await writeFile(join(root, 'secret.bin'), new Uint8Array(64));
  await writeFile(join(folder, 'weights.bin'), new Uint8Array(64));
  await writeFile(join(folder, 'data', 'w.bin'), new Uint8Array(100));
  await symlink(join(root, 'secret.bin'), join(folder, 'leaving.bin'));
  await symlink('weights.bin', join(folder, 'staying.bin'));
  await symlink('..', join(folder, 'up'));
});
afterAll(() => rm(root, { recursive: true }));

async function check(location: string, offset = 0, length = 64): Promise<unknown> {
  const info = await readModelInfo(externalModel(location, offset, length));
  return checkExternalData(info, folder).catch((error: unknown) => error);
}

describe('checkExternalData', () => {
  it.each(['weights.bin', 'staying.bin', './weights.bin', 'data/w.bin'])('finds %s', async (location) => {
    expect(await check(location)).toMatchObject([{ location }]);
  });

  it('has nothing to say about a model without external data', async () => {
    expect(await checkExternalData(await readModelInfo(addModel()), '/nowhere')).toEqual([]);
  });

  it.each([
    '/etc/passwd',
    '../secret.bin',
    'data/../../secret.bin',
    '..\\secret.bin',
    'C:\\secret.bin',
    'leaving.bin',
    'up/secret.bin',
    'weights.bin\0.txt',
  ])('refuses %j, which leaves the folder', async (location) => {
    const error = (await check(location)) as TensorRTError;
    expect(error).toBeInstanceOf(TensorRTError);
    expect(error.code).toBe('ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE');
    expect(error.details['files']).toMatchObject([{ file: location, tensors: ['w'] }]);
  });

  it.each([
    ['absent.bin', 0, 'ENOENT'],
    ['data', 0, 'is not a file'],
    ['weights.bin', 1, 'has 64 bytes, tensor "w" needs bytes 1 to 65'],
    ['weights.bin', 2 ** 50, 'has 64 bytes'],
  ])('refuses %s at %d', async (location, offset, message) => {
    const error = (await check(location, offset)) as TensorRTError;
    expect(error.code).toBe('ERR_TRT_ONNX_EXTERNAL_DATA_MISSING');
    expect(error.message).toContain(message);
    expect(error.message).toContain('"w"');
  });

  it('lists every file that is wrong', async () => {
    const external = (location: string) => ({ name: location, dims: [1], external: { location } });
    const model = makeModel({
      outputs: [{ name: 'y', dims: [1] }],
      initializers: ['a', 'b', '../c'].map(external),
    });
    const error: unknown = await checkExternalData(await readModelInfo(model), folder).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE' });
    expect((error as TensorRTError).details['files']).toHaveLength(3);
  });
});

describe('a model that is made to cost its reader', () => {
  const FILES = 400;

  it('has its tensors looked through once, not once per file', async () => {
    let reads = 0;
    const externalTensors = Array.from({ length: FILES }, (_, index) => ({
      name: `t${index}`,
      onnxType: 'FLOAT',
      type: 'float32' as const,
      dims: [1],
      elements: 1,
      bytes: 4,
      get external() {
        reads++;
        return { location: `f${index}`, offset: 0 };
      },
    }));
    const externalFiles = externalTensors.map((_, index) => `f${index}`);
    const info = { externalTensors, externalFiles } as unknown as Parameters<typeof checkExternalData>[0];
    const error: unknown = await checkExternalData(info, folder).catch((e: unknown) => e);
    expect((error as TensorRTError).details['files']).toHaveLength(FILES);
    expect(reads).toBeLessThan(5 * FILES);
  });

  it('is refused if its data lies in more files than anybody needs', async () => {
    const withFiles = (count: number) =>
      readModelInfo(
        makeModel({
          outputs: [{ name: 'y', dims: [1] }],
          initializers: Array.from({ length: count }, (_, index) => ({
            name: `t${index}`,
            dims: [1],
            external: { location: `f${index}` },
          })),
        }),
      );
    expect((await withFiles(10_000)).externalFiles).toHaveLength(10_000);
    await expect(withFiles(10_001)).rejects.toMatchObject({
      code: 'ERR_TRT_ONNX_INVALID',
      message: expect.stringContaining('10001 files') as string,
    });
  });
});

describe('checkExternalBytes', () => {
  it('takes content by file name', async () => {
    const info = await readModelInfo(externalModel('w.bin'));
    expect(checkExternalBytes(info, { 'w.bin': new Uint8Array(64) })).toMatchObject([
      { location: 'w.bin', bytes: 64 },
    ]);
  });

  it.each([
    ['w.bin', {}, 'ERR_TRT_ONNX_EXTERNAL_DATA_MISSING'],
    ['w.bin', { 'w.bin': new Uint8Array(63) }, 'ERR_TRT_ONNX_EXTERNAL_DATA_MISSING'],
    ['constructor', {}, 'ERR_TRT_ONNX_EXTERNAL_DATA_MISSING'],
    ['../w.bin', { '../w.bin': new Uint8Array(64) }, 'ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE'],
  ])('refuses %s with %j', async (location, given, code) => {
    const info = await readModelInfo(externalModel(location));
    expect(() => checkExternalBytes(info, given)).toThrow(expect.objectContaining({ code }));
  });
});
