// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { TensorRanges } from '../../../../lib/compress/calibrate/choose-ranges';
import { RangeHistogram } from '../../../../lib/compress/calibrate/histogram';
import { chooseMixedRanges } from '../../../../lib/compress/calibrate/mixed-ranges';
import { noise } from '../../../precision-models';

function histogramOf(...values: number[]): RangeHistogram {
  const histogram = new RangeHistogram();
  histogram.add(Float32Array.of(...noise(20_000, 1, 3), ...values));
  return histogram;
}

/** `a` and `b` have outliers; `same` does not depend on the method much. */
const histograms = new Map([
  ['a', histogramOf(30)],
  ['same', histogramOf()],
  ['b', histogramOf(100)],
]);

/** As good as `a` covers everything and `b` does not. */
const score = (ranges: TensorRanges) => Promise.resolve(ranges.a!.amplitude - ranges.b!.amplitude);

describe('choosing ranges tensor by tensor', () => {
  it('keeps what raises the score and nothing else', async () => {
    const { methods, ranges, ...mixed } = await chooseMixedRanges(histograms, { score, start: 'percentile' });
    expect(methods).toMatchObject({ a: 'max', same: 'percentile' });
    expect(ranges.a!.amplitude).toBe(30);
    expect(ranges.b!.amplitude).toBeLessThan(2);
    expect(mixed.score).toBe(30 - ranges.b!.amplitude);
    expect(mixed.score).toBeGreaterThan(mixed.startScore);
  });

  it('begins where methods differ most, and stops at the number of measurements', async () => {
    const asked: string[] = [];
    const onTrial = (_: number, tensor: string) => asked.push(tensor);
    const mixed = await chooseMixedRanges(histograms, { score, start: 'max', most: 1, onTrial });
    expect([mixed.trials, asked, mixed.methods.a]).toEqual([1, ['b'], 'max']);
    const none = await chooseMixedRanges(histograms, { score, start: 'max', most: 0 });
    expect(none).toMatchObject({ trials: 0, score: none.startScore, methods: { a: 'max', b: 'max' } });
  });

  it('does not measure the start again, nor keep what is not a number', async () => {
    let measured = 0;
    const broken = () => Promise.resolve((measured++, NaN));
    const mixed = await chooseMixedRanges(histograms, { score: broken, startScore: 5 });
    expect(mixed.score).toBe(5);
    expect(measured).toBe(mixed.trials);
    expect(new Set(Object.values(mixed.methods))).toEqual(new Set(['mse']));
  });
});
