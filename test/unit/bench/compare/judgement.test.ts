// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { adjustForMany, judgeRounds } from '../../../../lib/bench/compare/judgement';

describe('judging rounds', () => {
  it("is Student's t test of the paired differences", () => {
    // Worked by hand: mean 0.03, deviation 0.01, error 0.01 / sqrt(3), t 5.196 at 2 degrees of freedom.
    const { change, interval, pValue } = judgeRounds([0.02, 0.03, 0.04]);
    expect(change).toBeCloseTo(0.03, 12);
    expect(interval.low).toBeCloseTo(0.03 - (4.30265 * 0.01) / Math.sqrt(3), 6);
    expect(interval.high).toBeCloseTo(0.03 + (4.30265 * 0.01) / Math.sqrt(3), 6);
    expect(pValue).toBeCloseTo(0.0351, 3);
  });

  it('is sure of rounds that all say the same, and of no change that there is none', () => {
    expect(judgeRounds([0.5, 0.5, 0.5]).pValue).toBe(0);
    expect(judgeRounds([0, 0, 0]).pValue).toBe(1);
  });
});

describe('adjusting for many', () => {
  it("is Holm's: the smallest times all, the next times all but one, never falling", () => {
    expect(adjustForMany([0.04, 0.01, 0.03])).toEqual([0.06, 0.03, 0.06]);
    expect(adjustForMany([0.9, 0.8])).toEqual([1, 1]);
    expect(adjustForMany([])).toEqual([]);
  });
});
