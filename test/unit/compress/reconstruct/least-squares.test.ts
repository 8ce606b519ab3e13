// SPDX-License-Identifier: Apache-2.0
// Held against NumPy's lstsq; scripts/references/compress.py recorded it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inverseDiagonal, inverseFactor } from '../../../../lib/compress/reconstruct/inverse-factor';
import { InputSums, OutputSums } from '../../../../lib/compress/reconstruct/layer-statistics';
import { meanBias, normalEquations, relativeError } from '../../../../lib/compress/reconstruct/least-squares';
import { descend, solveOnSupport } from '../../../../lib/compress/reconstruct/solve-on-support';
import { referenceNumerics as numerics } from '../../../../lib/numerics/reference';

interface Case {
  readonly samples: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly damping: number;
  readonly centred: boolean;
  readonly x: number[];
  readonly w: number[];
  readonly y: number[];
  readonly support: number[];
  readonly solved: number[];
  readonly error: number;
  readonly bias: number[];
}

const { cases } = JSON.parse(
  readFileSync(join(__dirname, '../../../references/compress/least-squares.json'), 'utf8'),
) as { cases: Case[] };

async function sumsOf({ x, y, inputs, outputs }: Case) {
  const input = new InputSums(inputs);
  const output = new OutputSums(inputs, outputs);
  const rows = Float32Array.from(x);
  await input.add(rows, numerics);
  await output.add(rows, Float32Array.from(y), numerics);
  return { input, output };
}

describe.each(cases)('$samples samples, $inputs inputs, damping $damping, centred: $centred', (one) => {
  const weights = Float32Array.from(one.w);
  const support = Uint8Array.from(one.support);

  test('weights on a support, their error and the bias are those of NumPy', async () => {
    const sums = await sumsOf(one);
    const equations = normalEquations(sums, { weights, centred: one.centred, damping: one.damping })!;
    const solved = (await solveOnSupport(equations, { support, start: weights, numerics }))!;
    expect(furthest(solved, one.solved)).toBeLessThan(1e-5);
    for (const [at, value] of solved.entries()) if (support[at] === 0) expect(value).toBe(0);
    const error = await relativeError(equations, solved, { original: weights, numerics });
    expect(error).toBeCloseTo(one.error, 5);
    if (one.centred) expect(furthest(meanBias(sums, solved), one.bias)).toBeLessThan(1e-5);
  });

  test('conjugate gradients come to the same weights', async () => {
    const sums = await sumsOf(one);
    const equations = normalEquations(sums, { weights, centred: one.centred, damping: one.damping })!;
    const solved = await descend(equations, { support, start: weights, numerics });
    expect(furthest(solved, one.solved)).toBeLessThan(1e-4);
  });

  test('the factor of the inverse gives the inverse', async () => {
    const { h, size } = normalEquations(await sumsOf(one), { weights, centred: one.centred })!;
    const factor = (await inverseFactor(h, size, numerics))!;
    const inverse = await numerics.multiply(factor, factor, {
      rows: size,
      inner: size,
      columns: size,
      transposeA: true,
    });
    const product = await numerics.multiply(h, inverse, { rows: size, inner: size, columns: size });
    const unit = product.map((_, at) => (at % (size + 1) === 0 ? 1 : 0));
    expect(furthest(product, unit)).toBeLessThan(1e-8);
    const diagonal = Float64Array.from({ length: size }, (_, i) => inverse[i * (size + 1)]!);
    expect(furthest(inverseDiagonal(factor, size), diagonal)).toBeLessThan(1e-10);
  });
});

test('data that is taken out of the sums leaves those of the rest', async () => {
  const one = cases[0]!;
  const half = one.samples / 2;
  const first = { ...one, x: one.x.slice(0, half * one.inputs), y: one.y.slice(0, half * one.outputs) };
  const rest = { ...one, x: one.x.slice(half * one.inputs), y: one.y.slice(half * one.outputs) };
  const options = { weights: Float32Array.from(one.w), centred: true };
  const expected = normalEquations(await sumsOf(rest), options)!;
  const found = normalEquations({ ...(await sumsOf(one)), without: await sumsOf(first) }, options)!;
  expect(furthest(found.h, expected.h)).toBeLessThan(1e-9);
  expect(furthest(found.b, expected.b)).toBeLessThan(1e-9);
  expect(found.count).toBe(half);
});

test('inputs that are constant tell nothing once the mean is taken away', async () => {
  const sums = await sumsOf({ ...cases[0]!, x: cases[0]!.x.map(() => 0.7) });
  const weights = Float32Array.from(cases[0]!.w);
  expect(normalEquations(sums, { weights, centred: true })).toBeUndefined();
  expect(normalEquations(sums, { weights, centred: false })).toBeDefined();
});

function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let at = 0; at < a.length; at++) most = Math.max(most, Math.abs(a[at]! - b[at]!));
  return most;
}
