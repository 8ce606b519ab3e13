// SPDX-License-Identifier: Apache-2.0
// The trained networks of benchmarks/precision with half of their weights zero, fitted to 200 samples without labels.
import { describe, expect, test } from 'vitest';
import { prune, type PruneOptions } from '../../lib/compress/prune';
import { buildEngine, sessionRunner, type Feeds } from '../../lib/index';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../lib/onnx/graph/tensor-values';
import { makeModel } from '../onnx-builder';
import { noise, weight } from '../precision-models';
import {
  accuracyOf,
  calibrationFeeds,
  networkPath,
  ON_ONE_THREAD,
  TRAINED_NETWORKS,
} from '../trained-networks';

const runner = sessionRunner(ON_ONE_THREAD);
const POINT = 0.01;

describe.each(['cnn', 'mlp', 'transformer-pre'])('%s', (name) => {
  const { data, accuracy } = TRAINED_NETWORKS[name]!;
  const given = { calibration: calibrationFeeds(data), runner };

  test('loses at most a point with half of its weights', async () => {
    const { model, report } = await prune(networkPath(name), { ...given, sparsity: 0.5 });
    expect(report.zeros.share).toBeCloseTo(0.5, 2);
    for (const { error } of report.changed) expect(error!.after).toBeLessThan(error!.before);
    expect(await accuracyOf(model.toBytes(), data)).toBeGreaterThanOrEqual(accuracy - POINT);
  });

  test('loses at most a point by 2:4, and builds with sparse weights', async () => {
    const { model, report } = await prune(networkPath(name), { ...given, pattern: '2:4' });
    for (const { share } of report.changed) expect(share).toBeGreaterThanOrEqual(0.5);
    expect(await accuracyOf(model.toBytes(), data)).toBeGreaterThanOrEqual(accuracy - POINT);
    const engine = await buildEngine(model.toBytes(), {
      runtime: 'tensorrt-rtx',
      isolation: 'thread',
      sparseWeights: true,
      dynamicAxes: { batch: [1, 8, 8] },
    });
    expect(engine.bytes).toBeGreaterThan(0);
  });
});

test('data makes the difference', async () => {
  const { data, accuracy } = TRAINED_NETWORKS.cnn!;
  const { model } = await prune(networkPath('cnn'), { sparsity: 0.5 });
  expect(await accuracyOf(model.toBytes(), data)).toBeLessThan(accuracy - 10 * POINT);
});

describe('on a small network', () => {
  const feeds = Array.from({ length: 8 }, (_, run) => ({
    x: { data: noise(16 * 12, 1, run + 1), dims: [16, 12] },
  }));
  const given = { calibration: feeds, runner };

  test.each<PruneOptions<Feeds>>([
    { sparsity: 0.5, criterion: 'magnitude' },
    { sparsity: 0.5, criterion: 'activation' },
    { sparsity: 0.5, criterion: 'hessian', scope: 'global' },
    { sparsity: 0.5, shrinkage: { l2: 0.1 } },
    { sparsity: 0.5, pattern: { block: [2, 2] } },
    { shrinkage: { l1: 0.05 } },
  ])('%j makes zeros and takes back what they lose', async (options) => {
    const { model, report } = await prune(network(), { ...given, ...options });
    if (options.sparsity !== undefined) expect(report.zeros.share).toBeCloseTo(0.5, 1);
    expect(report.zeros.zeros).toBeGreaterThan(0);
    expect(report.changed).toHaveLength(3);
    const [before, after] = sums(report.changed.map(({ error }) => [error!.before, error!.after]));
    expect(after).toBeLessThan(before!);
    expect(report.score!.answers).toBeGreaterThan(0);
    expect(model.graph.output[0]!.name).toBe('y');
  });

  test('gives the same model for the same data', async () => {
    const bytes = async () => (await prune(network(), { ...given, sparsity: 0.4 })).model.toBytes();
    expect(Buffer.compare(await bytes(), await bytes())).toBe(0);
  });

  test('with too little data says so and holds weights', async () => {
    const { report } = await prune(network(), {
      calibration: [{ x: { data: noise(24, 1, 3), dims: [2, 12] } }],
      runner,
      sparsity: 0.5,
    });
    expect(report.warnings.join()).toContain('fewer samples than these layers have inputs');
  });

  test('inputs that are always zero leave nothing to fit', async () => {
    const { report } = await prune(network(), {
      calibration: [{ x: { data: new Float32Array(24), dims: [2, 12] } }],
      runner,
      sparsity: 0.5,
    });
    expect(report.warnings.join()).toContain('constant on the data');
  });

  test('refuses data with NaN', async () => {
    const calibration = [{ x: { data: new Float32Array(12).fill(NaN), dims: [1, 12] } }];
    await expect(prune(network(), { calibration, runner, sparsity: 0.5 })).rejects.toMatchObject({
      code: 'ERR_TRT_QUANT_CALIBRATION',
    });
  });

  test('ends between two layers when it is told to', async () => {
    const controller = new AbortController();
    const onProgress = (step: string) => {
      if (step.includes('2 of')) controller.abort();
    };
    await expect(
      prune(network(), { ...given, sparsity: 0.5, signal: controller.signal, onProgress }),
    ).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
  });
});

test('moves means and variances of a normalisation that is no part of a layer', async () => {
  const source = await loadModel(network('normalised'));
  const { model, report } = await prune(source, {
    calibration: [{ x: { data: noise(64 * 12, 1, 1), dims: [64, 12] } }],
    runner,
    sparsity: 0.6,
    reconstruct: false,
  });
  expect(report.normalizations).toEqual(['bn']);
  const bn = model.graph.node.find(({ opType }) => opType === 'BatchNormalization')!;
  const valuesOf = (index: number) =>
    readFloats(model.graph.initializer.find(({ name }) => name === bn.input[index])!);
  expect(valuesOf(3).some((mean) => Math.abs(mean) > 1e-3)).toBe(true);
  for (const variance of valuesOf(4)) expect(variance).toBeGreaterThan(0);
});

function sums(rows: readonly (readonly number[])[]): number[] {
  return rows.reduce<number[]>((sum, row) => row.map((value, at) => value + (sum[at] ?? 0)), []);
}

/** Three products with a Relu between; `x` [batch, 12] to [batch, 6]. */
function network(form: 'plain' | 'normalised' = 'plain'): Uint8Array {
  const isNormalised = form === 'normalised';
  const node = (op: string, inputs: readonly string[], output: string) => ({
    op,
    name: output,
    inputs,
    outputs: [output],
  });
  return makeModel({
    inputs: [{ name: 'x', dims: ['batch', 12] }],
    outputs: [{ name: 'y', dims: ['batch', 6] }],
    nodes: [
      node('Gemm', ['x', 'a', 'a_bias'], 'h1'),
      node('Relu', ['h1'], 'r1'),
      ...(isNormalised ? [node('BatchNormalization', ['r1', 'one', 'zero', 'zero', 'one'], 'bn')] : []),
      node('MatMul', [isNormalised ? 'bn' : 'r1', 'b'], 'h2'),
      node('Add', ['h2', 'b_bias'], 's2'),
      node('Relu', ['s2'], 'r2'),
      node('MatMul', ['r2', 'c'], 'y'),
    ],
    initializers: [
      weight('a', [12, 16], 0.5),
      weight('a_bias', [16], 0.5),
      weight('b', [16, 16], 0.5),
      weight('b_bias', [16], 0.5),
      weight('c', [16, 6], 0.5),
      ...(isNormalised
        ? [
            { name: 'one', dims: [16], data: new Float32Array(16).fill(1) },
            { name: 'zero', dims: [16], data: new Float32Array(16) },
          ]
        : []),
    ],
  });
}
