// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emptyArrays, readCheckpoint, writeCheckpoint } from '../../../../lib/compress/train/checkpoint';
import {
  epochRandom,
  LABELS_INPUT,
  openTrainingData,
  shuffled,
  splitSamples,
} from '../../../../lib/compress/train/training-data';
import { temporaryFolder } from '../../../temporary-folder';

describe('training data', () => {
  const inputs = { x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [3, 2] } };

  it('gives the samples that are asked for, in that order', () => {
    const source = openTrainingData({ inputs, labels: { data: Uint8Array.of(7, 8, 9), dims: [3] } });
    const { x, [LABELS_INPUT]: labels } = source.read([2, 0]);
    expect([x!.dims, [...(x!.data as Float32Array)]]).toEqual([
      [2, 2],
      [5, 6, 1, 2],
    ]);
    expect([...(labels!.data as BigInt64Array)]).toEqual([9n, 7n]);
    expect(source.labelsOf([1])).toEqual([8]);
  });

  it('lets samples without a label be none of the classes', () => {
    const source = openTrainingData({ inputs, labels: { data: Int32Array.of(0, -1, 1), dims: [3] } });
    expect([...(source.read([1])[LABELS_INPUT]!.data as BigInt64Array)]).toEqual([2n ** 31n]);
  });

  it('shuffles by seed and epoch alone', () => {
    const order = (seed: number, epoch: number) => [
      ...shuffled([0, 1, 2, 3, 4, 5, 6, 7], epochRandom(seed, epoch)),
    ];
    expect(order(1, 2)).toEqual(order(1, 2));
    expect(new Set([order(1, 2), order(1, 3), order(2, 2)].map(String)).size).toBe(3);
    expect(order(4, 4).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('holds back different samples from those that it trains on', () => {
    const { train, validation } = splitSamples(50, 0.2, 3);
    expect([train.length, validation.length]).toEqual([40, 10]);
    expect(new Set([...train, ...validation]).size).toBe(50);
  });

  it.each([
    [{ inputs: {} }, /no samples/],
    [{ inputs: { x: { data: new Float32Array(5), dims: [3, 2] } } }, /do not fit 5 elements/],
    [{ inputs, labels: { data: new Uint8Array(2), dims: [2] } }, /2 samples/],
    [{ inputs, labels: { data: Float32Array.of(0, 1.5, 2), dims: [3] } }, /whole numbers/],
  ])('refuses what does not fit together', (data, message) => {
    expect(() => openTrainingData(data)).toThrow(message);
  });
});

describe('checkpoints', () => {
  const arrays = emptyArrays();
  arrays.parameters.set('w', Float32Array.of(1.5, -0, NaN));
  arrays.slots.set('w/0', Float32Array.of(2, 3, 4));
  const state = { step: 7, lossSum: 1.25, stale: 1, before: undefined, best: undefined, history: [], arrays };

  it('come back as they were', async () => {
    const path = join(temporaryFolder(), 'state');
    await writeCheckpoint(path, state, 'mark');
    expect(await readCheckpoint(path, 'mark')).toEqual(state);
    expect(await readCheckpoint(`${path}-other`, 'mark')).toBeUndefined();
  });

  it('are refused when they are of something else, or damaged', async () => {
    const path = join(temporaryFolder(), 'state');
    await writeCheckpoint(path, state, 'mark');
    await expect(readCheckpoint(path, 'other')).rejects.toThrow(/another model/);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    await expect(readCheckpoint(path, 'mark')).rejects.toThrow(/its end is missing/);
    writeFileSync(path, bytes.subarray(0, 40));
    await expect(readCheckpoint(path, 'mark')).rejects.toThrow(/header is damaged/);
    writeFileSync(path, 'something else');
    await expect(readCheckpoint(path, 'mark')).rejects.toThrow(/no checkpoint/);
  });
});
