// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preparePrecision } from '../../../lib/compress/prepare-precision';
import { readModelInfo } from '../../../lib/onnx';
import { makeModel } from '../../onnx-builder';
import { convModel, doubleModel, externalModel, quantizedModel } from '../../onnx-models';
import { rejection, temporaryFolder } from '../../temporary-folder';

describe('preparing a precision', () => {
  it('leaves an FP32 model as it is', async () => {
    const bytes = convModel();
    const prepared = await preparePrecision(bytes, 'fp32');
    expect(prepared.bytes).toBe(bytes);
    expect(prepared.report).toEqual({ precision: 'fp32', changed: false, reducedNodes: 0, keptNodes: [] });
    const path = join(temporaryFolder(), 'm.onnx');
    writeFileSync(path, bytes);
    expect(Buffer.from((await preparePrecision(path, 'fp32')).bytes).equals(bytes)).toBe(true);
  });

  it('puts external weights into the bytes', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.onnx'), externalModel());
    writeFileSync(
      join(folder, 'weights.bin'),
      new Uint8Array(Float32Array.from({ length: 16 }, () => 0.5).buffer),
    );
    for (const precision of ['fp32', 'fp16'] as const) {
      const { bytes } = await preparePrecision(join(folder, 'm.onnx'), precision);
      expect((await readModelInfo(bytes)).externalFiles).toEqual([]);
    }
  });

  it('refuses models that are not in FP32', async () => {
    const code = async (...args: Parameters<typeof preparePrecision>) =>
      (await rejection(preparePrecision(...args))).code;
    expect(await code(convModel(1, 'FLOAT16'), 'fp32')).toBe('ERR_TRT_BUILD_PRECISION');
    expect(await code(quantizedModel(), 'fp16')).toBe('ERR_TRT_BUILD_PRECISION');
  });

  it('refuses to call a model FP16 that mostly is not', async () => {
    const large = makeModel({
      inputs: [{ name: 'x', dims: [1, 4] }],
      outputs: [{ name: 'y', dims: [1, 4] }],
      nodes: [{ op: 'MatMul', name: 'fc', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [{ name: 'w', dims: [4, 4], data: Array.from({ length: 16 }, () => 1e6) }],
    });
    const error = await rejection(preparePrecision(large, 'fp16'));
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_PRECISION' });
    expect(error.message).toContain(
      'Only 0 of 1 arithmetic nodes can be in fp16: "fc" (MatMul): a constant of it is outside',
    );
    expect((await preparePrecision(large, 'bf16')).report.reducedNodes).toBe(1);
  });

  it('asks for data where it needs some', async () => {
    expect(await rejection(preparePrecision(convModel(), 'int8'))).toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
    expect(
      (
        await rejection(
          preparePrecision(doubleModel(), 'int8', { feeds: [1], runner: async function* () {} }),
        )
      ).code,
    ).toBe('ERR_TRT_BUILD_PRECISION');
  });
});
