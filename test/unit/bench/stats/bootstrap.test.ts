// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { bootstrap, interval } from '../../../../lib/bench/stats/bootstrap';
import { LatencyHistogram } from '../../../../lib/bench/stats/histogram';
import { latencies, uniform } from '../../../simulated-device';

const median = (histogram: LatencyHistogram) => histogram.valueAt(50);

/** Blocks of independent values around a shift that a block's values share. */
function makeBlocks(seed: number, blocks: number, values: number, shift: () => number): LatencyHistogram[] {
  const source = latencies.lognormal(10, 0.4, seed);
  return Array.from({ length: blocks }, () => {
    const histogram = new LatencyHistogram();
    const factor = shift();
    for (let index = 0; index < values; index += 1) histogram.record(source.draw(0) * factor);
    return histogram;
  });
}

function coverage(trials: number, shiftOf: (seed: number) => () => number): number {
  let covered = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const blocks = makeBlocks(2 * trial + 1, 30, 20, shiftOf(2 * trial + 2));
    const { low, high } = interval(bootstrap(blocks, median, { rounds: 200, seed: trial }), 0.95);
    if (low <= 10 && high >= 10) covered += 1;
  }
  return covered / trials;
}

describe('bootstrap', () => {
  it('covers the true median in 95 of 100 measurements, of independent values', () => {
    const share = coverage(300, () => () => 1);
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  });

  it('covers it as often where the values of a block depend on each other', () => {
    // Blocks are slow or fast as a whole, half of them each: single values resampled would give a far too narrow interval.
    const share = coverage(300, (seed) => {
      const random = uniform(seed);
      return () => 1.2 ** (2 * random() - 1);
    });
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  });

  it('gives the same values for the same seed, and others for another', () => {
    const blocks = makeBlocks(1, 20, 30, () => 1);
    const run = (seed: number) => Array.from(bootstrap(blocks, median, { rounds: 50, seed }));
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });

  it('draws as many blocks as there are', () => {
    const blocks = makeBlocks(1, 7, 10, () => 1);
    expect(new Set(bootstrap(blocks, (merged) => merged.count, { rounds: 20 }))).toEqual(new Set([70]));
  });

  it('gives nothing for nothing', () => {
    expect(bootstrap([], median)).toHaveLength(0);
  });
});

describe('interval', () => {
  it('leaves out as many values at both ends', () => {
    const values = Float64Array.from({ length: 1000 }, (_, index) => 1000 - index);
    expect(interval(values, 0.95)).toEqual({ low: 26, high: 975 });
    expect(interval(values, 1)).toEqual({ low: 1, high: 1000 });
  });
});
