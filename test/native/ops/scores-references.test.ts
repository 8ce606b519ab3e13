// SPDX-License-Identifier: Apache-2.0
// Operators on scores against NumPy and SciPy in float64, as scripts/references/scores.py recorded them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  argMax,
  cosineSimilarity,
  l2Normalize,
  logSoftmax,
  meanPool,
  sigmoid,
  softmax,
  softmaxTopK,
  topK,
} from '../../../lib/ops/scores/index';

interface References {
  rows: {
    dims: [number, number];
    seed: number;
    k: number;
    temperature: number;
    softmax: number[];
    logSoftmax: number[];
    sigmoid: number[];
    l2Normalize: number[];
    argMax: number[];
    values: number[];
    indices: number[];
    probabilities: number[];
  }[];
  pools: {
    dims: [number, number, number];
    seed: number;
    mask: number[];
    masked: number[];
    unmasked: number[];
  }[];
  cosines: { dims: [number, number, number]; seeds: [number, number]; cosines: number[] }[];
}

const references = JSON.parse(
  readFileSync(join(__dirname, '../../references/scores/scores.json'), 'utf8'),
) as References;

/** The numbers that scripts/references/scores.py makes from a seed: exact in float32 and float16. */
function made(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (((state >>> 16) % 1025) - 512) / 64;
  });
}

/** Every number within `relative` of its reference, plus `absolute`. */
function expectNear(got: Float32Array, expected: number[], [relative, absolute]: [number, number]): void {
  expect(got.length).toBe(expected.length);
  got.forEach((value, index) => {
    const wanted = expected[index]!;
    expect(Math.abs(value - wanted)).toBeLessThanOrEqual(relative * Math.abs(wanted) + absolute);
  });
}

// A softmax term is off by the rounding of its exponent, at most 32 * 2^-24, some ulp of exp, sum and division.
const EXPONENTIAL: [number, number] = [4e-6, 0];
// Sums of products and divisions: some ulp; where terms cancel, of the largest term.
const ROUNDED: [number, number] = [1e-6, 1e-6];

describe.each(references.rows)('rows $dims, k $k, temperature $temperature', (entry) => {
  const { dims, k, temperature } = entry;
  const tensor = { type: 'float32', data: made(dims[0] * dims[1], entry.seed), dims } as const;

  it('softmax, its logarithm and sigmoid', async () => {
    expectNear((await softmax(tensor, { temperature })).data, entry.softmax, EXPONENTIAL);
    expectNear((await logSoftmax(tensor, { temperature })).data, entry.logSoftmax, [1e-6, 2e-6]);
    expectNear((await sigmoid(tensor)).data, entry.sigmoid, [2.4e-7, 0]);
  });

  it('the best, their probabilities and the first of the largest', async () => {
    const best = await topK(tensor, k);
    expect([...best.indices.data]).toEqual(entry.indices);
    expect([...best.values.data]).toEqual(entry.values);
    const likely = await softmaxTopK(tensor, k, { temperature });
    expect([...likely.indices.data]).toEqual(entry.indices);
    expectNear(likely.values.data, entry.probabilities, EXPONENTIAL);
    expect(likely.values.dims).toEqual([dims[0], k]);
    expect([...(await argMax(tensor)).data]).toEqual(entry.argMax);
  });

  it('unit vectors', async () => {
    expectNear((await l2Normalize(tensor)).data, entry.l2Normalize, ROUNDED);
  });
});

describe.each(references.pools)('mean pooling $dims', ({ dims, seed, mask, masked, unmasked }) => {
  const tensor = { type: 'float32', data: made(dims[0] * dims[1] * dims[2], seed), dims } as const;
  const maskDims = dims.slice(0, 2);

  it('with every type of mask and with none', async () => {
    const masks = [
      { type: 'int64', data: BigInt64Array.from(mask, BigInt), dims: maskDims },
      { type: 'int32', data: Int32Array.from(mask), dims: maskDims },
      { type: 'bool', data: Uint8Array.from(mask), dims: maskDims },
      { type: 'float32', data: Float32Array.from(mask), dims: maskDims },
    ] as const;
    for (const one of masks) expectNear((await meanPool(tensor, one)).data, masked, ROUNDED);
    expectNear((await meanPool(tensor)).data, unmasked, ROUNDED);
  });
});

describe.each(references.cosines)('cosines $dims', ({ dims, seeds, cosines }) => {
  const [count, vectors, size] = dims;

  it('of many queries and of one', async () => {
    const queries = { data: made(count * size, seeds[0]), dims: [count, size] };
    const others = { data: made(vectors * size, seeds[1]), dims: [vectors, size] };
    // Products of up to 1,500 elements cancel: the error is that of |q| |v|, which the division makes 1.
    expectNear((await cosineSimilarity(queries, others)).data, cosines, [1e-6, 1e-6]);
    const first = await cosineSimilarity({ data: queries.data.slice(0, size), dims: [size] }, others);
    expect(first.dims).toEqual([vectors]);
    expectNear(first.data, cosines.slice(0, vectors), [1e-6, 1e-6]);
  });
});
