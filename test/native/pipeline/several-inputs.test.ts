// SPDX-License-Identifier: Apache-2.0
// Pipelines over a model with several inputs, on the CPU: it gives back what it was fed.
import { describe, expect, it } from 'vitest';

import { createPipeline, type TensorsSpec } from '../../../lib/pipeline';
import { makeModel } from '../../onnx-builder';
import { plain } from '../../pipeline-models';

const RED = [255, 0, 0] as const;

const ECHO = makeModel({
  inputs: [
    { name: 'images', dims: ['n', 3, 4, 4] },
    { name: 'sizes', type: 'INT64', dims: ['n', 2] },
    { name: 'scale', dims: ['n', 2] },
    { name: 'fixed', dims: [2] },
    { name: 'each', type: 'INT32', dims: ['n', 3] },
    { name: 'text', dims: ['n', 2] },
  ],
  outputs: [
    { name: 'pixels', dims: ['n', 3] },
    { name: 'sizes_out', type: 'INT64', dims: ['n', 2] },
    { name: 'scale_out', dims: ['n', 2] },
    { name: 'each_out', type: 'INT32', dims: ['n', 3] },
    { name: 'text_out', dims: ['n', 2] },
  ],
  nodes: [
    { op: 'GlobalAveragePool', inputs: ['images'], outputs: ['mean'] },
    { op: 'Flatten', inputs: ['mean'], outputs: ['pixels'] },
    { op: 'Identity', inputs: ['sizes'], outputs: ['sizes_out'] },
    { op: 'Identity', inputs: ['scale'], outputs: ['scale_out'] },
    { op: 'Identity', inputs: ['each'], outputs: ['each_out'] },
    { op: 'Mul', inputs: ['text', 'fixed'], outputs: ['text_out'] },
  ],
});

const SPEC: TensorsSpec = {
  version: 1,
  task: 'tensors',
  pre: {
    kind: 'image',
    input: 'images',
    fit: 'contain',
    others: {
      sizes: { kind: 'image-size', order: 'width-height' },
      scale: { kind: 'image-size', of: 'scale' },
      fixed: { kind: 'constant', values: [2, 3] },
      each: { kind: 'constant', values: [1, 2, 3] },
      text: { kind: 'given' },
    },
  },
  post: { kind: 'tensors' },
};

describe('models with several inputs', () => {
  const open = () => createPipeline(ECHO, { spec: SPEC, device: 'cpu', maxBatch: 2 });

  it('feeds sizes, constants, and what calls give, in pieces', async () => {
    await using pipeline = await open();
    const images = [plain(RED, 8, 4), plain(RED, 4, 4), plain(RED, 2, 8)];
    const text = { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [3, 2] };
    const results = await pipeline.run(images, { others: { text } });
    const rows = (name: string) => results.map(({ tensors }) => [...(tensors[name]!.data as Float32Array)]);
    expect(rows('sizes_out')).toEqual([
      [8n, 4n],
      [4n, 4n],
      [2n, 8n],
    ]);
    expect(rows('scale_out')).toEqual([
      [0.5, 0.5],
      [1, 1],
      [0.5, 0.5],
    ]);
    expect(rows('each_out')).toEqual([1, 2, 3].map(() => [1, 2, 3]));
    expect(rows('text_out')).toEqual([
      [2, 6],
      [6, 12],
      [10, 18],
    ]);
    expect(pipeline.statistics().runs).toBe(2);
    expect(await pipeline.run([], { others: { text: { data: new Float32Array(0), dims: [0, 2] } } })).toEqual(
      [],
    );
  });

  it('says what a call must give', async () => {
    await using pipeline = await open();
    const data = new Float32Array(4);
    const wrong: readonly [object | undefined, string][] = [
      [undefined, 'ERR_TRT_ARG_TENSOR'],
      [{ text: { data, dims: [4, 1] } }, 'ERR_TRT_ARG_TENSOR'],
      [{ text: { data } }, 'ERR_TRT_ARG_TENSOR'],
      [{ text: [1, 2] }, 'ERR_TRT_ARG_TENSOR'],
      [{ text: { data: 5, dims: [2, 2] } }, 'ERR_TRT_ARG_TENSOR'],
      [{ text: { data: new Float32Array(3), dims: [2, 2] } }, 'ERR_TRT_ARG_TENSOR'],
      [{ txt: { data, dims: [2, 2] } }, 'ERR_TRT_ARG_VALUE'],
      [{ fixed: { data, dims: [2, 2] } }, 'ERR_TRT_ARG_VALUE'],
      [[], 'ERR_TRT_ARG_TYPE'],
    ];
    for (const [given, code] of wrong)
      await expect(
        pipeline.run([plain(RED), plain(RED)], given === undefined ? {} : { others: given as never }),
      ).rejects.toMatchObject({ code });
  });
});
