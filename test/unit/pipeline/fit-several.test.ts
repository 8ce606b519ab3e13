// SPDX-License-Identifier: Apache-2.0
// Specs over several inputs and outputs, held against models.
import { describe, expect, it } from 'vitest';

import { TensorRTError } from '../../../lib/errors';
import { fitSpec } from '../../../lib/pipeline/spec/fit-model';
import type { PipelineSpec } from '../../../lib/pipeline/spec/pipeline-spec';
import type { ElementType } from '../../../lib/tensor/element-type';
import type { TensorInfo } from '../../../lib/tensor/tensor-info';

const tensor = (
  name: string,
  dims: readonly (number | string)[],
  type: ElementType = 'float32',
): TensorInfo => ({
  name,
  dims,
  type,
});

const IMAGES = tensor('images', ['n', 3, 64, 32]);

const spec = (task: string, post: object, pre: object = {}) =>
  ({
    version: 1,
    task,
    pre: { kind: 'image', ...pre },
    post: { kind: task, ...post },
  }) as unknown as PipelineSpec;

function fit(wanted: PipelineSpec, outputs: readonly TensorInfo[], inputs: readonly TensorInfo[] = [IMAGES]) {
  return fitSpec(wanted, { inputs, outputs });
}

function refuse(...given: Parameters<typeof fit>): string {
  try {
    fit(...given);
  } catch (error) {
    if (!(error instanceof TensorRTError)) throw error;
    expect(error.code).toBe('ERR_TRT_ARG_VALUE');
    return error.message;
  }
  throw new Error('it fitted');
}

const names = (fitted: ReturnType<typeof fit>) => fitted.outputs.map(({ name }) => name);

describe('boxes and scores', () => {
  const pair = (post: object = {}) => spec('detection', { kind: 'boxes-scores', ...post });
  const [boxes, scores] = [tensor('b', ['n', 100, 4]), tensor('s', ['n', 100, 92])];

  it('are told apart by their shapes, or by one name', () => {
    expect(names(fit(pair(), [scores, boxes]))).toEqual(['b', 's']);
    expect(names(fit(pair(), [tensor('s', ['n', 4, 2]), tensor('b', ['n', 4, 4])]))).toEqual(['b', 's']);
    const alike = [tensor('x', ['n', 9, 4]), tensor('y', ['n', 9, 4])];
    expect(names(fit(pair({ scores: 'x' }), alike))).toEqual(['y', 'x']);
    expect(refuse(pair(), alike)).toContain('"boxes" and "scores"');
    expect(refuse(pair(), [boxes, scores, tensor('z', ['n', 4])])).toContain('"z"');
    expect(refuse(pair({ boxes: 'bb' }), [boxes, scores])).toContain('no output "bb"');
  });

  it('have as many boxes as each other, and a label for each class', () => {
    expect(refuse(pair({ boxes: 'b' }), [boxes, tensor('s', ['n', 99, 92])])).toContain('[n, 99, 92]');
    expect(refuse(pair({ boxes: 'b' }), [tensor('b', ['n', 5]), scores])).toContain('boxes [N, boxes, 4]');
    expect(refuse(pair({ boxes: 'b', layout: 'channels-first' }), [boxes, scores])).toContain(
      "'channels-first'",
    );
    expect(refuse(pair({ labels: ['a'], background: 'last' }), [boxes, scores])).toContain('91 classes');
    expect(refuse(pair(), [boxes, tensor('s', ['n', 100, 9], 'int32')])).toContain('int32');
    expect(refuse(pair({ background: 'first' }), [boxes, tensor('s', ['n', 100, 1])])).toContain(
      'beside the background',
    );
  });
});

describe('outputs with the suppression done', () => {
  const done = (post: object = {}) => spec('detection', { kind: 'end-to-end', ...post });

  it('are one image at a time where nothing tells images apart', () => {
    expect(fit(done(), [tensor('t', ['n', 300, 6])]).batch).toBeUndefined();
    expect(fit(done(), [tensor('t', ['k', 6])]).batch).toBe(1);
    const columns = ['image', 'box', 'class', 'score'];
    expect(fit(done({ columns }), [tensor('t', ['k', 7])]).batch).toBeUndefined();
    const four = [tensor('images', [4, 3, 64, 32])];
    expect(refuse(done(), [tensor('t', ['k', 6])], four)).toContain('which image');
  });

  it('have the columns and the types that the spec says', () => {
    expect(refuse(done(), [tensor('t', ['n', 300, 5])])).toContain('6 numbers a row');
    expect(refuse(done(), [tensor('t', ['n', 300, 6], 'int64')])).toContain('int64');
    expect(refuse(done({ columns: ['image', 'box', 'score'] }), [tensor('t', ['n', 300, 6])])).toContain(
      "'image'",
    );
    const parts = [tensor('b', ['n', 9, 4]), tensor('s', ['n', 9]), tensor('c', ['n'], 'float32')];
    expect(refuse(done({ boxes: 'b', scores: 's', counts: 'c' }), parts)).toContain('counts of int32');
    expect(refuse(done({ boxes: 's', scores: 's' }), [tensor('s', ['n', 9, 5])])).toContain('[N, found, 4]');
    const indices = tensor('i', ['k', 3], 'int64');
    expect(refuse(done({ boxes: 'b', scores: 's', indices: 'i' }), [...parts, indices])).toContain(
      'beside indices',
    );
  });
});

describe('points, pixels and outlines', () => {
  it('have numbers behind the classes', () => {
    const pose = (post: object) =>
      spec('keypoints', { decode: { form: 'center', layout: 'channels-first' }, points: 17, ...post });
    const head = [tensor('h', ['n', 56, 8400])];
    expect(names(fit(pose({ labels: ['person'] }), head))).toEqual(['h']);
    expect(refuse(pose({ labels: ['person', 'dog'] }), head)).toContain('1 classes');
    expect(refuse(pose({ points: 18 }), head)).toContain('54 of its points');
  });

  it('tell head and prototypes apart', () => {
    const outlines = spec('instance-segmentation', {
      decode: { form: 'center', layout: 'channels-first' },
      labels: ['a', 'b'],
    });
    const outputs = [tensor('p', ['n', 32, 16, 16]), tensor('h', ['n', 38, 99])];
    expect(names(fit(outlines, outputs))).toEqual(['h', 'p']);
    expect(refuse(outlines, [outputs[0]!, tensor('h', ['n', 36, 99])])).toContain('32 of its mask');
    expect(refuse(outlines, [tensor('p', ['n', 32, 16]), outputs[1]!])).toContain('"prototypes"');
  });

  it('of each pixel have a class or scores', () => {
    const pixels = (post: object = {}) => spec('segmentation', post);
    expect(names(fit(pixels(), [tensor('s', ['n', 19, 8, 8])]))).toEqual(['s']);
    expect(names(fit(pixels(), [tensor('s', ['n', 8, 8], 'int64')]))).toEqual(['s']);
    expect(refuse(pixels(), [tensor('s', ['n', 8, 8])])).toContain('four dimensions');
    expect(refuse(pixels(), [tensor('s', ['n', 19, 8, 8], 'int64')])).toContain('[N, h, w]');
    expect(refuse(pixels(), [tensor('s', ['n', 8, 8], 'string')])).toContain('string');
    expect(refuse(pixels({ labels: ['a'] }), [tensor('s', ['n', 19, 8, 8])])).toContain('19 classes');
    expect(refuse(pixels({ threshold: 1 }), [tensor('s', ['n', 19, 8, 8])])).toContain('one class');
  });
});

describe('other inputs', () => {
  const outputs = [tensor('y', ['n', 8])];
  const several = (others: object, pre: object = {}) => spec('tensors', {}, { others, ...pre });

  it('leave one for the image', () => {
    const inputs = [tensor('size', ['n', 2], 'int64'), IMAGES];
    const fitted = fit(several({ size: { kind: 'image-size' } }), outputs, inputs);
    expect(fitted.input.name).toBe('images');
    expect(fitted.others.map(({ info }) => info.name)).toEqual(['size']);
    expect(refuse(several({}, { input: 'images' }), outputs, inputs)).toContain('"size" (int64 [n, 2])');
    expect(
      refuse(several({ sise: { kind: 'image-size' }, size: { kind: 'given' } }), outputs, inputs),
    ).toContain('Did you mean "size"?');
    const both = { size: { kind: 'image-size' }, images: { kind: 'given' } };
    expect(refuse(several(both, { input: 'images' }), outputs, inputs)).toContain('goes into');
  });

  it('have the shape that their kind needs', () => {
    const refused = (info: TensorInfo, other: object) =>
      refuse(several({ [info.name]: other }), outputs, [IMAGES, info]);
    const size = { kind: 'image-size' };
    expect(refused(tensor('x', ['n', 2], 'uint8'), size)).toContain('uint8');
    expect(refused(tensor('x', ['n', 3]), size)).toContain('[N, 2]');
    const constant = (...values: number[]) => ({ kind: 'constant', values });
    expect(refused(tensor('x', [2]), constant(1))).toContain('"values" has 1');
    expect(refused(tensor('x', [2], 'int32'), constant(1, 0.5))).toContain('0.5');
    expect(refused(tensor('x', [2], 'string'), constant(1, 2))).toContain('string');
    expect(refused(tensor('x', ['n', 2]), { ...constant(1, 2), dims: [1, 2] })).toContain('[1, 2]');
  });
});
