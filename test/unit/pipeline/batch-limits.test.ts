// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import {
  batchRanges,
  DEFAULT_MAX_BATCH,
  planPieces,
  type BatchFacts,
} from '../../../lib/pipeline/batch-limits';

const facts = (patch: Partial<BatchFacts>): BatchFacts => ({
  input: { name: 'x', type: 'float32', dims: ['n', 3, 'h', 'w'] },
  batch: undefined,
  dims: [3, 8, 8],
  profiles: undefined,
  maxBatch: undefined,
  ...patch,
});
const profile = (min: number, max: number, side = 8) => ({
  x: { min: [min, 3, side, side], opt: [min, 3, side, side], max: [max, 3, side, side] },
});

describe('batchRanges()', () => {
  it('takes a batch that the model fixes, whatever the caller wants', () => {
    expect(batchRanges(facts({ batch: 4, maxBatch: 2 }))).toEqual([{ min: 4, max: 4 }]);
  });

  it('bounds a batch that nobody bounds', () => {
    expect(batchRanges(facts({}))).toEqual([{ min: 1, max: DEFAULT_MAX_BATCH }]);
    expect(batchRanges(facts({ maxBatch: 100 }))).toEqual([{ min: 1, max: 100 }]);
  });

  it('takes the profiles that have the size, within what the caller wants', () => {
    const profiles = [profile(1, 4), profile(8, 16), profile(1, 64, 32)];
    expect(batchRanges(facts({ profiles }))).toEqual([
      { min: 1, max: 4 },
      { min: 8, max: 16 },
    ]);
    expect(batchRanges(facts({ profiles, maxBatch: 10 }))).toEqual([
      { min: 1, max: 4 },
      { min: 8, max: 10 },
    ]);
    expect(batchRanges(facts({ profiles, maxBatch: 2 }))).toEqual([{ min: 1, max: 2 }]);
    expect(batchRanges(facts({ profiles: [profile(8, 16)], maxBatch: 2 }))).toEqual([{ min: 8, max: 16 }]);
  });
});

describe('planPieces()', () => {
  it('runs as few pieces as there can be, and pads what a range does not have', () => {
    expect(planPieces(0, [{ min: 1, max: 4 }])).toEqual([]);
    expect(planPieces(3, [{ min: 1, max: 4 }])).toEqual([{ start: 0, count: 3, batch: 3 }]);
    expect(planPieces(9, [{ min: 4, max: 4 }])).toEqual([
      { start: 0, count: 4, batch: 4 },
      { start: 4, count: 4, batch: 4 },
      { start: 8, count: 1, batch: 4 },
    ]);
    const ranges = [
      { min: 1, max: 4 },
      { min: 8, max: 16 },
    ];
    expect(planPieces(6, ranges)).toEqual([{ start: 0, count: 6, batch: 8 }]);
    expect(planPieces(18, ranges)).toEqual([
      { start: 0, count: 16, batch: 16 },
      { start: 16, count: 2, batch: 2 },
    ]);
  });
});
