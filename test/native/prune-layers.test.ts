// SPDX-License-Identifier: Apache-2.0
// What is cut out of inputs and outputs as rows is right if the layer's own weights lose nothing on it: for each kind of
// layer, on what ONNX Runtime computes.
import { describe, expect, test } from 'vitest';
import { biasOf } from '../../lib/compress/layers/layer-bias';
import { readMatrix } from '../../lib/compress/layers/layer-matrix';
import { prepareLayers } from '../../lib/compress/layers/prepare-layers';
import { bandsOf } from '../../lib/compress/layers/layer-bands';
import { findLayers, type WeightLayer } from '../../lib/compress/layers/weight-layer';
import { openFeeds } from '../../lib/compress/calibrate/feed-source';
import { gatherStatistics, type ReconstructionData } from '../../lib/compress/reconstruct/gather-statistics';
import { meanBias, normalEquations, relativeError } from '../../lib/compress/reconstruct/least-squares';
import { sessionRunner } from '../../lib/index';
import { referenceNumerics as numerics } from '../../lib/numerics/reference';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { makeModel, type NodeSpec } from '../onnx-builder';
import { noise, weight } from '../precision-models';

interface LayerCase {
  readonly op: string;
  readonly input: readonly number[];
  readonly weights: readonly number[];
  readonly attributes?: NodeSpec['attributes'];
  /** Length of the bias; none without it. */
  readonly bias?: number;
  readonly weightsFirst?: boolean;
}

const SAME_UPPER = 'SAME_UPPER';
const SAME_LOWER = 'SAME_LOWER';

const CASES: readonly LayerCase[] = [
  { op: 'Conv', input: [2, 3, 9], weights: [4, 3, 3], attributes: { strides: [2], pads: [1, 0] }, bias: 4 },
  {
    op: 'Conv',
    input: [2, 4, 6, 7],
    weights: [6, 2, 3, 2],
    attributes: { group: 2, dilations: [2, 1], pads: [2, 0, 1, 1] },
  },
  {
    op: 'Conv',
    input: [1, 6, 8, 8],
    weights: [6, 1, 3, 3],
    attributes: { group: 6, strides: [2, 2], auto_pad: SAME_UPPER },
    bias: 6,
  },
  {
    op: 'Conv',
    input: [1, 3, 7, 8],
    weights: [5, 3, 2, 4],
    attributes: { strides: [1, 3], auto_pad: SAME_LOWER },
  },
  {
    op: 'Conv',
    input: [2, 2, 5, 4, 6],
    weights: [3, 2, 2, 3, 3],
    attributes: { pads: [0, 1, 1, 1, 0, 1] },
    bias: 3,
  },
  {
    op: 'ConvTranspose',
    input: [2, 3, 5, 4],
    weights: [3, 4, 3, 3],
    attributes: { strides: [2, 1], pads: [1, 0, 1, 1] },
    bias: 4,
  },
  {
    op: 'ConvTranspose',
    input: [2, 4, 6],
    weights: [4, 3, 3],
    attributes: { group: 2, strides: [3], output_padding: [1], dilations: [2] },
  },
  {
    op: 'ConvTranspose',
    input: [1, 3, 4, 4],
    weights: [3, 2, 3, 3],
    attributes: { strides: [2, 2], auto_pad: SAME_UPPER },
  },
  {
    op: 'ConvTranspose',
    input: [1, 3, 4, 5],
    weights: [3, 2, 4, 4],
    attributes: { strides: [2, 2], output_shape: [9, 11] },
  },
  { op: 'Gemm', input: [20, 5], weights: [5, 4], bias: 4 },
  {
    op: 'Gemm',
    input: [5, 20],
    weights: [4, 5],
    attributes: { transA: 1, transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } },
    bias: 4,
  },
  { op: 'Gemm', input: [5, 20], weights: [4, 5], weightsFirst: true },
  { op: 'Gemm', input: [20, 5], weights: [5, 4], attributes: { transA: 1, transB: 1 }, weightsFirst: true },
  { op: 'MatMul', input: [2, 3, 10, 6], weights: [6, 4] },
  { op: 'MatMul', input: [2, 6, 10], weights: [4, 6], weightsFirst: true },
  { op: 'MatMul', input: [3, 10, 6], weights: [1, 6, 4] },
];

describe.each(CASES)('$op of $input with $weights $attributes', (one) => {
  test('loses nothing with its own weights', async () => {
    const model = await loadModel(modelOf(one));
    prepareLayers(model);
    const { layers, kept } = findLayers(model.graph);
    expect(kept).toEqual([]);
    const [layer] = layers;
    const values = noise(
      one.input.reduce((product, dim) => product * dim, 1),
      1,
      7,
    );
    const feeds = await openFeeds(
      [1, 2, 3, 4].map((run) => ({
        x: { data: values.map((value, at) => value * Math.cos(at * run)), dims: [...one.input] },
      })),
    );
    const data = {
      source: model,
      compressed: model,
      feeds,
      runner: sessionRunner({ device: 'cpu' }),
      numerics,
    };
    const statistics = (await gatherStatistics([layer!], data)).get(layer!)!;
    const bias = biasOf(model.graph, layer!, layer!.uses[0]!);
    for (const [group, sums] of statistics.entries()) {
      expect(sums.input.count).toBeGreaterThan(0);
      expect(sums.held.input.count).toBeLessThan(sums.input.count);
      const weights = readMatrix(layer!.weight, layer!.view, group);
      const equations = normalEquations(sums, { weights, centred: bias !== undefined, damping: 1e-6 })!;
      expect(await relativeError(equations, weights, { original: weights, numerics })).toBeLessThan(1e-9);
      const turned = weights.map((value, at) => weights[weights.length - 1 - at]! + value / 2);
      expect(await relativeError(equations, turned, { original: weights, numerics })).toBeGreaterThan(0.01);
      if (bias?.isOwn === true) {
        const { outputs } = layer!.view;
        const own = bias.values.subarray(group * outputs, (group + 1) * outputs);
        meanBias(sums, weights).forEach((value, at) => expect(value).toBeCloseTo(own[at]!, 4));
      }
    }
    if (layer!.view.groups === 1) await expectBandsLoseNothing(layer!, data, bias !== undefined);
  });
});

/** Each band makes what the others leave, and knows all that the layer makes. */
async function expectBandsLoseNothing<Feeds>(
  layer: WeightLayer,
  data: ReconstructionData<Feeds>,
  centred: boolean,
): Promise<void> {
  const whole = (await gatherStatistics([layer], data)).get(layer)![0]!;
  for (const band of bandsOf(layer, { most: 2, multipleOf: 1 })) {
    const [sums] = (await gatherStatistics([band], data)).get(band)!;
    const weights = readMatrix(layer.weight, band.view);
    const equations = normalEquations(sums!, { weights, centred, damping: 1e-6 })!;
    expect(await relativeError(equations, weights, { original: weights, numerics })).toBeLessThan(1e-9);
    const turned = weights.map((value) => value / 2);
    expect(await relativeError(equations, turned, { original: weights, numerics })).toBeGreaterThan(1e-4);
    const energies = [whole.output, sums!.output.whole!].map(({ squares }) =>
      squares.reduce((a, b) => a + b),
    );
    expect(energies[1]).toBeCloseTo(energies[0]!, 6);
    expect(sums!.energies!.length).toBe(layer.view.channels);
  }
}

function modelOf({ op, weights, attributes, bias, weightsFirst, input }: LayerCase): Uint8Array {
  const inputs = weightsFirst === true ? ['w', 'x'] : ['x', 'w'];
  return makeModel({
    inputs: [{ name: 'x', dims: [...input] }],
    outputs: [{ name: 'y' }],
    nodes: [
      {
        op,
        name: 'layer',
        inputs: bias === undefined ? inputs : [...inputs, 'b'],
        outputs: ['y'],
        ...(attributes === undefined ? {} : { attributes }),
      },
    ],
    initializers: [weight('w', weights, 0.5), ...(bias === undefined ? [] : [weight('b', [bias], 0.5)])],
  });
}
