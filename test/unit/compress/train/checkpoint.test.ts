// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  emptyArrays,
  readCheckpoint,
  writeCheckpoint,
  type TrainingState,
} from '../../../../lib/compress/train/checkpoint';
import { temporaryFolder } from '../../../temporary-folder';

const PRINT = 'a fingerprint';

function stateOf(values: number): TrainingState {
  const arrays = emptyArrays();
  arrays.parameters.set(
    'w',
    Float32Array.from({ length: values }, (_, index) => index / 3),
  );
  arrays.slots.set('w/0', Float32Array.of(1, -Infinity, NaN));
  arrays.statistics.set('a name with "quotes"\nand lines', new Float32Array(0));
  const measure = { loss: NaN, accuracy: 0.5, parts: { hard: 2 } };
  return {
    step: 7,
    lossSum: 1.5,
    stale: 0,
    before: measure,
    best: { epoch: 0, measure },
    history: [{ epoch: 1, loss: 0.25, learningRate: 0.1, validation: { ...measure, loss: Infinity } }],
    arrays,
  };
}

async function written(values = 5): Promise<{ path: string; state: TrainingState }> {
  const path = join(temporaryFolder(), 'state');
  const state = stateOf(values);
  await writeCheckpoint(path, state, PRINT);
  return { path, state };
}

describe('a checkpoint', () => {
  test.each([5, 400_000])('comes back as it was: %i numbers', async (values) => {
    const { path, state } = await written(values);
    expect(await readCheckpoint(path, PRINT)).toEqual(state);
  });

  test('that is not there is none', async () => {
    expect(await readCheckpoint(join(temporaryFolder(), 'state'), PRINT)).toBeUndefined();
  });

  test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['of nothing', () => Buffer.alloc(0), /it is no checkpoint/],
    ['of something else', () => Buffer.from('a file of another kind'), /it is no checkpoint/],
    ['that ends within its mark', (bytes) => bytes.subarray(0, 9), /it is no checkpoint/],
    ['that ends within its header', (bytes) => bytes.subarray(0, 60), /its header is damaged/],
    ['that ends within its numbers', (bytes) => bytes.subarray(0, -3), /its end is missing/],
    [
      'whose header is null',
      (bytes) => Buffer.concat([mark(bytes), Buffer.from('null\n')]),
      /header is damaged/,
    ],
    [
      'whose header is a list',
      (bytes) => Buffer.concat([mark(bytes), Buffer.from('[]\n')]),
      /header is damaged/,
    ],
  ])('%s is refused', async (_, change, message) => {
    const { path } = await written();
    writeFileSync(path, change(readFileSync(path)));
    await expect(readCheckpoint(path, PRINT)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringMatching(message),
    });
  });

  test('of another training is refused, and so is a folder', async () => {
    const { path } = await written();
    await expect(readCheckpoint(path, 'another')).rejects.toThrow(
      /another model, other data or other options/,
    );
    await expect(readCheckpoint(temporaryFolder(), PRINT)).rejects.toThrow(/cannot be read \(EISDIR\)/);
  });
});

function mark(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.indexOf('\n') + 1);
}
