// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { DifferenceSums } from '../../../../lib/evaluate/validate/difference-sums';
import { randomFeeds } from '../../../../lib/evaluate/validate/random-feeds';
import { precisionOf, toleranceFor } from '../../../../lib/evaluate/validate/tolerance';
import type { TensorInfo } from '../../../../lib/index';

describe('toleranceFor', () => {
  it('is a share of the largest magnitude by default, and what is given otherwise', () => {
    expect(toleranceFor('fp16')).toEqual({ atol: 1e-2, rtol: 1e-2, isScaled: true });
    expect(toleranceFor('fp16', { atol: 0.5 })).toEqual({ atol: 0.5, rtol: 0, isScaled: false });
    expect(toleranceFor('fp32', { rtol: 0.1 })).toEqual({ atol: 1e-5, rtol: 0.1, isScaled: true });
  });

  it.each([
    [{ compute: { FLOAT: 3 }, quantize: {} }, 'fp32'],
    [{ compute: { FLOAT: 3, FLOAT16: 1 }, quantize: {} }, 'fp16'],
    [{ compute: { BFLOAT16: 1 }, quantize: {} }, 'bf16'],
    [{ compute: { FLOAT: 1 }, quantize: { INT8: 4 } }, 'int8'],
  ])('knows the precision of %j', (census, expected) => {
    expect(precisionOf(census as unknown as Parameters<typeof precisionOf>[0])).toBe(expected);
  });
});

describe('DifferenceSums', () => {
  const differenceOf = (
    expected: readonly number[],
    actual: readonly number[],
    atol = 0.1,
    isScaled = false,
  ) => {
    const sums = new DifferenceSums({ atol, rtol: 0, isScaled });
    sums.add(expected, actual, 0);
    return sums.difference;
  };

  it('names the element that is furthest outside', () => {
    expect(differenceOf([1, 2, 3], [1, 2.5, 3.05])).toMatchObject({
      passed: false,
      outside: 1,
      elements: 3,
      largestError: 0.5,
      largestRelativeError: 0.25,
      worst: { run: 0, index: 1, expected: 2, actual: 2.5 },
    });
  });

  it('scales its tolerance by the tensor', () => {
    expect(differenceOf([100, 0], [100, 9], 0.1, true).passed).toBe(true);
    expect(differenceOf([100, 0], [100, 11], 0.1, true).passed).toBe(false);
  });

  it.each([
    [[1, 2], [1, NaN], false],
    [[1, NaN], [1, NaN], true],
    [[1, -Infinity], [1, -Infinity], true],
    [[1, 2], [1, Infinity], false],
  ])('%j against %j passes: %s', (expected, actual, passed) => {
    expect(differenceOf(expected, actual)).toMatchObject({
      passed,
      ...(passed ? {} : { largestError: null }),
    });
  });
});

describe('randomFeeds', () => {
  const x: TensorInfo = { name: 'x', type: 'float32', dims: ['batch', 500] };
  const draw = (input: TensorInfo, options = {}) =>
    randomFeeds({ inputs: [input], seed: 1, ...options })[input.name] as {
      data: Float32Array;
      dims: number[];
    };

  it('are normal numbers that depend on the seed alone', () => {
    const { data, dims } = draw(x, { shapes: { x: [4, 500] } });
    expect(dims).toEqual([4, 500]);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
    expect(Math.abs(mean)).toBeLessThan(0.1);
    expect(Math.abs(deviation - 1)).toBeLessThan(0.1);
    expect(draw(x, { shapes: { x: [4, 500] } }).data).toEqual(data);
    expect(draw(x, { shapes: { x: [4, 500] }, seed: 2 }).data).not.toEqual(data);
  });

  it('are 0 or 1 where they may be indices', () => {
    const { data } = draw({ name: 'i', type: 'int64', dims: [64] });
    expect(new Set(Array.from(data as unknown as BigInt64Array))).toEqual(new Set([0n, 1n]));
  });

  it('take the dims that an engine is tuned for, else 1', () => {
    expect(draw(x, { tuned: { x: [8, 500] } }).dims).toEqual([8, 500]);
    expect(draw(x).dims).toEqual([1, 500]);
  });

  it('refuse dims that do not fit, and types without numbers', () => {
    expect(() => draw(x, { shapes: { x: [4, 5] } })).toThrow(/does not fit input 'x'/);
    expect(() => draw({ ...x, type: 'string' })).toThrow(/No random numbers can be made for input 'x'/);
  });
});
