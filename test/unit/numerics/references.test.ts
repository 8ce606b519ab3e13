// SPDX-License-Identifier: Apache-2.0
// The reference beside NumPy, SciPy and scikit-learn, as scripts/references/numerics.py recorded them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { referenceNumerics } from '../../../lib/numerics/reference';
import { distanceOf, largestOf, madeNumbers } from '../../numerics-cases';

interface References {
  readonly singularValues: readonly { dims: [number, number]; seed: number; s: number[] }[];
  readonly triangular: readonly {
    size: number;
    columns: number;
    seeds: [number, number];
    gram: number[];
    cholesky: number[];
    forward: number[];
    backward: number[];
  }[];
  readonly clusters: readonly {
    count: number;
    clusters: number;
    seed: number;
    weightSeed: number | null;
    centers: number[];
    error: number;
  }[];
}

const references = JSON.parse(
  readFileSync(join(__dirname, '../../references/numerics/numerics.json'), 'utf8'),
) as References;

describe('beside recorded results', () => {
  it.each(references.singularValues)(
    'singular values of $dims',
    async ({ dims: [rows, columns], seed, s }) => {
      const result = await referenceNumerics.svd(madeNumbers(rows * columns, seed), { rows, columns });
      expect(distanceOf(result.s, s)).toBeLessThan(1e-12 * s[0]!);
    },
  );

  it.each(references.triangular)('Gram, Cholesky and solutions of size $size', async (one) => {
    const { size, columns } = one;
    const samples = Float32Array.from(madeNumbers(3 * size * size, one.seeds[0]));
    const l = new Float64Array(size * size);
    await referenceNumerics.addGram(l, samples, size);
    expect(distanceOf(l, one.gram)).toBeLessThan(1e-13 * largestOf(one.gram));
    expect(await referenceNumerics.cholesky(l, size)).toBe(true);
    expect(distanceOf(l, one.cholesky)).toBeLessThan(1e-12 * largestOf(one.cholesky));
    for (const transposed of [false, true]) {
      const b = madeNumbers(size * columns, one.seeds[1]);
      await referenceNumerics.solveTriangular(l, b, { size, columns, transposed });
      expect(distanceOf(b, transposed ? one.backward : one.forward)).toBeLessThan(1e-11);
    }
  });

  it.each(references.clusters)('the optimum of $count values in $clusters', async (one) => {
    const values = Float32Array.from(madeNumbers(one.count, one.seed));
    const weights =
      one.weightSeed === null
        ? undefined
        : Float32Array.from(madeNumbers(one.count, one.weightSeed), (weight) => Math.abs(weight) + 1 / 64);
    const { centers, error } = await referenceNumerics.kMeans(values, { clusters: one.clusters, weights });
    // The best of 200 runs of Lloyd's steps is the optimum or above it.
    expect(error).toBeLessThanOrEqual(one.error * (1 + 1e-6));
    if (error > one.error * (1 - 1e-6)) expect(distanceOf(centers, one.centers)).toBeLessThan(1e-5);
  });
});
