// SPDX-License-Identifier: Apache-2.0
// What operators on scores refuse, and what they make of types, empty batches, NaN and infinity.
import { describe, expect, it } from 'vitest';
import {
  argMax,
  cosineSimilarity,
  l2Normalize,
  meanPool,
  planSoftmaxTopK,
  planTopK,
  softmax,
  softmaxTopK,
  topK,
} from '../../../lib/ops/scores/index';

const floats = (dims: number[], fill = 0) => ({
  type: 'float32' as const,
  data: new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(fill),
  dims,
});
const refuses = (promise: Promise<unknown>, code: string, message: RegExp) =>
  expect(promise).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });

describe('bad input', () => {
  it.each([0, 1025, 1.5, NaN, -1])('k of %s', async (k) => {
    await refuses(
      topK(floats([2, 2000]), k),
      'ERR_TRT_ARG_VALUE',
      /"k" must be a whole number from 1 to 1024/,
    );
    await refuses(softmaxTopK(floats([2, 2000]), k), 'ERR_TRT_ARG_VALUE', /"k"/);
  });

  it('more than there are classes', async () => {
    await refuses(topK(floats([2, 3]), 4), 'ERR_TRT_ARG_TENSOR', /at least k = 4 classes.*float32 \[2, 3\]/);
    await refuses(argMax(floats([2, 0])), 'ERR_TRT_ARG_TENSOR', /at least one class/);
  });

  it.each([0, -1, NaN, Infinity])('a temperature of %s', async (temperature) => {
    await refuses(softmax(floats([1, 2]), { temperature }), 'ERR_TRT_ARG_VALUE', /"temperature"/);
    expect(() => planSoftmaxTopK([{ type: 'float32', dims: [1, 2] }], 1, { temperature })).toThrow(
      /temperature/,
    );
  });

  it('a mask of another shape or type', async () => {
    const tokens = floats([2, 3, 4]);
    await refuses(meanPool(tokens, floats([2, 4])), 'ERR_TRT_ARG_TENSOR', /float32 \[2, 3\] for the mask/);
    const bytes = { type: 'int8', data: new Int8Array(6), dims: [2, 3] } as const;
    await refuses(meanPool(tokens, bytes), 'ERR_TRT_ARG_TENSOR', /int64 or int32 or bool or float32/);
    await refuses(meanPool(floats([2, 3])), 'ERR_TRT_ARG_TENSOR', /3 dimensions/);
  });

  it('vectors that do not fit each other', async () => {
    await refuses(
      cosineSimilarity(floats([3]), floats([2, 4])),
      'ERR_TRT_ARG_TENSOR',
      /vectors of 3 elements/,
    );
    await refuses(
      cosineSimilarity(floats([1, 1, 3]), floats([2, 3])),
      'ERR_TRT_ARG_TENSOR',
      /1 to 2 dimensions/,
    );
    const halves = { type: 'float16', data: new Uint16Array(3), dims: [1, 3] } as const;
    await refuses(cosineSimilarity(floats([3]), halves as never), 'ERR_TRT_ARG_TENSOR', /expected float32/);
    await refuses(l2Normalize(floats([1, 2]), { epsilon: 0 }), 'ERR_TRT_ARG_VALUE', /"epsilon"/);
  });

  it('elements that are no floats, unknown options, a type that the input has not', async () => {
    await refuses(
      softmax({ data: new Int32Array(4), dims: [2, 2] }),
      'ERR_TRT_ARG_TENSOR',
      /float32 or float16/,
    );
    await refuses(
      softmax({ data: new Float32Array(1), dims: [] }),
      'ERR_TRT_ARG_TENSOR',
      /at least one dimension/,
    );
    await refuses(
      softmax(floats([1, 2]), { temprature: 1 } as never),
      'ERR_TRT_ARG_UNKNOWN_OPTION',
      /temperature/,
    );
    await refuses(softmax(floats([1, 2]), { type: 'float16' }), 'ERR_TRT_ARG_VALUE', /'float32' for float32/);
    expect(() => planTopK([{ type: 'float32', dims: [1, 2] }], '2' as never)).toThrow(/"k"/);
  });
});

describe('what is not refused', () => {
  it('an empty batch', async () => {
    expect((await softmax(floats([0, 5]))).dims).toEqual([0, 5]);
    const { values, indices } = await softmaxTopK(floats([0, 5]), 2);
    expect([values.data.length, indices.data.length, values.dims]).toEqual([0, 0, [0, 2]]);
  });

  it('NaN and infinity, by the rules of each', async () => {
    const data = Float32Array.of(1, NaN, 3, -Infinity, -Infinity, -Infinity, Infinity, 2, Infinity);
    const best = await topK({ data, dims: [3, 3] }, 2);
    expect([...best.indices.data]).toEqual([1, 2, 0, 1, 0, 2]);
    expect([...(await argMax({ data, dims: [3, 3] })).data]).toEqual([1, 0, 0]);
    expect((await softmax({ data, dims: [3, 3] })).data.every(Number.isNaN)).toBe(true);
  });

  it('float16 in and out', async () => {
    const halves = { type: 'float16', data: Uint16Array.of(0x3c00, 0x3c00), dims: [1, 2] } as const;
    expect([...(await softmax(halves)).data]).toEqual([0.5, 0.5]);
    const same = await softmax(halves, { type: 'float16' });
    expect([same.type, ...new Uint16Array(same.data.buffer)]).toEqual(['float16', 0x3800, 0x3800]);
  });
});
