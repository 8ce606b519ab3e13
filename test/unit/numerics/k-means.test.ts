// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { referenceNumerics } from '../../../lib/numerics/reference';
import type { KMeansOptions } from '../../../lib/numerics/numerics';
import { createUniform } from '../../../lib/random';
import { normalNumbers, VALUES_CASES, type ValuesCase } from '../../numerics-cases';

const METHODS = ['auto', 'exact', 'lloyd'] as const;

/** What a result costs, from the definition. */
function costOf({ values, weights }: ValuesCase, centers: Float32Array, indices: Uint16Array): number {
  const isWeighted = weights?.some((weight) => weight > 0) === true;
  let sum = 0;
  for (const [i, value] of values.entries())
    sum += (isWeighted ? weights[i]! : 1) * (value - centers[indices[i]!]!) ** 2;
  return sum;
}

/** The least cost of all ways to cut sorted values into ranges. */
function bestByTrial(values: readonly number[], weights: readonly number[], clusters: number): number {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const rangeCost = (begin: number, end: number): number => {
    const range = order.slice(begin, end);
    const total = range.reduce((sum, i) => sum + weights[i]!, 0);
    const mean = range.reduce((sum, i) => sum + weights[i]! * values[i]!, 0) / total;
    return range.reduce((sum, i) => sum + weights[i]! * (values[i]! - mean) ** 2, 0);
  };
  const best = (end: number, left: number): number => {
    if (left === 1) return rangeCost(0, end);
    let least = Infinity;
    for (let begin = left - 1; begin < end; begin += 1)
      least = Math.min(least, best(begin, left - 1) + rangeCost(begin, end));
    return least;
  };
  return best(values.length, clusters);
}

describe('kMeans', () => {
  describe.each(METHODS)('%s', (method) => {
    it.each(VALUES_CASES)('clusters: $name', async (given) => {
      const { values, weights, clusters } = given;
      const { centers, indices, error } = await referenceNumerics.kMeans(values, {
        clusters,
        weights,
        method,
      });
      const isCounted = (i: number): boolean =>
        weights === undefined || weights[i]! > 0 || weights.every((w) => w === 0);
      const different = new Set([...values].filter((_, i) => isCounted(i)).map((value) => value + 0)).size;
      expect(centers).toHaveLength(Math.min(clusters, different));
      expect(indices).toHaveLength(values.length);
      expect(centers.every((center, i) => i === 0 || center > centers[i - 1]!)).toBe(true);
      expect(new Set(indices).size).toBe(centers.length);
      const cost = costOf(given, centers, indices);
      expect(Math.abs(error - cost)).toBeLessThanOrEqual(1e-9 * cost);
    });
  });

  it('gives every value the nearest centre', async () => {
    const values = Float32Array.from(normalNumbers(3000, 1));
    for (const method of METHODS) {
      const { centers, indices } = await referenceNumerics.kMeans(values, { clusters: 20, method });
      values.forEach((value, i) => {
        const mine = Math.abs(value - centers[indices[i]!]!);
        // Centres are rounded to float32 once the borders are found.
        expect(mine).toBeLessThanOrEqual(
          Math.min(...centers.map((center) => Math.abs(value - center))) + 1e-6,
        );
      });
    }
  });

  it('finds the optimum of small sets, weighted and not', async () => {
    const uniform = createUniform(9);
    for (let round = 0; round < 60; round += 1) {
      const values = Array.from({ length: 3 + (round % 8) }, () => Math.round(uniform() * 40) / 4);
      const weights = values.map(() => (round % 2 ? 1 : Math.round(1 + uniform() * 7)));
      const clusters = Math.min(1 + (round % 4), new Set(values).size);
      const options: KMeansOptions = { clusters, weights: Float32Array.from(weights), method: 'exact' };
      const { error } = await referenceNumerics.kMeans(Float32Array.from(values), options);
      expect(error).toBeCloseTo(bestByTrial(values, weights, clusters), 5);
    }
  });

  it('is never better by steps than the optimum, and seldom much worse', async () => {
    for (const [seed, clusters] of [
      [1, 4],
      [2, 16],
      [3, 64],
    ] as const) {
      const values = Float32Array.from(normalNumbers(8000, seed));
      const exact = await referenceNumerics.kMeans(values, { clusters, method: 'exact' });
      const lloyd = await referenceNumerics.kMeans(values, { clusters, method: 'lloyd' });
      expect(lloyd.error).toBeGreaterThanOrEqual(exact.error * (1 - 1e-6));
      expect(lloyd.error).toBeLessThan(exact.error * 1.1);
    }
  });

  it('keeps outliers apart and loses nothing of the others', async () => {
    const inner = Float32Array.from({ length: 400 }, (_, i) => (i % 4) + (i % 7) * 1e-3);
    const values = Float32Array.of(...inner, 1e30, -1e30);
    for (const method of METHODS) {
      const { centers } = await referenceNumerics.kMeans(values, { clusters: 6, method });
      expect([centers[0], centers[5]]).toEqual([Math.fround(-1e30), Math.fround(1e30)]);
      [0, 1, 2, 3].forEach((value) => expect(centers[value + 1]).toBeCloseTo(value + 0.003, 3));
    }
  });

  it('gives the same for the same seed, and may give another for another', async () => {
    const values = Float32Array.from(normalNumbers(50_000, 4));
    const run = async (seed: number): Promise<number> =>
      (await referenceNumerics.kMeans(values, { clusters: 40, method: 'lloyd', seed })).error;
    expect(await run(1)).toBe(await run(1));
    const errors = await Promise.all([1, 2, 3, 4].map(run));
    expect(new Set(errors).size).toBeGreaterThan(1);
  });

  it('does not look for the optimum where that takes too long', async () => {
    const values = Float32Array.from({ length: 20_000 }, (_, i) => i);
    await expect(
      referenceNumerics.kMeans(values, { clusters: 10_000, method: 'exact' }),
    ).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining("'lloyd'"),
    });
    expect((await referenceNumerics.kMeans(values, { clusters: 300 })).centers).toHaveLength(300);
  });
});
