// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { referenceNumerics } from '../../../lib/numerics/reference';
import { distanceOf, MATRIX_CASES, svdFaults } from '../../numerics-cases';

describe('svd', () => {
  it.each(MATRIX_CASES)('decomposes: $name', async ({ rows, columns, make }) => {
    const a = make();
    const before = a.slice();
    const result = await referenceNumerics.svd(a, { rows, columns });
    const count = Math.min(rows, columns);
    expect([result.u.length, result.s.length, result.vt.length]).toEqual([
      rows * count,
      count,
      count * columns,
    ]);
    const faults = await svdFaults(referenceNumerics, a, result, [rows, columns]);
    expect(faults.product).toBeLessThan(1e-13);
    expect(faults.u).toBeLessThan(1e-13);
    expect(faults.v).toBeLessThan(1e-13);
    expect(faults.isOrdered).toBe(true);
    expect(distanceOf(a, before)).toBe(0);
  });

  it('finds the rank', async () => {
    const { rows, columns, make } = MATRIX_CASES.find(({ name }) => name === 'rank 3 of 40')!;
    const { s } = await referenceNumerics.svd(make(), { rows, columns });
    expect(s.filter((value) => value > s[0]! * 1e-12)).toHaveLength(3);
  });

  it('finds known values', async () => {
    const { s } = await referenceNumerics.svd(Float64Array.of(3, 0, 4, 5), { rows: 2, columns: 2 });
    expect(s[0]).toBeCloseTo(Math.sqrt(45), 13);
    expect(s[1]).toBeCloseTo(Math.sqrt(5), 13);
  });
});
