// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { CALIBRATION_METHODS, chooseAmplitude } from '../../../../lib/compress/calibrate/amplitude';
import { chooseRanges } from '../../../../lib/compress/calibrate/choose-ranges';
import { RangeHistogram } from '../../../../lib/compress/calibrate/histogram';
import { noise } from '../../../precision-models';

function histogramOf(...lists: ArrayLike<number>[]): RangeHistogram {
  const histogram = new RangeHistogram();
  for (const list of lists) histogram.add(list);
  return histogram;
}

/** Squared error of INT8, computed value by value. */
function error(values: ArrayLike<number>, amplitude: number, steps = 127): number {
  const scale = amplitude / steps;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const step = Math.max(-steps, Math.min(steps, Math.round(values[i]! / scale)));
    sum += (values[i]! - step * scale) ** 2;
  }
  return sum;
}

/** The textbook's loop over all bins, for every cut. */
function plainEntropy(histogram: RangeHistogram): number {
  const counts = [...histogram.counts()];
  counts[0] = counts[1]!;
  const used = Math.min(counts.length, Math.floor(histogram.largest / histogram.width) + 1);
  const bins = [...Array.from({ length: Math.ceil((used - 128) / 8) }, (_, i) => 128 + 8 * i), used];
  let best = [Infinity, used] as [number, number];
  for (const cut of bins) {
    const reference = counts.slice(0, cut);
    reference[cut - 1]! += counts.slice(cut).reduce((sum, count) => sum + count, 0);
    const candidate: number[] = [];
    for (let group = 0; group < 128; group++) {
      const [from, to] = [Math.floor((group * cut) / 128), Math.floor(((group + 1) * cut) / 128)];
      const held = counts.slice(from, to).reduce((sum, count) => sum + count, 0);
      const filled = reference.slice(from, to).filter((count) => count > 0).length;
      for (let i = from; i < to; i++) candidate.push(reference[i]! > 0 ? Math.max(held, 1e-4) / filled : 0);
    }
    const [p, q] = [reference, candidate].map((list) => list.reduce((sum, one) => sum + one, 0)) as [
      number,
      number,
    ];
    let divergence = 0;
    reference.forEach((count, i) => {
      if (count > 0) divergence += (count / p) * Math.log(count / p / (candidate[i]! / q));
    });
    if (divergence < best[0]) best = [divergence, cut];
  }
  return best[1] === used ? histogram.largest : (best[1] + 0.5) * histogram.width;
}

describe('an amplitude', () => {
  const values = Float32Array.of(...noise(60_000, 1, 7), 40);
  const histogram = histogramOf(values);

  it('covers everything, or all but a share of the values', () => {
    expect(chooseAmplitude(histogram, 'max')).toBe(40);
    expect(chooseAmplitude(histogram, 'percentile')).toBeLessThan(1.6);
    expect(chooseAmplitude(histogram, 'percentile', { percentile: 100 })).toBe(40);
    const sorted = Float32Array.from(values, Math.abs).sort();
    expect(chooseAmplitude(histogram, 'percentile', { percentile: 90 })).toBeCloseTo(sorted[54_000]!, 1);
    for (const percentile of [0, 101, NaN])
      expect(() => chooseAmplitude(histogram, 'percentile', { percentile })).toThrow('Expected a percentile');
  });

  it.each([
    ['normal values', noise(50_000, 1, 3)],
    ['an outlier', values],
    ['zeros and positive ones', noise(50_000, 1, 5).map((value) => Math.max(0, value))],
    ['heavy tails', noise(50_000, 1, 9).map((value) => value ** 5)],
  ])('by error is within two percent of the best cut there is, for %s', (_, data) => {
    const own = histogramOf(data);
    const least = Math.min(...Array.from({ length: 99 }, (_, i) => error(data, own.largest * (1 - i / 100))));
    expect(error(data, chooseAmplitude(own, 'mse'))).toBeLessThanOrEqual(least * 1.02);
  });

  it('by error cuts more off for fewer steps', () => {
    const wide = chooseAmplitude(histogramOf(noise(50_000, 1, 3)), 'mse', { steps: 127 });
    const narrow = chooseAmplitude(histogramOf(noise(50_000, 1, 3)), 'mse', { steps: 7 });
    expect(narrow).toBeLessThan(wide);
  });

  it.each([
    ['an outlier', values],
    ['few values', noise(300, 1, 5)],
    ['heavy tails', noise(20_000, 1, 9).map((value) => value ** 3)],
  ])('by entropy is that of the sum over all bins, for %s', (_, data) => {
    const own = histogramOf(data);
    expect(chooseAmplitude(own, 'entropy')).toBeCloseTo(plainEntropy(own), 9);
  });

  it('by entropy cuts an outlier off', () => {
    expect(chooseAmplitude(histogram, 'entropy')).toBeLessThan(10);
  });

  it('is the value itself where there is only one, and 0 where that is 0', () => {
    for (const method of CALIBRATION_METHODS) {
      expect(chooseAmplitude(histogramOf(new Float32Array(10)), method)).toBe(0);
      expect(chooseAmplitude(histogramOf(new Float32Array(10).fill(-2.5)), method)).toBe(2.5);
      expect(chooseAmplitude(new RangeHistogram(), method)).toBe(0);
    }
  });

  it('never leaves the range of what was seen, sparse as it may be', () => {
    const lists = [
      [0, 0, 1e-42],
      [1e30, 0],
      Float32Array.from({ length: 9999 }, (_, i) => (i === 7 ? 3 : 0)),
    ];
    for (const list of lists) {
      const own = histogramOf(list);
      for (const method of CALIBRATION_METHODS) {
        const amplitude = chooseAmplitude(own, method);
        expect(amplitude, method).toBeGreaterThan(0);
        expect(amplitude, method).toBeLessThanOrEqual(own.largest);
      }
    }
  });
});

describe('choosing ranges', () => {
  it('gives each tensor its extremes and amplitude, whatever it is called', () => {
    const ranges = chooseRanges(new Map([['__proto__', histogramOf([-2, 1])]]), 'max');
    expect(Object.entries(ranges)).toEqual([['__proto__', { min: -2, max: 1, amplitude: 2 }]]);
  });
});
