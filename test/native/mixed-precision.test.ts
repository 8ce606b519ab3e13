// SPDX-License-Identifier: Apache-2.0
// Bias correction, error profiles and mixed precision of quantised networks on the real ONNX Runtime.
import { beforeAll, describe, expect, it } from 'vitest';

import { collectRanges, type TensorRanges } from '../../lib/compress/calibrate/collect-ranges';
import {
  applyBiasDeltas,
  correctBiases,
  correctBiasesIfBetter,
} from '../../lib/compress/correct/correct-biases';
import { collectChannelMaxima } from '../../lib/compress/equalize/channel-maxima';
import { equalizeModel, listEqualizationTensors } from '../../lib/compress/equalize/equalize-model';
import { keepWithinBound } from '../../lib/compress/mixed/keep-within-bound';
import { profileLayers } from '../../lib/compress/mixed/layer-errors';
import { scanSensitivity } from '../../lib/compress/mixed/scan-sensitivity';
import { OutputJudge } from '../../lib/compress/output-judge';
import { listCalibrationTensors, quantizeModel } from '../../lib/compress/quantize/quantize-model';
import type { FeedSource, ModelSource } from '../../lib/compress/runner';
import { createSession, type Feeds } from '../../lib/index';
import { loadModel, type OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { makeTensor, readFloats } from '../../lib/onnx/graph/tensor-values';
import { networkBytes, plainNetwork, rescaleChannels, residualNetwork } from '../channel-models';
import { noise } from '../precision-models';

async function* runner(model: ModelSource, feeds: AsyncIterable<Feeds>) {
  const session = await createSession(model, { device: 'cpu', intraOpNumThreads: 1 });
  try {
    for await (const one of feeds) yield await session.run(one);
  } finally {
    await session.close();
  }
}

function images(first: number, count: number): FeedSource<Feeds> {
  return {
    count,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < count; i++) {
        yield { images: { data: noise(4 * 432, 2, first + i), dims: [4, 3, 12, 12] } };
      }
    },
  };
}

const feeds = images(1, 8);

async function rangesOf(model: OnnxModel): Promise<TensorRanges> {
  const tensors = listCalibrationTensors(model.clone());
  return collectRanges(model, { tensors, feeds, runner, method: 'max' });
}

function quantized(model: OnnxModel, ranges: TensorRanges, keep: Iterable<string> = []): OnnxModel {
  const copy = model.clone();
  quantizeModel(copy, { ranges, exclude: { names: [...keep] } });
  return copy;
}

describe('bias correction', () => {
  let source: OnnxModel;
  let judge: OutputJudge<Feeds>;
  let candidate: OnnxModel;

  beforeAll(async () => {
    source = await loadModel(networkBytes(residualNetwork()));
    judge = await OutputJudge.create(source, images(50, 4), runner);
    candidate = quantized(source, await rangesOf(source));
    // A shift, as rounding leaves one in networks with few weights for each output.
    const bias = candidate.graph.initializer.findIndex(({ name }) => name === 'a2_b');
    const old = candidate.graph.initializer[bias]!;
    const shifted = readFloats(old).map((value, channel) => value + (channel % 3) / 4);
    candidate.graph.initializer[bias] = makeTensor('a2_b', 'FLOAT', old.dims, shifted);
  });

  it('takes back a shift of the mean and is kept then', async () => {
    const before = candidate.toBytes();
    const result = await correctBiasesIfBetter({ quantized: candidate, source, feeds, runner, judge });
    expect(result.kept).toBe(true);
    expect(result.corrected.map(({ node }) => node)).toContain('a2_node');
    expect(result.after.sqnrDb).toBeGreaterThan(result.before.sqnrDb + 6);
    expect((await judge.score(result.model)).sqnrDb).toBeCloseTo(result.after.sqnrDb, 6);
    expect(candidate.toBytes()).toEqual(before);
    const again = candidate.clone();
    expect(applyBiasDeltas(again, result.corrected)).toBe(result.corrected.length);
    expect((await judge.score(again)).sqnrDb).toBeCloseTo(result.after.sqnrDb, 6);
  });

  it('is not kept where the outputs do not get nearer', async () => {
    // Means of other data than the network is for.
    const constant: FeedSource<Feeds> = {
      count: 1,
      async *[Symbol.asyncIterator]() {
        yield { images: { data: new Float32Array(432).fill(40), dims: [1, 3, 12, 12] } };
      },
    };
    const plain = quantized(source, await rangesOf(source));
    const result = await correctBiasesIfBetter({ quantized: plain, source, feeds: constant, runner, judge });
    expect(result.kept).toBe(false);
    expect(result.model).toBe(plain);
    expect(result.after.sqnrDb).toBeLessThanOrEqual(result.before.sqnrDb);
  });

  it('stops between two runs and refuses to work without data', async () => {
    const copy = candidate.clone();
    const signal = AbortSignal.abort();
    await expect(correctBiases(copy, { source, feeds, runner, signal })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
    await expect(correctBiases(copy, { source, feeds: images(0, 0), runner })).rejects.toMatchObject({
      code: 'ERR_TRT_QUANT_CALIBRATION',
    });
  });
});

describe('profileLayers', () => {
  it('shows where the error comes from', async () => {
    const source = await loadModel(networkBytes(plainNetwork()));
    const ranges = await rangesOf(source);
    const narrow = { ...ranges, r2: { ...ranges.r2!, amplitude: ranges.r2!.amplitude / 20 } };
    const profile = await profileLayers({ source, quantized: quantized(source, narrow), feeds, runner });
    expect(profile.map(({ node }) => node)).toEqual(['c1_node', 'c2_node', 'c3_node', 'logits_node']);
    const [c1, c2, c3] = profile;
    expect(c1!.sqnrDb).toBeGreaterThan(30);
    expect(c2!.sqnrDb).toBeGreaterThan(25);
    expect(c3!.sqnrDb).toBeLessThan(10);
    expect(c3!.largestError).toBeGreaterThan(c2!.largestError);
    expect([c1!.rescaled, c2!.rescaled]).toEqual([false, false]);
  });

  it('compares channels that were equalised in the sizes of the source, also in several passes', async () => {
    const source = await loadModel(networkBytes(rescaleChannels(residualNetwork())));
    const equalized = source.clone();
    const maxima = await collectChannelMaxima(source, listEqualizationTensors(source), { feeds, runner });
    equalizeModel(equalized, maxima);
    const float = await profileLayers({ source, quantized: equalized, feeds, runner, passBytes: 1024 });
    for (const { node, sqnrDb } of float) expect(sqnrDb, node).toBeGreaterThan(90);
    expect(float.find(({ node }) => node === 'a1_node')).toMatchObject({ rescaled: true });
    const int8 = await profileLayers({
      source,
      quantized: quantized(equalized, await rangesOf(equalized)),
      feeds,
      runner,
    });
    for (const { node, sqnrDb } of int8) expect(sqnrDb, node).toBeGreaterThan(20);
  });
});

describe('mixed precision', () => {
  it('keeps the one layer in FP32 that has channels of very different sizes', async () => {
    const network = plainNetwork();
    const source = await loadModel(
      networkBytes(rescaleChannels({ ...network, streams: [network.streams[1]!] })),
    );
    const ranges = await rangesOf(source);
    const judge = await OutputJudge.create(source, images(50, 4), runner);
    const layers = ['c1', 'c2', 'c3', 'logits'].map((name) => ({ node: `${name}_node`, op: 'Conv' }));
    const all = new Set(layers.map(({ node }) => node));
    const quantizeWithout = (kept: ReadonlySet<string>) => quantized(source, ranges, kept);
    const quantizeOnly = (nodes: ReadonlySet<string>) =>
      quantized(
        source,
        ranges,
        [...all].filter((node) => !nodes.has(node)),
      );
    const { kept, score } = await keepWithinBound({
      sensitivities: () => scanSensitivity({ layers, quantizeOnly, judge }),
      quantizeWithout,
      judge,
      bound: { minSqnrDb: 30 },
    });
    expect(kept.map(({ node }) => node)).toEqual(['c3_node']);
    expect(score.sqnrDb).toBeGreaterThan(30);
  });
});
