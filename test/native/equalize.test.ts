// SPDX-License-Identifier: Apache-2.0
// Equalised networks on the real ONNX Runtime: the same function in FP32, another one in INT8.
import { describe, expect, it } from 'vitest';

import { collectRanges } from '../../lib/compress/calibrate/collect-ranges';
import { collectChannelMaxima } from '../../lib/compress/equalize/channel-maxima';
import { equalizeModel, listEqualizationTensors } from '../../lib/compress/equalize/equalize-model';
import { findBestEqualization } from '../../lib/compress/equalize/find-best-equalization';
import { OutputJudge } from '../../lib/compress/output-judge';
import { listCalibrationTensors, quantizeModel } from '../../lib/compress/quantize/quantize-model';
import type { FeedSource, ModelSource } from '../../lib/compress/runner';
import { createSession, type Feeds } from '../../lib/index';
import { loadModel, type OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../lib/onnx/graph/tensor-values';
import {
  depthwiseNetwork,
  networkBytes,
  plainNetwork,
  rescaleChannels,
  residualNetwork,
  transformerNetwork,
  unusualNetwork,
  type ChannelNetwork,
} from '../channel-models';
import { noise, sqnr } from '../precision-models';

async function* runner(model: ModelSource, feeds: AsyncIterable<Feeds>) {
  const session = await createSession(model, { device: 'cpu', intraOpNumThreads: 1 });
  try {
    for await (const one of feeds) yield await session.run(one);
  } finally {
    await session.close();
  }
}

function feedsOf(network: ChannelNetwork, first = 1, count = 8): FeedSource<Feeds> {
  const [input] = network.spec.inputs!;
  const dims = input!.dims!.map((dim) => (dim === 'batch' ? 4 : dim === 'sequence' ? 10 : Number(dim)));
  const elements = dims.reduce((product, dim) => product * dim, 1);
  return {
    count,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < count; i++) yield { [input!.name]: { data: noise(elements, 2, first + i), dims } };
    },
  };
}

async function maximaOf(model: OnnxModel, feeds: FeedSource<Feeds>) {
  return collectChannelMaxima(model, listEqualizationTensors(model), { feeds, runner });
}

async function quantize(model: OnnxModel, feeds: FeedSource<Feeds>): Promise<OnnxModel> {
  const copy = model.clone();
  const tensors = listCalibrationTensors(copy);
  quantizeModel(copy, { ranges: await collectRanges(copy, { tensors, feeds, runner, method: 'max' }) });
  return copy;
}

const CASES = [
  { name: 'convolutions in a row', network: plainNetwork() },
  { name: 'residual blocks and a concatenation', network: residualNetwork() },
  { name: 'depth-wise convolutions with HardSwish', network: depthwiseNetwork() },
  { name: 'a transformer with normalisation before', network: transformerNetwork('pre') },
  { name: 'a transformer with normalisation after', network: transformerNetwork('post') },
  { name: 'a transformer with ReLU', network: transformerNetwork('pre', 'relu') },
];

/** Noise has to be compared on other data than ranges come from. */
async function judgeOf(network: ChannelNetwork, model: OnnxModel) {
  return OutputJudge.create(model, feedsOf(network, 100, 4), runner);
}

describe.each(CASES)('$name', ({ network }) => {
  it('keeps its accuracy in INT8 when channels differ by up to 1,000 times', async () => {
    const feeds = feedsOf(network);
    const even = await loadModel(networkBytes(network));
    const uneven = await loadModel(networkBytes(rescaleChannels(network)));
    const judge = await judgeOf(network, even);
    const equalized = uneven.clone();
    const { largestSpread, places } = equalizeModel(equalized, await maximaOf(uneven, feeds));
    expect(places.length).toBeGreaterThan(0);
    expect(largestSpread.before).toBeGreaterThan(300);
    expect(largestSpread.after).toBeLessThan(50);
    // 1e-4 of the largest value is 80 dB at least.
    expect((await judge.score(equalized)).sqnrDb).toBeGreaterThan(100);
    const dbOf = async (model: OnnxModel) => (await judge.score(await quantize(model, feeds))).sqnrDb;
    const [plain, collapsed, saved] = [await dbOf(even), await dbOf(uneven), await dbOf(equalized)];
    expect(saved).toBeGreaterThan(collapsed + 20);
    expect(saved).toBeGreaterThan(plain - 3);
  });

  it('comes out the same whatever its channels were scaled by before, and nearly the same when done twice', async () => {
    const feeds = feedsOf(network);
    const even = await loadModel(networkBytes(network));
    const uneven = await loadModel(networkBytes(rescaleChannels(network)));
    equalizeModel(even, await maximaOf(even, feeds), { explicit: false });
    equalizeModel(uneven, await maximaOf(uneven, feeds), { explicit: false });
    const weights = ({ graph }: OnnxModel, name: string) =>
      readFloats(graph.initializer.find((one) => one.name === name)!);
    const again = uneven.clone();
    equalizeModel(again, await maximaOf(uneven, feeds), { explicit: false });
    for (const [name] of network.streams.flatMap(({ readers }) => readers)) {
      const expected = weights(uneven, name);
      expect(sqnr(expected, weights(again, name)), name).toBeGreaterThan(35);
      // Streams are scaled as a whole too, which no tensor's scale minds: ratios inside a weight are compared.
      const one = weights(even, name);
      const size = Math.hypot(...expected) / Math.hypot(...one);
      expect(
        sqnr(
          expected,
          one.map((value) => value * size),
        ),
        name,
      ).toBeGreaterThan(35);
    }
  });
});

describe('a network of rarer operators', () => {
  it('computes the same when all of its channels were scaled by weights', async () => {
    const network = unusualNetwork();
    const model = await loadModel(networkBytes(network));
    const judge = await judgeOf(network, model);
    // What was seen does not matter for that: sizes from 1 to 1,000 make every factor another one.
    const sizes = [...(await maximaOf(model, feedsOf(network, 1, 1)))].map(
      ([name, own]) => [name, own.map((_, channel) => 1000 ** ((channel * 0.618) % 1))] as const,
    );
    const { places } = equalizeModel(model, new Map(sizes), { explicit: false });
    expect(places.map(({ tensor }) => tensor).sort()).toEqual(['left', 'm10', 'p', 'right', 'up']);
    expect((await judge.score(model)).sqnrDb).toBeGreaterThan(100);
  });
});

describe('findBestEqualization', () => {
  it('saves a network with outlier channels behind normalisations that others read too, by multiplications', async () => {
    const network = transformerNetwork('post');
    const outliers = {
      ...network,
      spec: {
        ...network.spec,
        initializers: network.spec.initializers.map((one) =>
          /l\d_(att|mlp)_norm_gamma/.test(one.name)
            ? {
                ...one,
                data: (one.data as Float32Array).map(
                  (value, channel) => value * (channel % 16 === 3 ? 60 : 1),
                ),
              }
            : one,
        ),
      },
    };
    const feeds = feedsOf(network);
    const model = await loadModel(networkBytes(outliers));
    const judge = await judgeOf(network, model);
    const score = async (candidate: OnnxModel) =>
      (await judge.score(await quantize(candidate, feeds))).sqnrDb;
    const maxima = await maximaOf(model, feeds);
    const best = await findBestEqualization({ model, maxima, score });
    const none = best.tried.find(({ exponent }) => exponent === 'none')!;
    const withoutMultiplications = best.tried.find(
      ({ exponent, explicit }) => exponent !== 'none' && !explicit,
    )!;
    expect(best).toMatchObject({ explicit: true });
    expect(best.report.places.map(({ by }) => by)).toContain('multiplication');
    const chosen = Math.max(...best.tried.map((one) => one.score));
    expect(chosen).toBeGreaterThan(none.score + 3);
    expect(chosen).toBeGreaterThan(withoutMultiplications.score + 0.5);
    expect((await judge.score(best.model)).sqnrDb).toBeGreaterThan(100);
  });
});
