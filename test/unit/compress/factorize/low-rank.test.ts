// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  chooseWithin,
  leastCost,
  lowerHull,
  type RankPoint,
} from '../../../../lib/compress/factorize/choose-ranks';
import { lostShares, takeApart } from '../../../../lib/compress/factorize/low-rank';
import { chooseRanks } from '../../../../lib/compress/factorize/rank-request';
import {
  denseCost,
  factorCost,
  formsOf,
  type LayerShape,
} from '../../../../lib/compress/factorize/rank-costs';
import { factorsOf, measureForms, productOfFactors } from '../../../../lib/compress/factorize/shape-factors';
import { referenceNumerics } from '../../../../lib/numerics/reference';

interface Weighted {
  outputs: number;
  inputs: number;
  samples: number;
  seed: number;
  rank: number;
  lost: number[];
  product: number[];
}
interface Plain extends Record<'channel' | 'spatial' | 'inner', number[]> {
  outputs: number;
  channels: number;
  kernel: number[];
  seed: number;
}
const REFERENCES = JSON.parse(
  readFileSync(join(__dirname, '../../../references/factorize/factorize.json'), 'utf8'),
) as { weighted: Weighted[]; plain: Plain[] };

/** The numbers of scripts/references/factorize.py. */
function made(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (((state >>> 16) % 1025) - 512) / 64;
  });
}

async function gramOf(samples: number, inputs: number, seed: number): Promise<Float64Array> {
  const gram = new Float64Array(inputs * inputs);
  await referenceNumerics.addGram(gram, Float32Array.from(made(samples * inputs, seed)), inputs);
  return gram;
}

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
  expect(worst).toBeLessThan(tolerance);
}

const shapeOf = (
  outputs: number,
  channels: number,
  kernel: readonly number[],
  positions = 1,
): LayerShape => ({
  outputs,
  channels,
  kernel,
  positions,
  middlePositions: positions,
  inputPositions: positions,
});

describe('taking a matrix apart', () => {
  it.each(REFERENCES.weighted)(
    'loses on data what NumPy loses: $outputs outputs of $inputs inputs, $samples samples',
    async ({ outputs, inputs, samples, seed, rank, lost, product }) => {
      const values = made(outputs * inputs, seed);
      const spectrum = await takeApart(
        { rows: outputs, columns: inputs, values },
        await gramOf(samples, inputs, seed + 1),
        referenceNumerics,
      );
      expectNear(lostShares(spectrum.energies).subarray(0, lost.length), lost, 1e-9);
      const { first, second } = await spectrum.factorsAt(rank);
      const shape = { rows: outputs, inner: rank, columns: inputs };
      expectNear(await referenceNumerics.multiply(second, first, shape), product, 1e-6);
    },
  );

  it.each(REFERENCES.plain)(
    'without data loses what NumPy loses in each form: kernel $kernel',
    async ({ outputs, channels, kernel, seed, channel, spatial, inner }) => {
      const weights = made(outputs * channels * kernel[0]! * kernel[1]!, seed);
      const task = { shape: shapeOf(outputs, channels, kernel), weights, gram: undefined };
      const [byChannel, bySpace, byTucker] = await measureForms(
        task,
        ['channel', 'spatial', 'tucker'],
        referenceNumerics,
      );
      expectNear(byChannel!.losses[0]!, channel, 1e-9);
      expectNear(bySpace!.losses[0]!, spatial, 1e-9);
      expectNear(byTucker!.losses[0]!, inner, 1e-9);
      expectNear(byTucker!.losses[1]!, channel, 1e-9);
    },
  );

  it('by the inputs of many outputs gives the same as by the outputs', async () => {
    const [outputs, inputs] = [1030, 6];
    const values = made(outputs * inputs, 11);
    const gram = await gramOf(50, inputs, 12);
    const wide = await takeApart({ rows: outputs, columns: inputs, values }, gram, referenceNumerics);
    expect(wide.energies).toHaveLength(inputs);
    const { first, second } = await wide.factorsAt(inputs);
    const shape = { rows: outputs, inner: inputs, columns: inputs };
    expectNear(await referenceNumerics.multiply(second, first, shape), values, 1e-6);
  });

  it.each([
    ['channel', [6], undefined],
    ['spatial', [12], undefined],
    ['tucker', [4, 6], undefined],
    ['channel', [6], 3],
    ['spatial', [12], 3],
    ['tucker', [4, 6], 3],
  ] as const)('at full rank nothing is lost: %s %j, seed of data %s', async (form, ranks, seed) => {
    const shape = shapeOf(6, 4, [3, 3]);
    const weights = made(6 * 36, 9);
    const task = { shape, weights, gram: seed && (await gramOf(80, 36, seed)) };
    const factors = await factorsOf(task, { form, ranks }, referenceNumerics);
    expectNear(await productOfFactors(factors, shape, referenceNumerics), weights, 1e-4);
  });

  it('loses nothing of what a layer makes where its inputs lie in fewer directions', async () => {
    // Two samples: the outputs have two directions, whatever the weights.
    const [outputs, inputs] = [8, 10];
    const gram = await gramOf(2, inputs, 21);
    const values = made(outputs * inputs, 20);
    const { energies } = await takeApart({ rows: outputs, columns: inputs, values }, gram, referenceNumerics);
    expect(lostShares(energies)[2]).toBeLessThan(1e-12);
  });
});

describe('costs', () => {
  it('are those of the convolutions that are written', () => {
    const shape = { ...shapeOf(32, 16, [3, 5], 64), middlePositions: 128, inputPositions: 256 };
    expect(denseCost(shape)).toEqual({ parameters: 32 * 16 * 15, multiplyAdds: 32 * 16 * 15 * 64 });
    expect(factorCost(shape, 'channel', [4])).toEqual({
      parameters: 4 * (240 + 32),
      multiplyAdds: 4 * (240 + 32) * 64,
    });
    expect(factorCost(shape, 'spatial', [4])).toEqual({
      parameters: 4 * (48 + 160),
      multiplyAdds: 4 * 48 * 128 + 4 * 160 * 64,
    });
    expect(factorCost(shape, 'tucker', [4, 6])).toEqual({
      parameters: 64 + 360 + 192,
      multiplyAdds: 64 * 256 + (360 + 192) * 64,
    });
    expect(formsOf(shapeOf(4, 4, []))).toEqual(['channel']);
    expect(formsOf(shapeOf(4, 4, [1, 1]))).toEqual(['channel']);
    expect(formsOf(shapeOf(4, 4, [1, 3]))).toEqual(['channel', 'tucker']);
  });
});

const point = (parameters: number, lost: number, rank = 1): RankPoint => ({
  form: 'channel',
  ranks: [rank],
  cost: { parameters, multiplyAdds: parameters * 10 },
  lost,
});
const whole = (parameters: number): RankPoint => ({ ...point(parameters, 0), form: undefined, ranks: [] });
const layer = (node: string, ...points: RankPoint[]) => ({ node, step: 1, points });

describe('ranks for a budget', () => {
  it('come from the lower hull', () => {
    const points = [whole(100), point(80, 0.5), point(60, 0.3), point(40, 0.35), point(20, 0.9)];
    expect(lowerHull(points, ({ cost }) => cost.parameters).map(({ cost }) => cost.parameters)).toEqual([
      100, 40, 20,
    ]);
  });

  it('are the cheapest over all layers, and what is left is given back', () => {
    const layers = [
      layer('easy', whole(100), point(60, 0.001), point(30, 0.01), point(10, 0.2)),
      layer('hard', whole(100), point(90, 0.25), point(60, 0.4), point(30, 0.8)),
    ];
    const parametersOf = (most: number) =>
      chooseWithin(layers, { of: 'parameters', most })?.map(({ cost }) => cost.parameters);
    expect(parametersOf(200)).toEqual([100, 100]);
    expect(parametersOf(160)).toEqual([60, 100]);
    expect(parametersOf(130)).toEqual([30, 100]);
    // The step to 10 and 60 leaves 40 over, of which 30 bring the hard layer back to 90.
    expect(parametersOf(110)).toEqual([10, 100]);
    expect(parametersOf(40)).toEqual([10, 30]);
    expect(parametersOf(39)).toBeUndefined();
    expect(leastCost(layers, 'multiplyAdds')).toBe(400);
  });

  it('that cannot be met are refused with the closest', () => {
    const layers = [layer('a', whole(100), point(40, 0.5))];
    const asked = { request: { target: { parameters: 0.2 } }, total: 120 };
    expect(() => chooseRanks(layers, asked)).toThrow(/20\.0 % of the parameters.*50\.0 % are left/);
    expect(
      chooseRanks(layers, { request: { target: { parameters: 0.5 } }, total: 120 })[0]!.point.cost.parameters,
    ).toBe(40);
    expect(() => chooseRanks(layers, { request: { target: { flops: 0.1 } }, total: 120 })).toThrow(
      /multiply-adds.*40\.0 %/,
    );
  });

  it('are the smallest that keep a relative error, a root of squares', () => {
    const layers = [layer('a', whole(100), point(80, 0.005), point(60, 0.0101), point(40, 0.5))];
    const [choice] = chooseRanks(layers, { request: { target: { error: 0.1 } }, total: 100 });
    expect(choice!.point.cost.parameters).toBe(80);
  });

  it('become multiples of eight where there is room', () => {
    const points = Array.from({ length: 16 }, (_, i) => point(10 * (i + 1), 1 / (i + 1) - 1 / 16, i + 1));
    const layers = [layer('a', whole(1000), ...points), layer('b', whole(1000), point(40, 0.99, 8))];
    // 75: rank 7 has 70, and 5 more are no rank; with 40 of the second layer.
    const ranksFor = (parameters: number) =>
      chooseRanks(layers, { request: { target: { parameters } }, total: 2000 }).map(
        ({ point: { ranks } }) => ranks[0],
      );
    expect(ranksFor(115 / 2000)).toEqual([7, 8]);
    expect(ranksFor(120 / 2000)).toEqual([8, 8]);
  });

  it('can be said for each layer, which has to be one', () => {
    const layers = [layer('a', whole(100), point(20, 0.1, 2), point(40, 0.05, 4)), layer('b', whole(100))];
    const chosen = chooseRanks(layers, { request: { rank: { a: 4 } }, total: 200 });
    expect(chosen.map(({ point: { ranks }, reason }) => [ranks, reason])).toEqual([
      [[4], undefined],
      [[], 'no rank was given for it'],
    ]);
    expect(chooseRanks(layers, { request: { rank: 9 }, total: 200 })[0]!.reason).toContain('with rank 9');
    expect(() => chooseRanks(layers, { request: { rank: { c: 4 } }, total: 200 })).toThrow(/"c".*no layer/);
    expect(
      chooseRanks(layers, { request: { ratio: 0.3 }, total: 200 }).map(({ point: { ranks } }) => ranks),
    ).toEqual([[2], []]);
  });
});
