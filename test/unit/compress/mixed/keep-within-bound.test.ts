// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { keepWithinBound } from '../../../../lib/compress/mixed/keep-within-bound';
import { scanSensitivity } from '../../../../lib/compress/mixed/scan-sensitivity';
import type { AccuracyBound } from '../../../../lib/compress/quantize-options';
import type { OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { ScriptedLayers } from './scripted-layers';

function keep(
  noise: readonly number[],
  bound: AccuracyBound,
  more: { baselineScore?: number; order?: readonly string[]; signal?: AbortSignal } = {},
) {
  const scripted = new ScriptedLayers(noise);
  const { layers, quantizeOnly, quantizeWithout } = scripted;
  const { order, ...rest } = more;
  return keepWithinBound({
    sensitivities: async () => {
      const ranked = await scanSensitivity({ layers, quantizeOnly, judge: scripted });
      return order === undefined ? ranked : order.map((node) => ranked.find((one) => one.node === node)!);
    },
    quantizeWithout,
    judge: scripted,
    bound,
    ...rest,
  });
}

const NOISE = [1e-5, 3e-2, 1e-5, 1e-2, 1e-5, 5e-3, 1e-5, 1e-5];

describe('keepWithinBound', () => {
  it('keeps no layer, and ranks none, where the bound holds', async () => {
    const { kept, tried, score } = await keep(NOISE, { minSqnrDb: 10 });
    expect([kept, tried.length, score.missed]).toEqual([[], 1, []]);
  });

  it.each<[AccuracyBound, string[]]>([
    [{ minSqnrDb: 18 }, ['n1']],
    [{ minSqnrDb: 22 }, ['n1', 'n3']],
    [{ minSqnrDb: 30 }, ['n1', 'n3', 'n5']],
    [{ minCosine: 0.995 }, ['n1', 'n3']],
    [{ maxDrop: 0.001 }, ['n1', 'n3', 'n5']],
    [{ maxDrop: 0.02, minSqnrDb: 22 }, ['n1', 'n3']],
  ])('keeps as few layers as needed for %j', async (bound, expected) => {
    const { kept, model, score } = await keep(NOISE, bound);
    expect(kept.map(({ node }) => node)).toEqual(expected);
    expect(kept[0]!.reason).toBe('quantised alone, the outputs are at 15.2 dB');
    expect(score.missed).toEqual([]);
    expect((model as unknown as { nodes: Set<string> }).nodes.size).toBe(NOISE.length - expected.length);
  });

  it('puts back layers that a wrong ranking kept', async () => {
    const order = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'];
    const { kept } = await keep(NOISE, { minSqnrDb: 30 }, { order });
    expect(kept.map(({ node }) => node)).toEqual(['n1', 'n3', 'n5']);
  });

  it("measures the drop of the caller's own score, only where the rest of the bound holds", async () => {
    let calls = 0;
    const score = () => Promise.resolve(++calls === 1 ? 0.9 : 0.949);
    const model = {
      toSource: () => Promise.resolve(new Uint8Array()),
      clone: () => model,
    } as unknown as OnnxModel;
    const scripted = new ScriptedLayers([1e-1, 1e-3, 1e-3]);
    const result = await keepWithinBound({
      sensitivities: () => scanSensitivity({ ...scripted, judge: scripted }),
      quantizeWithout: (kept) =>
        Object.assign(Object.create(model) as OnnxModel, scripted.quantizeWithout(kept)),
      judge: scripted,
      bound: { maxDrop: 0.005, score },
      baselineScore: 0.95,
    });
    expect(result.kept.map(({ node }) => node)).toEqual(['n0']);
    expect(result.score).toMatchObject({ score: 0.949 });
    expect(result.score.drop).toBeCloseTo(0.001, 9);
    expect(calls).toBe(2);
  });

  it('says what was reached where the bound cannot be kept', async () => {
    await expect(keep([1e-2, 1e-2, 1e-3], { minSqnrDb: 100 })).rejects.toMatchObject({
      code: 'ERR_TRT_QUANT_BOUND',
      message: expect.stringMatching(/minSqnrDb 100 cannot be kept: with 2 layers .* 30\.0 dB/) as string,
      details: { kept: 2, reached: { missed: ['minSqnrDb'] } },
    });
    await expect(keep([1e-2], { minSqnrDb: 100 })).rejects.toMatchObject({ code: 'ERR_TRT_QUANT_BOUND' });
  });

  it.each<[AccuracyBound, string]>([
    [{}, 'one of maxDrop'],
    [{ maxDrop: 5 }, 'a share from 0 to 1'],
    [{ minCosine: 1.1 }, 'minCosine is from -1 to 1'],
    [{ minSqnrDb: NaN }, 'minSqnrDb is in dB'],
    [{ maxDrop: 0.1, score: () => Promise.resolve(1) }, 'the score of the source is needed'],
  ])('refuses the bound %j', async (bound, text) => {
    await expect(keep(NOISE, bound)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining(text) as string,
    });
  });

  it('stops between two measurements', async () => {
    await expect(keep(NOISE, { minSqnrDb: 30 }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
  });
});
