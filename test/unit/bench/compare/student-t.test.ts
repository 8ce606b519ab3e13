// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { criticalT, twoSidedProbability } from '../../../../lib/bench/compare/student-t';

describe("Student's t", () => {
  // Printed tables of the two-sided 5 % and 1 % points.
  it.each([
    [1, 12.7062, 63.6567],
    [2, 4.30265, 9.92484],
    [6, 2.44691, 3.70743],
    [29, 2.04523, 2.75639],
    [1e6, 1.95997, 2.57583],
  ])('has the critical values of the tables for %d degrees of freedom', (freedom, five, one) => {
    expect(criticalT(0.05, freedom)).toBeCloseTo(five, 3);
    expect(criticalT(0.01, freedom)).toBeCloseTo(one, 3);
  });

  it('has probability 1 at 0 and 0 without end', () => {
    expect(twoSidedProbability(0, 6)).toBe(1);
    expect(twoSidedProbability(Infinity, 6)).toBe(0);
    expect(twoSidedProbability(NaN, 6)).toBe(1);
    expect(twoSidedProbability(-2.44691, 6)).toBeCloseTo(0.05, 5);
  });
});
