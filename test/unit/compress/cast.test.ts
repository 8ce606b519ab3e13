// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cast } from '../../../lib/compress/cast';
import { loadModel } from '../../../lib/onnx/graph/onnx-model';
import { readModelInfo } from '../../../lib/onnx';
import { makeModel } from '../../onnx-builder';
import { convModel, externalModel } from '../../onnx-models';
import { rejection, temporaryFolder } from '../../temporary-folder';

describe('cast', () => {
  it('leaves the source as it is, given as bytes or loaded', async () => {
    const bytes = convModel();
    const before = Buffer.from(bytes);
    const loaded = await loadModel(bytes);
    const fromLoaded = (await cast(loaded, { to: 'fp16' })).model.toBytes();
    expect(Buffer.from(bytes).equals(before)).toBe(true);
    expect(Buffer.from(loaded.toBytes())).toEqual(Buffer.from((await loadModel(bytes)).toBytes()));
    expect(Buffer.from(fromLoaded)).toEqual(Buffer.from((await cast(bytes, { to: 'fp16' })).model.toBytes()));
  });

  it('reads external weights', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.onnx'), externalModel());
    const weights = Float32Array.from({ length: 16 }, () => 0.5);
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(weights.buffer));
    const { model } = await cast(join(folder, 'm.onnx'), { to: 'fp16' });
    const info = await readModelInfo(model.toBytes());
    expect(info.externalFiles).toEqual([]);
    expect(info.typeCensus.compute).toEqual({ FLOAT16: 1 });
  });

  it('refuses models that are not in FP32', async () => {
    const error = await rejection(cast(convModel(1, 'FLOAT16'), { to: 'bf16' }));
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_PRECISION' });
    expect(error.message).toContain('FLOAT16 already');
  });

  it('refuses to call a model FP16 that mostly is not', async () => {
    const large = makeModel({
      inputs: [{ name: 'x', dims: [1, 4] }],
      outputs: [{ name: 'y', dims: [1, 4] }],
      nodes: [{ op: 'MatMul', name: 'fc', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [{ name: 'w', dims: [4, 4], data: Array.from({ length: 16 }, () => 1e6) }],
    });
    const error = await rejection(cast(large, { to: 'fp16' }));
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_PRECISION' });
    expect(error.message).toContain(
      'Only 0 of 1 arithmetic nodes can be in fp16: "fc" (MatMul): a constant of it is outside',
    );
    expect((await cast(large, { to: 'bf16' })).report.reduced).toBe(1);
  });

  it('asks for a runner where it gets data, and for data that is there', async () => {
    const error = await rejection(cast(convModel(), { to: 'fp16', calibration: [1] }));
    expect(error).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    expect(error.hint).toContain('sessionRunner()');
    const runner = async function* () {};
    expect(await rejection(cast(convModel(), { to: 'fp16', calibration: [], runner }))).toMatchObject({
      code: 'ERR_TRT_QUANT_CALIBRATION',
    });
  });
});
