// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { TensorRTError } from '../../../lib/errors';
import { checkPipelineSpec } from '../../../lib/pipeline/spec/check-spec';
import { readPipelineSpec, readSpecBeside, specPathOf } from '../../../lib/pipeline/spec/read-spec';

const classification = {
  version: 1,
  task: 'classification',
  pre: { kind: 'image', size: 224, mean: [0.5, 0.5, 0.5], std: 0.2 },
  post: { kind: 'classification', topK: 3, labels: ['cat', 'dog'] },
} as const;

const detection = {
  version: 1,
  task: 'detection',
  pre: { kind: 'image', size: { width: 640, height: 480 }, fit: 'contain', fill: 114 },
  post: {
    kind: 'detection',
    decode: { form: 'center', layout: 'channels-first' },
    nms: { iouThreshold: 0.45, multiLabel: true },
  },
} as const;

const deltas = {
  ...detection,
  post: { kind: 'detection', decode: { form: 'deltas', anchors: [[0, 0, 4, 4]] } },
} as const;

const sound = {
  version: 1,
  task: 'audio-classification',
  pre: { kind: 'audio', preset: 'whisper', mels: 40 },
  post: { kind: 'classification', activation: 'sigmoid' },
} as const;

const embedding = {
  version: 1,
  task: 'embedding',
  pre: { kind: 'image', channels: 'gray', mean: [0.5] },
  post: { kind: 'embedding', pool: 'mean', normalize: false },
} as const;

const tensors = {
  $schema: './pipeline.schema.json',
  version: 1,
  task: 'tensors',
  pre: { kind: 'image' },
  post: { kind: 'tensors', outputs: ['a', 'b'] },
} as const;

const pair = {
  ...detection,
  post: { kind: 'boxes-scores', boxes: 'a', scores: 'b', form: 'center', units: 'unit', background: 'last' },
} as const;

const table = {
  ...detection,
  post: { kind: 'end-to-end', columns: ['image', 'box', 'class', 'score'] },
} as const;

const parts = {
  ...detection,
  pre: {
    ...detection.pre,
    input: 'images',
    others: {
      size: { kind: 'image-size', order: 'width-height' },
      iou: { kind: 'constant', values: [0.5], dims: [1] },
      text: { kind: 'given' },
    },
  },
  post: { kind: 'end-to-end', boxes: 'a', scores: 'b', classes: 'c', counts: 'd', units: 'image' },
} as const;

const keypoints = {
  ...detection,
  task: 'keypoints',
  post: { kind: 'keypoints', decode: { form: 'center' }, points: ['nose', 'tail'], pointScores: true },
} as const;

const segmentation = {
  ...detection,
  task: 'segmentation',
  post: { kind: 'segmentation', layout: 'nhwc', threshold: 0.5, labels: ['a', 'b'] },
} as const;

const instances = {
  ...detection,
  task: 'instance-segmentation',
  post: { kind: 'instance-segmentation', decode: { form: 'center' }, prototypes: 'masks' },
} as const;

const RIGHT = {
  ...{ classification, detection, deltas, sound, embedding, tensors },
  ...{ pair, table, parts, keypoints, segmentation, instances },
};

function failureOf(spec: unknown): TensorRTError {
  try {
    checkPipelineSpec(spec);
  } catch (error) {
    if (error instanceof TensorRTError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

type Patch = Record<string, unknown>;

const withPre = (patch: Patch, base: { pre: object } = classification) => ({
  ...base,
  pre: { ...base.pre, ...patch },
});
const withPost = (patch: Patch, base: { post: object } = classification) => ({
  ...base,
  post: { ...base.post, ...patch },
});
const withDecode = (patch: Patch) => withPost({ decode: { ...detection.post.decode, ...patch } }, detection);

describe('checkPipelineSpec()', () => {
  it.each(Object.entries(RIGHT))('takes a spec of %s', (_name, spec) => {
    expect(() => checkPipelineSpec(spec)).not.toThrow();
    expect(() => checkPipelineSpec(JSON.parse(JSON.stringify(spec)))).not.toThrow();
  });

  const TYPE = 'ERR_TRT_ARG_TYPE';
  const VALUE = 'ERR_TRT_ARG_VALUE';
  const UNKNOWN = 'ERR_TRT_ARG_UNKNOWN_OPTION';

  it.each<[string, unknown, string, string]>([
    ['null', null, TYPE, ''],
    ['a list', [classification], TYPE, ''],
    ['no version', { ...classification, version: undefined }, VALUE, ''],
    ['a newer version', { ...classification, version: 2 }, VALUE, ''],
    ['no task', { ...classification, task: undefined }, TYPE, ''],
    ['another task', { ...classification, task: 'classify' }, VALUE, ''],
    ['another key', { ...classification, posts: {} }, UNKNOWN, ''],
    ['no pre', { ...classification, pre: undefined }, TYPE, 'pre'],
    ['no post', { ...classification, post: undefined }, TYPE, 'post'],
    ['another kind before', withPre({ kind: 'video' }), VALUE, 'pre'],
    ['sounds for images', { ...classification, pre: sound.pre }, VALUE, 'pre'],
    ['images for sounds', { ...sound, pre: classification.pre }, VALUE, 'pre'],
    ['a post of another task', { ...classification, post: detection.post }, VALUE, 'post'],
    ['another key before', withPre({ resize: 5 }), UNKNOWN, 'pre'],
    ['threads before', withPre({ threads: 5 }), UNKNOWN, 'pre'],
    ['an empty input', withPre({ input: '' }), VALUE, 'pre'],
    ['an input of numbers', withPre({ input: 5 }), TYPE, 'pre'],
    ['a size of 0', withPre({ size: 0 }), VALUE, 'pre'],
    ['a size of text', withPre({ size: '224' }), TYPE, 'pre'],
    ['a fit there is not', withPre({ fit: 'fill' }), VALUE, 'pre'],
    ['two means', withPre({ mean: [0.5, 0.5] }), VALUE, 'pre'],
    ['a deviation of 0', withPre({ std: 0 }), VALUE, 'pre'],
    ['a fill out of range', withPre({ fill: 256 }), VALUE, 'pre'],
    ['an orientation of text', withPre({ autoOrient: 'yes' }), TYPE, 'pre'],
    ['quantisation of floats', withPre({ type: 'float32', quantization: { scale: 1 } }), VALUE, 'pre'],
    ['another key behind', withPost({ topk: 5 }), UNKNOWN, 'post'],
    ['k of 0', withPost({ topK: 0 }), VALUE, 'post'],
    ['k above 1024', withPost({ topK: 1025 }), VALUE, 'post'],
    ['an activation there is not', withPost({ activation: 'relu' }), VALUE, 'post'],
    ['a temperature of 0', withPost({ temperature: 0 }), VALUE, 'post'],
    ['a temperature of a sigmoid', withPost({ activation: 'sigmoid', temperature: 2 }), VALUE, 'post'],
    ['a threshold that is no number', withPost({ threshold: '0.5' }), TYPE, 'post'],
    ['no labels', withPost({ labels: [] }), VALUE, 'post'],
    ['labels of numbers', withPost({ labels: [1, 2] }), TYPE, 'post'],
    ['an empty path of labels', withPost({ labels: '' }), VALUE, 'post'],
    ['an output of numbers', withPost({ output: 1 }), TYPE, 'post'],
    ['no decoding', withPost({ decode: undefined }, detection), TYPE, 'post'],
    ['a form there is not', withDecode({ form: 'centre' }), VALUE, 'post.decode'],
    ['another key of decoding', withDecode({ formm: 'center' }), UNKNOWN, 'post.decode'],
    ['best, which the pipeline decides', withDecode({ best: true }), UNKNOWN, 'post.decode'],
    ['no levels', withDecode({ form: 'yolox' }), TYPE, 'post.decode'],
    ['no anchors', withDecode({ form: 'deltas' }), TYPE, 'post.decode'],
    ['anchors of three', withDecode({ form: 'deltas', anchors: [[1, 2, 3]] }), TYPE, 'post.decode'],
    ['anchors without use', withDecode({ anchors: [[1, 2, 3, 4]] }), VALUE, 'post.decode'],
    ['a suppression that is none', withPost({ nms: 0.5 }, detection), TYPE, 'post'],
    ['another key of suppression', withPost({ nms: { iou: 0.5 } }, detection), UNKNOWN, 'post.nms'],
    ['an overlap above 1', withPost({ nms: { iouThreshold: 1.5 } }, detection), VALUE, 'post.nms'],
    ['too many results', withPost({ nms: { maxOutput: 100_001 } }, detection), VALUE, 'post.nms'],
    ['a pool there is not', withPost({ pool: 'max' }, embedding), VALUE, 'post'],
    ['a length that is no flag', withPost({ normalize: 1 }, embedding), TYPE, 'post'],
    ['another key of vectors', withPost({ topK: 1 }, embedding), UNKNOWN, 'post'],
    ['no outputs', withPost({ outputs: [] }, tensors), VALUE, 'post'],
    ['an output twice', withPost({ outputs: ['a', 'a'] }, tensors), VALUE, 'post'],
    ['outputs that are no list', withPost({ outputs: 'a' }, tensors), TYPE, 'post'],
    ['a form of boxes there is not', withPost({ form: 'centre' }, pair), VALUE, 'post'],
    ['units there are not', withPost({ units: 'pixels' }, pair), VALUE, 'post'],
    ['one output for both', withPost({ scores: 'a' }, pair), VALUE, 'post'],
    ['a background in the middle', withPost({ background: 'middle' }, pair), VALUE, 'post'],
    ['a layout there is not', withPost({ layout: 'nchw' }, pair), VALUE, 'post'],
    ['a decoding of boxes', withPost({ decode: { form: 'center' } }, pair), UNKNOWN, 'post'],
    ['an overlap below 0', withPost({ nms: { iouThreshold: -1 } }, pair), VALUE, 'post.nms'],
    ['a suppression after one', withPost({ nms: {} }, table), UNKNOWN, 'post'],
    ['columns without scores', withPost({ columns: ['box', 'class'] }, table), VALUE, 'post'],
    ['a column twice', withPost({ columns: ['box', 'score', 'box'] }, table), VALUE, 'post'],
    ['a column there is not', withPost({ columns: ['box', 'score', 'id'] }, table), VALUE, 'post'],
    ['columns that are no list', withPost({ columns: 'box' }, table), TYPE, 'post'],
    ['a table and parts', withPost({ columns: ['box', 'score'] }, parts), VALUE, 'post'],
    ['parts without scores', withPost({ scores: undefined }, parts), VALUE, 'post'],
    ['indices and counts', withPost({ indices: 'e' }, parts), VALUE, 'post'],
    ['a first class below 0', withPost({ firstClass: -1 }, parts), VALUE, 'post'],
    ['a threshold above 1', withPost({ scoreThreshold: 2 }, parts), VALUE, 'post'],
    ['no points', withPost({ points: undefined }, keypoints), TYPE, 'post'],
    ['no names of points', withPost({ points: [] }, keypoints), VALUE, 'post'],
    ['0 points', withPost({ points: 0 }, keypoints), VALUE, 'post'],
    ['too many points', withPost({ points: 1025 }, keypoints), VALUE, 'post'],
    ['scores of points that are no flag', withPost({ pointScores: 1 }, keypoints), TYPE, 'post'],
    ['points without a decoding', withPost({ decode: undefined }, keypoints), TYPE, 'post'],
    ['a layout of pixels there is not', withPost({ layout: 'chw' }, segmentation), VALUE, 'post'],
    ['an infinite threshold', withPost({ threshold: Infinity }, segmentation), VALUE, 'post'],
    ['another key of pixels', withPost({ classes: 5 }, segmentation), UNKNOWN, 'post'],
    ['masks of numbers', withPost({ prototypes: 5 }, instances), TYPE, 'post'],
    ['boxes for points', { ...keypoints, post: detection.post }, VALUE, 'post'],
    ['others that are a list', withPre({ others: [] }), TYPE, 'pre'],
    ['an other that is text', withPre({ others: { a: 'size' } }), TYPE, 'pre.others.a'],
    ['an other there is not', withPre({ others: { a: { kind: 'size' } } }), VALUE, 'pre.others.a'],
    ['another key of others', withPre({ others: { a: { kind: 'given', of: 1 } } }), UNKNOWN, 'pre.others.a'],
    [
      'an order there is not',
      withPre({ others: { a: { kind: 'image-size', order: 'hw' } } }),
      VALUE,
      'pre.others.a',
    ],
    ['no values', withPre({ others: { a: { kind: 'constant' } } }), TYPE, 'pre.others.a'],
    ['values of text', withPre({ others: { a: { kind: 'constant', values: ['1'] } } }), TYPE, 'pre.others.a'],
    [
      'dims below 0',
      withPre({ others: { a: { kind: 'constant', values: [1], dims: [-1] } } }),
      VALUE,
      'pre.others.a',
    ],
    ['a size of sounds', withPre({ others: { a: { kind: 'image-size' } } }, sound), VALUE, 'pre.others.a'],
    ['no sample rate', withPre({ preset: undefined }, sound), VALUE, 'pre'],
    ['a preset there is not', withPre({ preset: 'wisper' }, sound), VALUE, 'pre'],
    ['a sample rate of text', withPre({ sampleRate: '16k' }, sound), TYPE, 'pre'],
    ['too many mels', withPre({ mels: 5000 }, sound), VALUE, 'pre'],
    ['a window that JSON has not', withPre({ window: new Float32Array(400) }, sound), TYPE, 'pre'],
    ['pixels of sounds', withPre({ size: 5 }, sound), UNKNOWN, 'pre'],
    ['a signal of sounds', withPre({ signal: null }, sound), UNKNOWN, 'pre'],
  ])('refuses %s', (_what, spec, code, at) => {
    const error = failureOf(spec);
    expect([error.code, error.details.at]).toEqual([code, at]);
  });

  it('names the key that was meant', () => {
    expect(failureOf(withPost({ topk: 5 })).message).toContain('Did you mean "topK"?');
    expect(failureOf(withPre({ filters: 'area' })).message).toContain('Did you mean "filter"?');
  });

  it('names task and kind that contradict each other', () => {
    const { message } = failureOf({ ...classification, post: detection.post });
    expect(message).toContain("'detection'");
    expect(message).toContain("'classification'");
  });
});

describe('readPipelineSpec()', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipeline-spec-'));
    await writeFile(join(folder, 'labels.txt'), 'cat\r\ndog\r\nbird with spaces\n');
    await writeFile(join(folder, 'empty.txt'), '');
    await writeFile(join(folder, 'broken.json'), '{ "version": 1,');
    const named = { ...classification, post: { kind: 'classification', labels: 'labels.txt' } };
    await writeFile(join(folder, 'photo.pipeline.json'), `\uFEFF${JSON.stringify(named)}`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads a file and the labels beside it', async () => {
    const spec = await readPipelineSpec(join(folder, 'photo.pipeline.json'));
    expect(spec.post).toMatchObject({ labels: ['cat', 'dog', 'bird with spaces'] });
  });

  it('finds the file beside a model, and tells that there is none', async () => {
    expect(specPathOf('a/photo.onnx')).toBe('a/photo.pipeline.json');
    expect(specPathOf('a/photo.engine')).toBe('a/photo.pipeline.json');
    expect((await readSpecBeside(join(folder, 'photo.onnx')))?.task).toBe('classification');
    expect(await readSpecBeside(join(folder, 'other.onnx'))).toBeUndefined();
  });

  it('gives a copy', async () => {
    const given = structuredClone(classification) as never as Parameters<typeof readPipelineSpec>[0] & object;
    const spec = await readPipelineSpec(given);
    expect(spec).toEqual(given);
    expect(spec.pre).not.toBe(given.pre);
  });

  it('says which file cannot be read', async () => {
    await expect(readPipelineSpec(join(folder, 'none.json'))).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
      details: { path: join(folder, 'none.json') },
    });
    await expect(readPipelineSpec(join(folder, 'broken.json'))).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining('broken.json is not JSON'),
    });
    const named = (labels: string) =>
      ({ ...classification, post: { kind: 'classification', labels } }) as never;
    await expect(readPipelineSpec(named('none.txt'), folder)).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_FILE',
    });
    await expect(readPipelineSpec(named('empty.txt'), folder)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
  });
});
