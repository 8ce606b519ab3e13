// SPDX-License-Identifier: Apache-2.0
// Trained networks with weights that share values and with thin matrices in their place: what it costs in accuracy, on the
// real ONNX Runtime, and whether the real TensorRT-RTX builds the results.
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { cluster } from '../../lib/compress/cluster';
import { loadCompact, saveCompact } from '../../lib/compress/cluster/compact-file';
import { factorize } from '../../lib/compress/factorize';
import { countWork } from '../../lib/compress/report/count-work';
import { buildEngine, nativeNumerics, sessionRunner, type Feeds } from '../../lib/index';
import type { OnnxModel } from '../../lib/onnx/graph/onnx-model';
import * as WIDE from '../compression-networks';
import { attentionModel, noise, residualModel, sqnr } from '../precision-models';
import { rejection, temporaryFolder } from '../temporary-folder';
import {
  accuracyOf,
  calibrationFeeds,
  networkPath,
  ON_ONE_THREAD,
  TRAINED_NETWORKS,
} from '../trained-networks';

const runner = sessionRunner(ON_ONE_THREAD);

async function runOnce(model: Uint8Array, feeds: Feeds): Promise<Float32Array> {
  for await (const outputs of runner(model, [feeds])) return Object.values(outputs)[0]!.data as Float32Array;
  throw new Error('nothing ran');
}

async function engineBytes(model: OnnxModel, axes: object): Promise<number> {
  const dynamicAxes = axes as { batch: [number, number, number] };
  const engine = await buildEngine(model.toBytes(), {
    runtime: 'tensorrt-rtx',
    isolation: 'thread',
    dynamicAxes,
  });
  return engine.bytes;
}

const dataOf = (name: string) => ({ calibration: calibrationFeeds(TRAINED_NETWORKS[name]!.data), runner });

describe('sixteen shared values', () => {
  test.each(['cnn', 'mlp', 'transformer-pre'])(
    'cost %s less than a point, and zipped a fifth is left',
    async (name) => {
      const { data, accuracy } = TRAINED_NETWORKS[name]!;
      const { model, report } = await cluster(networkPath(name), { clusters: 16, ...dataOf(name) });
      expect(await accuracyOf(model.toBytes(), data)).toBeGreaterThanOrEqual(accuracy - 0.01);
      expect(report.score!.sqnrDb).toBeGreaterThan(20);
      const path = join(temporaryFolder(), 'm.onnx.gz');
      const { bytes } = await saveCompact(model, path);
      expect(bytes).toBeLessThan(model.toBytes().length / 5);
      const back = await loadCompact(path);
      expect(Buffer.from(back.toBytes()).equals(Buffer.from(model.toBytes()))).toBe(true);
    },
  );

  it('are the same numbers as tables in the graph, which TensorRT-RTX builds and expands', async () => {
    const given = { clusters: 16, scope: 'channel', ...dataOf('cnn') } as const;
    const { model: values } = await cluster(networkPath('cnn'), given);
    const { model: tables } = await cluster(networkPath('cnn'), { ...given, form: 'gather' });
    expect(tables.graph.node.some(({ opType }) => opType === 'Gather')).toBe(true);
    const [feeds] = calibrationFeeds('digits', 1);
    expect(await runOnce(tables.toBytes(), feeds!)).toEqual(await runOnce(values.toBytes(), feeds!));
    const axes = { batch: [1, 8, 8] };
    const [small, whole] = [await engineBytes(tables, axes), await engineBytes(values, axes)];
    // The engine has the weights whole in both.
    expect(small / whole).toBeGreaterThan(0.9);
  });
});

describe('thin matrices', () => {
  test.each(Object.entries(WIDE.COMPRESSION_NETWORKS))(
    'halve the parameters of %s at the cost of less than a point',
    async (name, { data, accuracy }) => {
      const { model, report } = await factorize(WIDE.networkPath(name), {
        target: { parameters: 0.5 },
        calibration: WIDE.calibrationFeeds(data),
        runner,
        numerics: await nativeNumerics(),
      });
      expect(report.parameters.after).toBeLessThanOrEqual(report.parameters.before / 2);
      expect(report.parameters.after).toBe(countWork(model).parameters);
      expect(await WIDE.accuracyOf(model.toBytes(), data)).toBeGreaterThanOrEqual(accuracy - 0.01);
      expect(await engineBytes(model, { batch: [1, 8, 8] })).toBeGreaterThan(0);
    },
  );

  test('are far nearer with data than without', async () => {
    const { data } = TRAINED_NETWORKS.mlp!;
    const target = { parameters: 0.5 };
    const { model } = await factorize(networkPath('mlp'), { target, ...dataOf('mlp') });
    const { model: plain } = await factorize(networkPath('mlp'), { target });
    const [fitted, alone] = [
      await accuracyOf(model.toBytes(), data),
      await accuracyOf(plain.toBytes(), data),
    ];
    expect(fitted).toBeGreaterThan(alone + 0.05);
  });

  const images = { images: { data: noise(2 * 768, 1, 9), dims: [2, 3, 16, 16] } };
  const sequence = {
    x: { data: noise(2 * 256, 1, 9), dims: [2, 8, 32] },
    mask: { data: new Float32Array(16).fill(1), dims: [2, 1, 8] },
  };
  it.each([
    ['channel', residualModel(), images],
    ['spatial', residualModel(), images],
    ['tucker', residualModel(), images],
    ['channel', attentionModel(), sequence],
  ] as const)('compute what the source does where no rank is lost: %s', async (form, source, feeds) => {
    const { model, report } = await factorize(source, { target: { error: 1e-6 }, form });
    const { model: cut } = await factorize(source, { ratio: 0.99, form });
    expect(report.changed).toEqual([]);
    expect(sqnr(await runOnce(source, feeds), await runOnce(model.toBytes(), feeds))).toBeGreaterThan(100);
    // Nearly all ranks: near to the source, from other operators.
    expect(sqnr(await runOnce(source, feeds), await runOnce(cut.toBytes(), feeds))).toBeGreaterThan(5);
  });

  it('stop between two runs of the model', async () => {
    const controller = new AbortController();
    const onProgress = (step: string) => {
      if (step.startsWith('factorising')) controller.abort(new Error('enough'));
    };
    const work = factorize(networkPath('mlp'), { ...dataOf('mlp'), signal: controller.signal, onProgress });
    expect(await rejection(work)).toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
  });
});
