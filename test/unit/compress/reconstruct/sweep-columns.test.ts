// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { MatrixView } from '../../../../lib/compress/layers/weight-layer';
import { holdsTwoOfFour } from '../../../../lib/compress/prune/support-pattern';
import { sweepSupport } from '../../../../lib/compress/prune/sweep-support';
import { inverseFactor } from '../../../../lib/compress/reconstruct/inverse-factor';
import { sweepColumns, type Sweep } from '../../../../lib/compress/reconstruct/sweep-columns';
import { referenceNumerics as numerics } from '../../../../lib/numerics/reference';
import { createUniform } from '../../../../lib/random';

const ROWS = 20;
const COLUMNS = 70;

/** Weights, the Gram matrix of inputs that depend on each other, and the factor of its inverse. */
async function problem() {
  const uniform = createUniform(3);
  const samples = Float32Array.from({ length: 300 * COLUMNS }, () => uniform() - 0.5);
  for (let at = 1; at < samples.length; at++) samples[at]! += 0.7 * samples[at - 1]!;
  const h = new Float64Array(COLUMNS * COLUMNS);
  await numerics.addGram(h, samples, COLUMNS);
  for (let i = 0; i < COLUMNS; i++) h[i * (COLUMNS + 1)]! += 0.1;
  const weights = Float64Array.from({ length: ROWS * COLUMNS }, () => uniform() - 0.5);
  return { weights, h, factor: (await inverseFactor(h, COLUMNS, numerics))! };
}

const small = (row: number, column: number, value: number) =>
  (row * 7 + column * 5) % 3 === 0 ? 0 : Math.round(value * 16) / 16;

/** H^-1 of what is left after each column, by elimination: no factor of the inverse is used. */
function sweepByElimination(weights: Float64Array, h: Float64Array): Float64Array {
  const result = weights.slice();
  for (let k = 0; k < COLUMNS; k++) {
    // What is lost in column k is made up for by -H_rest^-1 H_rest,k times the loss.
    const rest = COLUMNS - k - 1;
    const system = Array.from({ length: rest }, (_, i) =>
      Array.from({ length: rest + 1 }, (__, j) =>
        j < rest ? h[(k + 1 + i) * COLUMNS + k + 1 + j]! : h[(k + 1 + i) * COLUMNS + k]!,
      ),
    );
    for (let p = 0; p < rest; p++)
      for (let i = 0; i < rest; i++) {
        if (i === p) continue;
        const scale = system[i]![p]! / system[p]![p]!;
        for (let j = p; j <= rest; j++) system[i]![j]! -= scale * system[p]![j]!;
      }
    for (let row = 0; row < ROWS; row++) {
      const value = result[row * COLUMNS + k]!;
      const settled = small(row, k, value);
      result[row * COLUMNS + k] = settled;
      for (let i = 0; i < rest; i++)
        result[row * COLUMNS + k + 1 + i]! += ((value - settled) * system[i]![rest]!) / system[i]![i]!;
    }
  }
  return result;
}

describe('a sweep over columns', () => {
  it('comes to the same weights in blocks of any size, and to those of an elimination column by column', async () => {
    const { weights, h, factor } = await problem();
    const settler = { settle: small };
    const swept = async (block: number) => {
      const own = weights.slice();
      const sweep: Sweep = { rows: ROWS, columns: COLUMNS, factor, numerics, block };
      await sweepColumns(own, sweep, settler);
      return own;
    };
    const whole = await swept(COLUMNS);
    const expected = sweepByElimination(weights, h);
    const furthest = (a: Float64Array, b: Float64Array) =>
      a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
    expect(furthest(whole, expected)).toBeLessThan(1e-9);
    for (const block of [1, 7, 16, 69]) expect(furthest(await swept(block), whole)).toBeLessThan(1e-9);
  });

  it('shows each block as those before it left it', async () => {
    const { weights, factor } = await problem();
    const seen: [number, number][] = [];
    const begin = (first: number, last: number) => void seen.push([first, last]);
    await sweepColumns(
      weights,
      { rows: ROWS, columns: COLUMNS, factor, numerics, block: 32 },
      { begin, settle: (_, __, value) => value },
    );
    expect(seen).toEqual([
      [0, 32],
      [32, 64],
      [64, 70],
    ]);
  });
});

describe('zeros that are chosen on the way', () => {
  const view: MatrixView = {
    groups: 1,
    outputs: ROWS,
    channels: 68,
    taps: 1,
    groupStep: ROWS * 68,
    outputStep: 68,
    channelStep: 1,
    tapStep: 1,
  };

  it.each(['2:4', 'unstructured'] as const)(
    'are half of the weights, %s, and lose less than those of zeros alone',
    async (pattern) => {
      const all = await problem();
      const h = new Float64Array(68 * 68);
      for (let i = 0; i < 68; i++) for (let j = 0; j < 68; j++) h[i * 68 + j] = all.h[i * COLUMNS + j]!;
      const factor = (await inverseFactor(h, 68, numerics))!;
      const weights = all.weights.slice(0, ROWS * 68);
      const swept = weights.slice();
      const count = (ROWS * 68) / 2;
      const support = await sweepSupport(swept, { view, pattern, amount: { count }, factor, numerics });
      expect(support.reduce((sum, one) => sum + one, 0)).toBe(count);
      if (pattern === '2:4') expect(holdsTwoOfFour(swept, view)).toBe(true);
      const lost = async (values: Float64Array) => {
        const change = values.map((value, at) => value - weights[at]!);
        const product = await numerics.multiply(change, h, { rows: ROWS, inner: 68, columns: 68 });
        return change.reduce((sum, value, at) => sum + value * product[at]!, 0);
      };
      const masked = weights.map((value, at) => value * support[at]!);
      expect(await lost(swept)).toBeLessThan(0.7 * (await lost(masked)));
    },
  );
});
