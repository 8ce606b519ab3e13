// SPDX-License-Identifier: Apache-2.0
// Options of a session that must have an effect on the CPU.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { addModel, dynamicModel, externalModel } from '../../onnx-models';
import { dropIn, failureOf, open, PACKAGES, plainAll } from './both';

const folder = mkdtempSync(join(tmpdir(), 'drop-in-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(PACKAGES)('%s', (name, ort) => {
  it('writes the optimised model', async () => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.onnx`);
    await open(ort, addModel(), { optimizedModelFilePath: file, graphOptimizationLevel: 'basic' });
    expect(existsSync(file)).toBe(true);
    const session = await open(ort, file);
    const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]);
    expect(plainAll(await session.run({ x }))).toMatchObject({ y: { data: Float32Array.of(2, 4, 6, 8) } });
  });

  it('takes external data as bytes', async () => {
    const data = new Uint8Array(Float32Array.from({ length: 16 }, (_, i) => i).buffer);
    const session = await open(ort, externalModel(), { externalData: [{ path: 'weights.bin', data }] });
    expect(session.inputNames.length).toBeGreaterThan(0);
  });

  it('hands configuration entries on', async () => {
    const extra = { session: { load_model_format: 'ORT' } };
    const failure = await failureOf(open(ort, addModel(), { extra }));
    expect(failure.message).toContain('ORT model verification failed');
  });
});

describe('the drop-in', () => {
  it('fixes the sizes of symbolic dimensions', async () => {
    const session = await open(dropIn, dynamicModel(), {
      freeDimensionOverrides: { batch: 1, height: 2, width: 2 },
    });
    const tensor = (dims: number[]): InstanceType<typeof dropIn.Tensor> =>
      new dropIn.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b)), dims);
    expect((await session.run({ x: tensor([1, 3, 2, 2]) })).y).toMatchObject({ dims: [1, 3, 2, 2] });
    await expect(session.run({ x: tensor([2, 3, 2, 2]) })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SHAPE',
    });
  });
});
