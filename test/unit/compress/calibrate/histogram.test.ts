// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { RangeHistogram } from '../../../../lib/compress/calibrate/histogram';
import { noise } from '../../../precision-models';

describe('a histogram', () => {
  it('finds quantiles within one part in a thousand of the range, however its values came', () => {
    const values = noise(20_000, 3, 1);
    const sorted = Float32Array.from(values, Math.abs).sort();
    const histogram = new RangeHistogram();
    // Small ones first: the bins have to grow several times.
    for (const scale of [1e-3, 1e-2, 0.1])
      histogram.add(values.subarray(0, 10).map((value) => value * scale));
    for (let at = 0; at < values.length; at += 999) histogram.add(values.subarray(at, at + 999));
    expect(histogram.count).toBe(20_030);
    expect(histogram.largest).toBe(sorted.at(-1));
    for (const share of [0.5, 0.9, 0.999]) {
      const exact = sorted[Math.floor(share * sorted.length)]!;
      expect(Math.abs(histogram.quantile(share) - exact)).toBeLessThan(histogram.largest * 2e-3);
    }
    expect(histogram.quantile(1)).toBe(histogram.largest);
  });

  it('loses no value while it grows from the smallest numbers to the largest', () => {
    const histogram = new RangeHistogram();
    const values = [0, 1e-45, -1e-38, 1e-3, -1, 5, 3.4e38];
    for (const value of values) histogram.add(Float32Array.of(value));
    expect(histogram.counts().reduce((sum, count) => sum + count, 0)).toBe(values.length);
    expect([histogram.min, histogram.max]).toEqual([-1, Math.fround(3.4e38)]);
    expect(histogram.largest).toBeLessThan(histogram.width * histogram.counts().length);
  });

  it.each([1, 2, 3, 64])('counts each of %d values once, wherever the extremes are', (count) => {
    for (let at = 0; at < count; at++) {
      const values = new Float32Array(count).fill(0.5);
      values[at] = -4;
      const histogram = new RangeHistogram();
      histogram.add(values);
      expect([histogram.min, histogram.max]).toEqual([-4, count === 1 ? -4 : 0.5]);
      expect(histogram.counts().reduce((sum, one) => sum + one, 0)).toBe(count);
    }
  });

  it('takes lists of numbers too, and knows what is constant', () => {
    const histogram = new RangeHistogram();
    expect(histogram.isConstant).toBe(false);
    histogram.add([]);
    expect(histogram.largest).toBe(0);
    histogram.add([2, 2]);
    expect(histogram.isConstant).toBe(true);
    histogram.add([1]);
    expect(histogram.isConstant).toBe(false);
  });

  it.each([0, 1, 2, 3, 4])('refuses what is not finite at position %d and adds nothing', (at) => {
    const histogram = new RangeHistogram();
    histogram.add(new Float32Array(10));
    for (const bad of [NaN, Infinity, -Infinity]) {
      const values = Float32Array.of(1, 2, 3, 4, 5);
      values[at] = bad;
      expect(histogram.add(values)).toBe(false);
    }
    // Opposite infinities must not cancel.
    expect(histogram.add([Infinity, -Infinity, Infinity])).toBe(false);
    expect([histogram.count, histogram.min, histogram.max]).toEqual([10, 0, 0]);
  });

  it('of extremes only has no counts', () => {
    const histogram = new RangeHistogram(true);
    histogram.add([-3, 1]);
    expect([histogram.min, histogram.max, histogram.count]).toEqual([-3, 1, 2]);
    expect(() => histogram.counts()).toThrow('extremes only');
  });
});
