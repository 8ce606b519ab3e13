// SPDX-License-Identifier: Apache-2.0
// Weights rounded by what layers read, on the real ONNX Runtime.
import { describe, expect, it } from 'vitest';

import { openFeeds } from '../../lib/compress/calibrate/feed-source';
import { listCalibrationTensors, quantizeModel } from '../../lib/compress/quantize/quantize-model';
import { roundWeights, type RoundWeightsOptions } from '../../lib/compress/quantize/round-weights';
import { runModel } from '../../lib/compress/run-model';
import { createSession, type Feeds } from '../../lib/index';
import { loadModel, type OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { makeModel, type NodeSpec, type TensorSpec } from '../onnx-builder';
import { noise, residualModel, sqnr, weight } from '../precision-models';

async function* runOnCpu(model: string | Uint8Array, feeds: AsyncIterable<Feeds>) {
  const session = await createSession(model, { device: 'cpu', intraOpNumThreads: 1 });
  try {
    for await (const one of feeds) yield await session.run(one);
  } finally {
    await session.close();
  }
}

async function runOnce(model: OnnxModel, feeds: Feeds): Promise<Float32Array> {
  const list = await openFeeds([feeds]);
  for await (const outputs of runModel(model, list, runOnCpu)) {
    return Object.values(outputs)[0]!.data as Float32Array;
  }
  throw new Error('nothing ran');
}

const node = (
  op: string,
  inputs: string[],
  output: string,
  attributes?: NodeSpec['attributes'],
): NodeSpec => ({
  op,
  name: output,
  inputs,
  outputs: [output],
  attributes,
});

/** Layer normalisation with outlier channels, two products that read it, one that reads what they make. */
function products(): Uint8Array {
  const gamma = noise(64, 0.2, 3).map((value, i) => (1 + value) * (i % 16 === 0 ? 30 : 1));
  const initializers: TensorSpec[] = [
    { name: 'gamma', dims: [64], data: gamma },
    weight('beta', [64], 0.1),
    weight('a', [64, 128], 0.3),
    weight('b', [128, 64], 0.3),
    weight('bias', [128], 0.1),
    weight('c', [128, 64], 0.2),
  ];
  return makeModel({
    opset: 17,
    inputs: [{ name: 'x', dims: [4, 32, 64] }],
    outputs: [{ name: 'y' }],
    nodes: [
      node('LayerNormalization', ['x', 'gamma', 'beta'], 'n', { axis: -1 }),
      node('MatMul', ['n', 'a'], 'p'),
      node('Reshape', ['n', 'flat'], 'f'),
      node('Gemm', ['f', 'b', 'bias'], 'q', { transB: 1 }),
      node('Reshape', ['q', 'deep'], 'r'),
      node('Mul', ['p', 'r'], 'm'),
      node('MatMul', ['m', 'c'], 'y'),
    ],
    initializers: [
      ...initializers,
      { name: 'flat', type: 'INT64', dims: [2], data: [-1, 64] },
      { name: 'deep', type: 'INT64', dims: [3], data: [4, 32, 128] },
    ],
  });
}

const sequences = (seed: number): Feeds => {
  const causes = noise(4 * 32 * 6, 1, seed);
  const mix = noise(6 * 64, 1, 7);
  const data = noise(4 * 32 * 64, 0.2, seed + 1);
  for (let row = 0; row < 128; row++) {
    for (let i = 0; i < 64; i++)
      for (let j = 0; j < 6; j++) data[row * 64 + i]! += causes[row * 6 + j]! * mix[j * 64 + i]!;
  }
  return { x: { data, dims: [4, 32, 64] } };
};
const images = (seed: number): Feeds => ({ images: { data: noise(4 * 768, 1, seed), dims: [4, 3, 16, 16] } });

type Request = Pick<RoundWeightsOptions<Feeds>, 'method' | 'type' | 'weightOnly' | 'blockSize'>;

/** dB with the weights rounded to the nearest, by least squared error of the weights, and by the method. */
async function compare(bytes: Uint8Array, feedsOf: (seed: number) => Feeds, request: Request) {
  const base = await loadModel(bytes);
  listCalibrationTensors(base, request);
  const feeds = await openFeeds([1, 2, 3, 4, 5, 6].map(feedsOf));
  const { model, rounded, skipped } = await roundWeights(base, { ...request, feeds, runner: runOnCpu });
  const expected = await runOnce(base, feedsOf(99));
  const score = async (source: OnnxModel, more: object) => {
    const copy = source.clone();
    quantizeModel(copy, { ...request, ...more });
    return sqnr(expected, await runOnce(copy, feedsOf(99)));
  };
  return {
    plain: await score(base, {}),
    mse: await score(base, { rounding: 'mse' }),
    better: await score(model, { rounded }),
    model,
    skipped,
  };
}

describe('GPTQ', () => {
  it.each([
    ['INT4 in blocks of 32', { type: 'int4', blockSize: 32 }, 3],
    ['INT8', { type: 'int8', weightOnly: true }, 2],
  ] as const)('brings the outputs of products nearer: %s', async (_, request, gain) => {
    const { plain, mse, better, model, skipped } = await compare(products(), sequences, {
      method: 'gptq',
      ...request,
    });
    expect(better).toBeGreaterThan(Math.max(plain, mse) + gain);
    expect(skipped).toEqual([]);
    expect(model.graph.node).toHaveLength(7);
  });

  it('brings the outputs of convolutions nearer', async () => {
    const { plain, better, skipped } = await compare(residualModel(), images, {
      method: 'gptq',
      weightOnly: true,
    });
    expect(better).toBeGreaterThan(plain + 0.5);
    expect(skipped).toEqual([]);
  });
});

describe('AWQ', () => {
  it('rescales in the normalisation before, or by a multiplication', async () => {
    const { plain, mse, better, model } = await compare(products(), sequences, {
      method: 'awq',
      type: 'int4',
      blockSize: 32,
    });
    expect(better).toBeGreaterThan(Math.max(plain, mse) + 0.5);
    expect(
      sqnr(await runOnce(await loadModel(products()), sequences(99)), await runOnce(model, sequences(99))),
    ).toBeGreaterThan(100);
  });

  it('is refused where activations are quantised', async () => {
    const model = await loadModel(residualModel());
    const feeds = await openFeeds([images(1)]);
    const refused = expect.objectContaining({ code: 'ERR_TRT_QUANT_UNSUPPORTED' }) as Error;
    await expect(roundWeights(model, { method: 'awq', feeds, runner: runOnCpu })).rejects.toThrow(refused);
  });
});
