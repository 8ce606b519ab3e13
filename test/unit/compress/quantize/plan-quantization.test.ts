// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { planQuantization, type PlanOptions } from '../../../../lib/compress/quantize/plan-quantization';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { makeModel, type NodeSpec, type TensorSpec } from '../../../onnx-builder';
import { attentionModel, loopModel, residualModel, weight } from '../../../precision-models';

async function plan(bytes: Uint8Array, options?: PlanOptions) {
  const { graph } = await loadModel(bytes);
  const { sites, kept, products, activations, fixedAmplitudes } = planQuantization(graph, options);
  return {
    sites: sites.map(({ node, type, layout }) => [node.name, type, layout]),
    kept: kept.map(({ node, reason }) => [node, reason]),
    products: products.map(({ name }) => name),
    activations: [...activations.keys()],
    fixed: [...fixedAmplitudes],
  };
}

const node = (op: string, inputs: string[], output: string, more: Partial<NodeSpec> = {}): NodeSpec => ({
  op,
  name: output,
  inputs,
  outputs: [output],
  ...more,
});

function network(dims: number[], nodes: NodeSpec[], initializers: TensorSpec[]): Uint8Array {
  return makeModel({
    opset: { '': 17, vendor: 1 },
    inputs: [{ name: 'x', dims }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]! }],
    nodes,
    initializers,
  });
}

describe('a plan', () => {
  it('has weights alone where that is asked for, small ones too', async () => {
    const small = network([4, 24], [node('MatMul', ['x', 'w'], 'y')], [weight('w', [24, 12], 1)]);
    expect((await plan(small)).kept).toEqual([['y', 'its weights are [24, 12]: below 16 INT8 does not pay']]);
    const { sites, activations } = await plan(small, { weightOnly: true });
    expect(sites).toEqual([['y', 'int8', { axis: 1 }]]);
    expect(activations).toEqual([]);
    const tiny = network([4, 8], [node('MatMul', ['x', 'w'], 'y')], [weight('w', [8, 8], 1)]);
    expect((await plan(tiny, { weightOnly: true })).kept).toEqual([
      ['y', 'its 64 weights are too few to matter'],
    ]);
  });

  it('finds constants on either side of a product', async () => {
    const nodes = [
      node('MatMul', ['a', 'x'], 'c'),
      node('Gemm', ['b', 'c'], 'd', { attributes: { transA: 1 } }),
      node('MatMul', ['d', 'e'], 'y'),
    ];
    const tensors = [weight('a', [24, 16], 1), weight('b', [24, 32], 1), weight('e', [16, 48], 1)];
    expect((await plan(network([16, 16], nodes, tensors))).sites).toEqual([
      ['c', 'int8', { axis: 0 }],
      ['d', 'int8', { axis: 1 }],
      ['y', 'int8', { axis: 1 }],
    ]);
    const int4 = await plan(network([16, 16], nodes, tensors), { type: 'int4', blockSize: 32 });
    expect(int4.sites).toEqual([['y', 'int4', { axis: 0, blockSize: 32 }]]);
    expect(int4.kept[0]).toEqual(['c', 'INT4 is for weights that come second']);
  });

  it('has one scale for all weights of three dimensions whose inputs are quantised', async () => {
    const bytes = network([2, 8, 16], [node('MatMul', ['x', 'w'], 'y')], [weight('w', [2, 16, 16], 1)]);
    expect((await plan(bytes)).sites).toEqual([['y', 'int8', {}]]);
    expect((await plan(bytes, { weightOnly: true })).sites).toEqual([['y', 'int8', { axis: 2 }]]);
  });

  it('leaves to INT4 what its blocks cannot hold', async () => {
    const odd = network([4, 64], [node('MatMul', ['x', 'w'], 'y')], [weight('w', [64, 33], 1)]);
    expect((await plan(odd, { type: 'int4' })).kept).toEqual([
      ['y', 'its weights are [64, 33]: INT4 needs an even last dimension'],
    ]);
    const turned = network(
      [4, 80],
      [node('Gemm', ['x', 'w'], 'y', { attributes: { transB: 1 } })],
      [weight('w', [32, 80], 1)],
    );
    expect((await plan(turned, { type: 'int4' })).kept).toEqual([
      ['y', 'its 80 inputs are no multiple of the block size of 64'],
    ]);
    const { kept } = await plan(residualModel(), { type: 'int4' });
    expect(kept[0]).toEqual(['stem', 'INT4 in blocks is for products of matrices']);
  });

  it('leaves convolutions out of FP8 that have few channels or a large kernel', async () => {
    const nodes = [
      node('Conv', ['x', 'a'], 'few'),
      node('Conv', ['few', 'b'], 'large'),
      node('Conv', ['large', 'c'], 'y'),
    ];
    const tensors = [
      weight('a', [32, 16, 1, 1], 1),
      weight('b', [32, 32, 7, 7], 1),
      weight('c', [32, 32, 3, 3], 1),
    ];
    const { sites, kept } = await plan(network([1, 16, 9, 9], nodes, tensors), { type: 'fp8' });
    expect(sites).toEqual([['y', 'fp8', { axis: 0 }]]);
    expect(kept).toEqual([
      ['few', 'it has 16 input and 32 output channels: too few for FP8 to pay'],
      ['large', 'its kernel of 49 elements is too large for FP8'],
    ]);
  });

  it('has products of attention where that is asked for, with a known range of probabilities', async () => {
    const { products, fixed, activations, kept } = await plan(attentionModel(), { attention: true });
    expect(products).toEqual(['scores', 'mix']);
    expect(fixed).toEqual([['p', 1]]);
    expect(activations).toEqual(expect.arrayContaining(['q', 'kt', 'p', 'v']));
    expect(kept).toEqual([]);
    const excluded = await plan(attentionModel(), { attention: true, exclude: { names: ['scores'] } });
    expect(excluded.products).toEqual(['mix']);
    expect((await plan(attentionModel(), { attention: true, weightOnly: true })).products).toEqual([]);
  });

  it('leaves attention over long sequences float', async () => {
    const bytes = makeModel({
      inputs: [
        { name: 'q', dims: [1, 600, 32] },
        { name: 'k', dims: [1, 32, 600] },
        { name: 'v', dims: [1, 600, 32] },
      ],
      outputs: [{ name: 'y' }],
      nodes: [node('MatMul', ['q', 'k'], 's'), node('Softmax', ['s'], 'p'), node('MatMul', ['p', 'v'], 'y')],
      valueInfo: [{ name: 's', dims: [1, 600, 600] }],
    });
    const { products, kept } = await plan(bytes, { attention: true });
    expect(products).toEqual([]);
    expect(kept.map(([, reason]) => reason)).toEqual(Array(2).fill('its sequence of 600 is longer than 512'));
  });

  it('has tables of embeddings where that is asked for', async () => {
    const bytes = makeModel({
      inputs: [{ name: 'ids', type: 'INT64', dims: [1, 4] }],
      outputs: [{ name: 'y' }],
      nodes: [
        node('Gather', ['table', 'ids'], 'e'),
        node('Gather', ['narrow', 'ids'], 'f'),
        node('Concat', ['e', 'f'], 'y', { attributes: { axis: -1 } }),
      ],
      initializers: [weight('table', [50, 32], 1), weight('narrow', [50, 4], 1)],
    });
    expect((await plan(bytes, { embeddings: true })).sites).toEqual([['e', 'int8', { axis: 0 }]]);
    expect((await plan(bytes)).sites).toEqual([]);
  });

  it('leaves additions alone where that is asked for', async () => {
    expect((await plan(residualModel())).activations).toContain('s1');
    const { graph } = await loadModel(residualModel());
    const { activations } = planQuantization(graph, { residual: false });
    expect([...activations.values()].flat().map(({ node: { opType } }) => opType)).not.toContain('Add');
  });

  it('names custom operators and what is in the bodies of loops, and leaves both alone', async () => {
    const custom = network(
      [4, 32],
      [node('Magic', ['x'], 'm', { domain: 'vendor' }), node('MatMul', ['x', 'w'], 'y')],
      [weight('w', [32, 32], 1)],
    );
    expect((await plan(custom)).kept).toEqual([
      ['m', 'it is a custom operator of "vendor", which is left alone'],
    ]);
    expect((await plan(loopModel())).kept).toEqual([['step', 'it is in the body of an If, Loop or Scan']]);
  });
});
