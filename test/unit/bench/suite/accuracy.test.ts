// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { compareOutputs, type OutputTensor } from '../../../../lib/bench/suite/accuracy';
import { numberToBfloat16, numberToFloat16 } from '../../../../lib/tensor/half';

const floats = (values: readonly number[], dims: readonly number[] = [values.length]): OutputTensor => ({
  type: 'float32',
  dims,
  data: new Float32Array(values),
});
const halves = (values: readonly number[], dims: readonly number[] = [values.length]): OutputTensor => ({
  type: 'float16',
  dims,
  data: Uint16Array.from(values, numberToFloat16),
});
const compare = (reference: OutputTensor, output: OutputTensor) =>
  compareOutputs({ y: reference }, { y: output })[0]!;

describe('compareOutputs', () => {
  it('finds nothing between equal outputs', () => {
    expect(compare(floats([1, -2, 3]), floats([1, -2, 3]))).toEqual({
      output: 'y',
      cosine: 1,
      sqnrDb: null,
      maxAbsDifference: 0,
      top1Agreement: 1,
    });
  });

  it('gives cosine, signal to noise and the largest difference', () => {
    const found = compare(floats([3, 4]), floats([4, 3]));
    expect(found.cosine).toBeCloseTo(24 / 25, 12);
    expect(found.sqnrDb).toBeCloseTo(10 * Math.log10(25 / 2), 12);
    expect(found.maxAbsDifference).toBe(1);
  });

  it('is -1 in cosine where all signs are turned, and 0 beside zeros', () => {
    expect(compare(floats([1, 2]), floats([-1, -2])).cosine).toBeCloseTo(-1, 12);
    expect(compare(floats([1, 2]), floats([0, 0])).cosine).toBe(0);
    expect(compare(floats([0, 0]), floats([0, 0]))).toMatchObject({ cosine: 1, sqnrDb: null });
    expect(compare(floats([0, 0]), floats([0, 1])).sqnrDb).toBe(-300);
  });

  it('reads half floats by their bits', () => {
    const values = [0.1, -0.7, 123.4, 0];
    const found = compare(floats(values), halves(values));
    expect(found.cosine).toBeGreaterThan(0.999_999);
    // Rounding to 11 bits is 66 dB and more below the signal.
    expect(found.sqnrDb).toBeGreaterThan(66);
    expect(found.maxAbsDifference).toBeCloseTo(0.025, 2);
    const bits = { type: 'bfloat16', dims: [1], data: Uint16Array.of(numberToBfloat16(1.5)) } as const;
    expect(compare(floats([1.5]), bits).maxAbsDifference).toBe(0);
  });

  it('counts rows whose largest element stands at the same place', () => {
    const reference = floats([1, 2, 3, 3, 2, 1, 0, 5, 0, 7, 7, 1], [4, 3]);
    const other = floats([1, 2, 2.5, 3, 9, 1, 0, 5, 0, 7, 7, 1], [4, 3]);
    expect(compare(reference, other).top1Agreement).toBe(0.75);
    expect(compare(floats([1, 2], [2, 1]), floats([1, 3], [2, 1]))).not.toHaveProperty('top1Agreement');
  });

  it('counts elements that became infinite instead of hiding or spreading them', () => {
    const found = compare(floats([1, 70_000, 2]), halves([1, 70_000, 2]));
    expect(found).toMatchObject({ nonFinite: 1, maxAbsDifference: 0, cosine: 1 });
    const both = floats([Infinity, NaN, 1]);
    expect(compare(both, both)).not.toHaveProperty('nonFinite');
  });

  it('reads whole numbers, and leaves out what are no numbers', () => {
    const longs = { type: 'int64', dims: [2], data: new BigInt64Array([5n, -6n]) } as const;
    expect(compare(longs, longs)).toMatchObject({ cosine: 1, maxAbsDifference: 0 });
    const packed = { type: 'int4', dims: [2], data: new Uint8Array(1) } as const;
    expect(compareOutputs({ packed, y: longs }, { packed, y: longs })).toHaveLength(1);
  });

  it('refuses an output that is missing or has another shape, naming both', () => {
    const error = (message: RegExp) =>
      expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE', message: expect.stringMatching(message) });
    expect(() => compareOutputs({ y: floats([1]) }, {})).toThrow(error(/"y".*\[1\], but here there is none/));
    expect(() => compare(floats([1, 2]), floats([1, 2], [1, 2]))).toThrow(error(/\[2\], but here \[1, 2\]/));
  });
});
