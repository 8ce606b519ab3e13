// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { cast } from '../../../../lib/compress/cast';
import { cluster } from '../../../../lib/compress/cluster';
import { shareValues, type Block } from '../../../../lib/compress/cluster/shared-values';
import { quantize } from '../../../../lib/compress/quantize';
import { inverseFactor } from '../../../../lib/compress/reconstruct/inverse-factor';
import { referenceNumerics } from '../../../../lib/numerics/reference';
import { assertOnnxModel } from '../../../../lib/onnx/check/check-onnx-model';
import { loadModel, type OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { makeModel } from '../../../onnx-builder';
import {
  attentionModel,
  loopModel,
  noise,
  normalizedModel,
  residualModel,
  weight,
} from '../../../precision-models';
import { rejection } from '../../../temporary-folder';

const settings = { clusters: 4, seed: 0, numerics: referenceNumerics };

async function blockOf(rows: number, columns: number, compensate: boolean): Promise<Block> {
  const samples = noise(6 * columns * columns, 1, 5);
  // Neighbouring inputs come together: that is what weights can make up for each other by.
  for (let i = 1; i < samples.length; i++) samples[i]! += 0.9 * samples[i - 1]!;
  const h = new Float64Array(columns * columns);
  await referenceNumerics.addGram(h, samples, columns);
  const factor = compensate ? await inverseFactor(h, columns, referenceNumerics) : undefined;
  return { rows, columns, wanted: Float64Array.from(noise(rows * columns, 1, 7)), h, factor };
}

function lossOf({ rows, columns, wanted, h }: Block, weights: Float32Array): number {
  let loss = 0;
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < columns; j++) {
        const [a, b] = [r * columns + i, r * columns + j];
        loss += (weights[a]! - wanted[a]!) * h![i * columns + j]! * (weights[b]! - wanted[b]!);
      }
  return loss;
}

describe('shared values', () => {
  it('are the weights themselves where there are no more different ones', async () => {
    const block = await blockOf(4, 8, true);
    const levels = [-1, 0.5, 2, 3];
    const wanted = block.wanted.map((_, i) => levels[(i * 7) % 4]!);
    const { weights, levels: count } = await shareValues([{ ...block, wanted }], settings);
    expect(Array.from(weights[0]!)).toEqual(Array.from(wanted));
    expect(count).toBe(4);
  });

  it('without data are those of k-means: two far pairs have their means', async () => {
    const wanted = Float64Array.of(1, 1.5, 9, 10, 1, 1.5);
    const block = { rows: 1, columns: 6, wanted, h: undefined, factor: undefined };
    const { weights } = await shareValues([block], { ...settings, clusters: 2 });
    expect(Array.from(weights[0]!)).toEqual([1.25, 1.25, 9.5, 9.5, 1.25, 1.25]);
  });

  it('lose less of what a layer makes with data, and still less with compensation', async () => {
    const [plain, compensated] = [await blockOf(12, 24, false), await blockOf(12, 24, true)];
    const alone = await shareValues([{ ...plain, h: undefined }], settings);
    const fitted = await shareValues([plain], settings);
    const best = await shareValues([compensated], settings);
    const losses = [alone, fitted, best].map(({ weights }) => lossOf(plain, weights[0]!));
    expect(losses[1]).toBeLessThan(losses[0]! * 0.95);
    expect(losses[2]).toBeLessThan(losses[1]! * 0.8);
    for (const { weights } of [alone, fitted, best]) expect(new Set(weights[0])).toHaveLength(4);
  });

  it('are the best ones for their assignment: the outputs do not get nearer by moving one', async () => {
    const block = await blockOf(12, 24, true);
    const { weights } = await shareValues([block], settings);
    const least = lossOf(block, weights[0]!);
    for (const level of new Set(weights[0]))
      for (const step of [-0.02, 0.02]) {
        const moved = weights[0]!.map((value) => (value === level ? value + step : value));
        expect(lossOf(block, moved)).toBeGreaterThan(least);
      }
  });

  it('are the same ones for all blocks', async () => {
    const blocks = [await blockOf(3, 10, true), await blockOf(5, 6, true)];
    const { weights } = await shareValues(blocks, settings);
    expect(new Set(weights.flatMap((one) => [...one])).size).toBe(4);
  });
});

function distinct({ graph }: OnnxModel, name: string): number {
  return new Set(readFloats(graph.initializer.find((tensor) => tensor.name === name)!)).size;
}

describe('cluster without data', () => {
  it('leaves the source alone, and no tensor has more values than asked for', async () => {
    const source = await loadModel(residualModel());
    const before = Buffer.from(source.toBytes());
    const { model, report } = await cluster(source, { clusters: 8 });
    assertOnnxModel(model);
    expect(Buffer.from(source.toBytes()).equals(before)).toBe(true);
    expect(report.changed.map(({ weight: name }) => name)).toEqual(['stem_w', 'left_w', 'right_w', 'head_w']);
    for (const { weight: name, levels, error } of report.changed) {
      expect(distinct(model, name)).toBe(8);
      expect(levels).toBe(8);
      expect(error).toBeLessThan(0.25);
    }
    expect(report.weightBytes.packed).toBe(
      report.changed.reduce((sum, { values }) => sum + (values * 3) / 8 + 32, 0),
    );
    expect(report.warnings.join()).toContain('no data');
  });

  it.each([
    ['channel', 16],
    [{ group: 4 }, 4],
    [{ group: 1000 }, 1],
  ] as const)('has tables for a scope of %j', async (scope, tables) => {
    const { model, report } = await cluster(residualModel(), { clusters: 4, scope });
    const { levels, tables: count } = report.changed.find(({ weight: name }) => name === 'left_w')!;
    expect([count, levels]).toEqual([tables, 4 * tables]);
    const values = readFloats(model.graph.initializer.find(({ name }) => name === 'left_w')!);
    const size = values.length / tables;
    for (let table = 0; table < tables; table++)
      expect(new Set(values.subarray(table * size, (table + 1) * size)).size).toBe(4);
  });

  it('has channels along the last axis where the weights have their outputs there', async () => {
    const { model } = await cluster(attentionModel(), { clusters: 4, scope: 'channel' });
    const values = readFloats(model.graph.initializer.find(({ name }) => name === 'up_w')!);
    for (let column = 0; column < 64; column++)
      expect(new Set(values.filter((_, at) => at % 64 === column)).size).toBe(4);
  });

  it('writes tables into the graph by the form "gather", in half of the bytes and fewer', async () => {
    const whole = (await cluster(residualModel(), { clusters: 16 })).model;
    const { model, report } = await cluster(residualModel(), { clusters: 16, form: 'gather' });
    assertOnnxModel(model);
    expect(model.graph.node.filter(({ opType }) => opType === 'Gather')).toHaveLength(report.changed.length);
    expect(model.toBytes().length).toBeLessThan(whole.toBytes().length / 2);
  });

  it('takes depth-wise, grouped and transposed convolutions, tied tables and weights that nodes share', async () => {
    const { report } = await cluster(normalizedModel(), { clusters: 4 });
    expect(report.changed.flatMap(({ nodes }) => nodes).length).toBeGreaterThan(1);
    const tied = makeModel({
      inputs: [{ name: 'ids', type: 'INT64', dims: ['n'] }],
      outputs: [{ name: 'y', dims: ['n', 64] }],
      nodes: [
        { op: 'Gather', name: 'embed', inputs: ['table', 'ids'], outputs: ['e'] },
        { op: 'MatMul', name: 'one', inputs: ['e', 'w'], outputs: ['a'] },
        { op: 'MatMul', name: 'two', inputs: ['a', 'w'], outputs: ['b'] },
        { op: 'Gemm', name: 'head', inputs: ['b', 'table'], outputs: ['y'], attributes: { transB: 1 } },
      ],
      initializers: [weight('table', [64, 32], 1), weight('w', [32, 32], 1)],
    });
    const { report: other, model } = await cluster(tied, { clusters: 16 });
    expect(other.changed.map(({ weight: name, nodes }) => [name, nodes])).toEqual([
      ['table', ['embed', 'head']],
      ['w', ['one', 'two']],
    ]);
    expect(distinct(model, 'table')).toBe(16);
  });

  it('leaves control flow, small weights and excluded nodes alone', async () => {
    expect(await rejection(cluster(loopModel()))).toMatchObject({ code: 'ERR_TRT_COMPRESS_UNSUPPORTED' });
    const { report } = await cluster(residualModel(), { exclude: { names: ['left'] } });
    expect(report.kept).toContainEqual({ node: 'left', op: 'Conv', reason: 'excluded' });
  });

  it.each([
    [{ clusters: 1 }, 'ERR_TRT_ARG_VALUE', 'from 2 to 65536'],
    [{ clusters: 70_000 }, 'ERR_TRT_ARG_VALUE', 'clusters'],
    [{ clusters: 512, form: 'gather' }, 'ERR_TRT_ARG_VALUE', 'at most 256'],
    [{ scope: 'row' }, 'ERR_TRT_ARG_VALUE', 'channel'],
    [{ scope: {} }, 'ERR_TRT_ARG_TYPE', 'scope.group'],
    [{ scope: { group: 0 } }, 'ERR_TRT_ARG_VALUE', 'scope.group'],
    [{ cluster: 4 }, 'ERR_TRT_ARG_UNKNOWN_OPTION', '"clusters"'],
    [{ calibration: [] }, 'ERR_TRT_ARG_VALUE', 'runner'],
  ])('refuses %j', async (options, code, text) => {
    const error = await rejection(cluster(residualModel(), options as never));
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(text);
  });

  it('refuses weights that are not finite, quantised and half-wide models, and stops where it is told to', async () => {
    const broken = makeModel({
      inputs: [{ name: 'x', dims: [4, 32] }],
      outputs: [{ name: 'y', dims: [4, 32] }],
      nodes: [{ op: 'MatMul', name: 'fc', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [{ name: 'w', dims: [32, 32], data: noise(1024, 1, 1).fill(NaN, 5, 6) }],
    });
    expect(await rejection(cluster(broken))).toMatchObject({ code: 'ERR_TRT_QUANT_WEIGHTS' });
    const { model: quantized } = await quantize(residualModel(), { weightOnly: true });
    expect(await rejection(cluster(quantized))).toMatchObject({ code: 'ERR_TRT_QUANT_UNSUPPORTED' });
    const { model: half } = await cast(residualModel(), { to: 'fp16' });
    expect(await rejection(cluster(half))).toMatchObject({ code: 'ERR_TRT_BUILD_PRECISION' });
    const signal = AbortSignal.abort();
    expect(await rejection(cluster(residualModel(), { signal }))).toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
  });
});
