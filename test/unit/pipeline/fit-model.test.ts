// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { TensorRTError } from '../../../lib/errors';
import { fitSpec, type ModelTensors } from '../../../lib/pipeline/spec/fit-model';
import type { PipelineSpec } from '../../../lib/pipeline/spec/pipeline-spec';
import type { ElementType } from '../../../lib/tensor/element-type';

type Dims = readonly (number | string)[];

function model(
  input: Dims,
  output: Dims,
  types: [ElementType, ElementType] = ['float32', 'float32'],
): ModelTensors {
  return {
    inputs: [{ name: 'images', type: types[0], dims: input }],
    outputs: [{ name: 'logits', type: types[1], dims: output }],
  };
}

function classify(pre: object = {}, post: object = {}): PipelineSpec {
  return {
    version: 1,
    task: 'classification',
    pre: { kind: 'image', ...pre },
    post: { kind: 'classification', ...post },
  };
}

function detect(decode: object, post: object = {}): PipelineSpec {
  return {
    version: 1,
    task: 'detection',
    pre: { kind: 'image' },
    post: { kind: 'detection', decode, ...post },
  } as PipelineSpec;
}

const PHOTO = ['batch', 3, 224, 224];
const SCORES = ['batch', 1000];

function failure(spec: PipelineSpec, tensors: ModelTensors): TensorRTError {
  try {
    fitSpec(spec, tensors);
  } catch (error) {
    if (error instanceof TensorRTError) return error;
    throw error;
  }
  throw new Error('it fitted');
}

describe('fitSpec()', () => {
  it('takes from the model what the spec leaves out', () => {
    expect(fitSpec(classify(), model(PHOTO, SCORES)).image).toEqual({
      ...{ type: 'float32', layout: 'nchw', channels: 'rgb' },
      size: { width: 224, height: 224 },
    });
    expect(fitSpec(classify(), model([4, 128, 64, 3], SCORES, ['uint8', 'float16']))).toMatchObject({
      image: { type: 'uint8', layout: 'nhwc', channels: 'rgb', size: { width: 64, height: 128 } },
      batch: 4,
    });
    expect(fitSpec(classify({ mean: [0.5] }), model([1, 1, 28, 28], [1, 10])).image).toMatchObject({
      channels: 'gray',
      mean: [0.5],
    });
    expect(fitSpec(classify({ size: 96 }), model(['n', 3, 'h', 'w'], SCORES)).image).toMatchObject({
      size: { width: 96, height: 96 },
    });
  });

  it.each<[string, PipelineSpec, ModelTensors, readonly string[]]>([
    ['a size', classify({ size: 96 }), model(PHOTO, SCORES), ['96', '224']],
    ['channels', classify({ channels: 'gray' }), model(PHOTO, SCORES), ['gray', 'rgb']],
    ['a type', classify({ type: 'uint8' }), model(PHOTO, SCORES), ['uint8', 'float32']],
    ['a layout', classify({ layout: 'nhwc' }), model(PHOTO, SCORES), ['nhwc', '224']],
    ['k', classify({}, { topK: 20 }), model(PHOTO, ['n', 10]), ['20', '10']],
    ['labels', classify({}, { labels: ['a', 'b'] }), model(PHOTO, ['n', 10]), ['2', '10']],
    [
      'labels of a head',
      detect({ form: 'yolox', levels: [] }, { labels: ['a'] }),
      model(PHOTO, ['n', 8400, 85]),
      ['1', '80'],
    ],
  ])('names both where %s and the model contradict each other', (_what, spec, tensors, texts) => {
    const error = failure(spec, tensors);
    expect(error.code).toBe('ERR_TRT_ARG_VALUE');
    for (const text of texts) expect(error.message).toContain(text);
  });

  const two = {
    inputs: [...model(PHOTO, SCORES).inputs, { name: 'mask', type: 'float32' as const, dims: ['batch'] }],
    outputs: [
      ...model(PHOTO, SCORES).outputs,
      { name: 'boxes', type: 'float32' as const, dims: ['batch', 4] },
    ],
  };
  const oneIn = { inputs: two.inputs.slice(0, 1), outputs: two.outputs };

  it.each<[string, PipelineSpec, ModelTensors, string]>([
    [
      'an input that there is not',
      classify({ input: 'image' }),
      model(PHOTO, SCORES),
      'Did you mean "images"?',
    ],
    ['an output that there is not', classify({}, { output: 'logit' }), model(PHOTO, SCORES), '"logits"'],
    ['two inputs', classify({ input: 'images' }), two, '"mask"'],
    ['an output that is not named', classify(), oneIn, '"boxes"'],
    ['an input of three dimensions', classify(), model([3, 8, 8], SCORES), 'four dimensions'],
    ['an input of int64', classify(), model(PHOTO, SCORES, ['int64', 'float32']), 'int64'],
    ['an output of int64', classify(), model(PHOTO, SCORES, ['float32', 'int64']), 'int64'],
    ['a size that nobody says', classify(), model(['n', 3, 'h', 'w'], SCORES), '"size"'],
    ['seven channels', classify(), model(['n', 7, 8, 8], SCORES), '7'],
    ['an output of a map', classify(), model(PHOTO, ['n', 10, 7, 7]), '[n, 10, 7, 7]'],
    ['a head of two dimensions', detect({ form: 'center' }), model(PHOTO, ['n', 84]), 'three dimensions'],
    [
      'a head the other way round',
      detect({ form: 'center', layout: 'channels-first' }),
      model(PHOTO, [1, 3, 84]),
      'layout',
    ],
  ])('refuses %s', (_what, spec, tensors, text) => {
    const error = failure(spec, tensors);
    expect(error.code).toBe('ERR_TRT_ARG_VALUE');
    expect(error.message).toContain(text);
  });

  it('holds sounds and vectors against the model', () => {
    const sound = (post: object, tensors: ModelTensors) =>
      failure(
        {
          version: 1,
          task: 'embedding',
          pre: { kind: 'audio', preset: 'whisper' },
          post: { kind: 'embedding', ...post },
        },
        tensors,
      );
    expect(sound({}, model(['n', 80], ['n', 8])).message).toContain('[n, 80]');
    expect(sound({}, model(['n', 80, 5], ['n', 8], ['float16', 'float32'])).message).toContain('float16');
    expect(sound({ pool: 'mean' }, model(['n', 80, 5], ['n', 8])).message).toContain('tokens');
    expect(sound({}, model(['n', 80, 5], ['n', 7, 8])).message).toContain('[N, size]');
  });
});
