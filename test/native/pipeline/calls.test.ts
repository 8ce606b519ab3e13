// SPDX-License-Identifier: Apache-2.0
// Calls of pipelines: pieces, wrong input, abort, close, and where specs come from.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createSession } from '../../../lib/index';
import { createPipeline, type ClassificationSpec, type PipelineOptions } from '../../../lib/pipeline';
import { colourModel, encode, pattern, plain } from '../../pipeline-models';

const spec: ClassificationSpec = {
  version: 1,
  task: 'classification',
  pre: { kind: 'image' },
  post: { kind: 'classification' },
};
const open = (model = colourModel(), options: Partial<PipelineOptions<'classification'>> = {}) =>
  createPipeline(model, { spec, device: 'cpu', ...options });

describe('pieces', () => {
  const many = Array.from({ length: 7 }, (_, index) => pattern(5 + index * 3, 20 - index, index + 1));

  it('gives the same in pieces, with padding and in one run', async () => {
    await using whole = await open();
    const expected = await whole.run(many);
    expect(whole.statistics()).toMatchObject({ runs: 1, inputs: 7, calls: 1 });
    for (const [model, options, runs] of [
      [colourModel(3), {}, 3],
      [colourModel(1), {}, 7],
      [colourModel(), { maxBatch: 2 }, 4],
    ] as const) {
      await using pipeline = await open(model, options);
      const found = await pipeline.run(many);
      found.forEach((result, index) =>
        result.forEach((one, place) => {
          expect(one.classId).toBe(expected[index]![place]!.classId);
          expect(one.score).toBeCloseTo(expected[index]![place]!.score, 6);
        }),
      );
      expect(pipeline.statistics()).toMatchObject({ runs, inputs: 7 });
    }
  });

  it('gives nothing for nothing', async () => {
    await using pipeline = await open();
    expect(await pipeline.run([])).toEqual([]);
    expect(pipeline.statistics()).toMatchObject({ runs: 0, calls: 1 });
  });

  it('says how long its stages took', async () => {
    await using pipeline = await open();
    await pipeline.run([await encode(pattern(64, 64), 'png')]);
    for (const ms of Object.values(pipeline.statistics().stageMs)) expect(ms).toBeGreaterThan(0);
  });
});

describe('wrong input', () => {
  it('names the image that cannot be decoded, and runs on', async () => {
    await using pipeline = await open();
    const file = await encode(pattern(64, 64), 'jpeg');
    await expect(pipeline.run([file, file.subarray(0, file.length / 2)])).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_IMAGE_DECODE',
      details: { index: 1 },
    });
    await expect(pipeline.run([Buffer.from('no image')])).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_IMAGE_DECODE',
    });
    expect(await pipeline.run([file])).toHaveLength(1);
  });

  it('refuses images above the limit before any is decoded', async () => {
    await using pipeline = await open(colourModel(), { maxPixels: 100 });
    const file = await encode(pattern(11, 10), 'png');
    await expect(pipeline.run([plain([1, 2, 3]), file])).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_IMAGE_LIMIT',
      details: { index: 1, width: 11, height: 10, maxPixels: 100 },
    });
    expect(pipeline.statistics()).toMatchObject({ runs: 0, calls: 0, stageMs: { decode: 0 } });
  });

  it.each<[string, unknown, string]>([
    ['no list', plain([1, 2, 3]), 'ERR_TRT_ARG_TYPE'],
    ['a path', ['cat.jpg'], 'ERR_TRT_ARG_TYPE'],
    ['nothing', [null], 'ERR_TRT_ARG_TYPE'],
    ['another array', [new Float32Array(12)], 'ERR_TRT_ARG_TYPE'],
    ['too few pixels', [{ ...plain([1, 2, 3]), width: 9 }], 'ERR_TRT_ARG_IMAGE'],
    ['a format there is not', [{ ...plain([1, 2, 3]), format: 'cmyk' }], 'ERR_TRT_ARG_IMAGE'],
    [
      'a crop outside',
      [{ ...plain([1, 2, 3]), crop: { x: 5, y: 0, width: 8, height: 8 } }],
      'ERR_TRT_ARG_IMAGE',
    ],
  ])('refuses %s', async (_what, inputs, code) => {
    await using pipeline = await open();
    await expect(pipeline.run(inputs as never)).rejects.toMatchObject({ code });
  });

  it.each<[string, object, string]>([
    ['an option there is not', { specs: spec }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    ['a spec of numbers', { spec: 5 }, 'ERR_TRT_ARG_TYPE'],
    ['another task', { spec, task: 'detection' }, 'ERR_TRT_ARG_VALUE'],
    ['two devices', { spec, device: 'cpu', session: { device: 'auto' } }, 'ERR_TRT_ARG_VALUE'],
    ['a batch of 0', { spec, maxBatch: 0 }, 'ERR_TRT_ARG_VALUE'],
    ['pixels of text', { spec, maxPixels: '1' }, 'ERR_TRT_ARG_TYPE'],
    ['a decoder there is not', { spec, decode: 'jimp' }, 'ERR_TRT_ARG_VALUE'],
    ['no spec', {}, 'ERR_TRT_ARG_VALUE'],
    ['a spec that does not fit', { spec: { ...spec, pre: { kind: 'image', size: 9 } } }, 'ERR_TRT_ARG_VALUE'],
  ])('refuses %s when it is made', async (_what, options, code) => {
    await expect(createPipeline(colourModel(), { device: 'cpu', ...options } as never)).rejects.toMatchObject(
      {
        code,
      },
    );
  });
});

describe('life', () => {
  it('withdraws a call whose signal fires', async () => {
    await using pipeline = await open();
    await expect(pipeline.run([plain([1, 2, 3])], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
    const controller = new AbortController();
    const call = pipeline.run([await encode(pattern(300, 300), 'png')], { signal: controller.signal });
    controller.abort('enough');
    await expect(call).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED', cause: 'enough' });
    expect(pipeline.statistics()).toMatchObject({ calls: 0, runs: 0 });
  });

  it('waits for running calls when it is closed, and takes none after', async () => {
    const pipeline = await open(colourModel(), { maxBatch: 1 });
    const files = await Promise.all([1, 2, 3].map((seed) => encode(pattern(200, 100, seed), 'png')));
    const calls = [pipeline.run(files), pipeline.run(files)];
    const closing = pipeline.close();
    await expect(pipeline.run(files)).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    const [one, two] = await Promise.all(calls);
    expect(one).toEqual(two);
    await closing;
    await pipeline.close();
    await expect(pipeline.session.run({})).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
  });

  it('leaves a session open that it was given', async () => {
    await using session = await createSession(colourModel(), { device: 'cpu' });
    const pipeline = await createPipeline(session, { spec });
    await pipeline.run([plain([1, 2, 3])]);
    await pipeline.close();
    const { logits } = await session.run({ images: { data: new Float32Array(192), dims: [1, 3, 8, 8] } });
    expect(logits!.dims).toEqual([1, 4]);
    await expect(createPipeline(session, { spec, device: 'cpu' })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
  });
});

describe('specs of models', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipeline-'));
    await writeFile(join(folder, 'colours.onnx'), colourModel());
    await writeFile(
      join(folder, 'colours.pipeline.json'),
      JSON.stringify({ ...spec, post: { ...spec.post, topK: 2, labels: 'labels.txt' } }),
    );
    await writeFile(join(folder, 'labels.txt'), 'red\ngreen\nblue\nbright\n');
    await writeFile(join(folder, 'bare.onnx'), colourModel());
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('finds the spec beside the model', async () => {
    await using pipeline = await createPipeline(join(folder, 'colours.onnx'), {
      device: 'cpu',
      task: 'classification',
    });
    const [found] = await pipeline.run([plain([255, 0, 0])]);
    expect(found!.map(({ label }) => label)).toEqual(['red', 'bright']);
  });

  it('says where it has looked', async () => {
    await expect(createPipeline(join(folder, 'bare.onnx'), { device: 'cpu' })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining('bare.pipeline.json'),
    });
    await expect(createPipeline(join(folder, 'none.onnx'))).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
    });
  });
});
