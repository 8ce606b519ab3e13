// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { GraphMessage } from '../../../../../lib/onnx/graph/onnx-messages';
import { loadModel } from '../../../../../lib/onnx/graph/onnx-model';
import { fuseLayerNormalization } from '../../../../../lib/onnx/passes/fuse-layer-normalization';
import { findLayerNormalizations } from '../../../../../lib/onnx/passes/patterns/layer-normalizations';
import { decomposedModel } from '../../../../pass-models';
import { attentionModel } from '../../../../precision-models';

const nodeOf = ({ node }: GraphMessage, output: string) => node.find((one) => one.output[0] === output)!;

describe('finding layer normalisations', () => {
  it('finds the operator itself', async () => {
    const { graph } = await loadModel(attentionModel());
    expect(findLayerNormalizations(graph)).toMatchObject([
      { input: 'x', gamma: 'gamma', beta: 'beta', output: 'n', axis: -1, isFused: true },
    ]);
  });

  it.each([
    [{}, 9, 'gamma'],
    [{ square: 'Mul' }, 9, 'gamma'],
    [{ quotient: 'Reciprocal' }, 10, 'gamma'],
    [{ parameters: false }, 7, undefined],
  ] as const)('finds the nodes of %j', async (style, nodes, gamma) => {
    const { graph } = await loadModel(decomposedModel(style));
    const [match, ...others] = findLayerNormalizations(graph);
    expect(others).toEqual([]);
    expect(match!.nodes).toHaveLength(nodes);
    expect(match).toMatchObject({ input: 'x', gamma, axis: -1, isFused: false });
    expect(match!.epsilon).toBeCloseTo(1e-5, 9);
    expect(match!.output).toBe(gamma === undefined ? 'normal' : 'n');
  });

  it.each<[string, (graph: GraphMessage) => void]>([
    ['a mean over another axis', (graph) => (nodeOf(graph, 'mean').attribute[0]!.ints = [1n])],
    ['another power', (graph) => (nodeOf(graph, 'square').input[1] = 'half')],
    ['the mean of something else', (graph) => (nodeOf(graph, 'mean').input[0] = 'beta')],
    ['a root that others read', (graph) => (nodeOf(graph, 'e1').input[1] = 'root')],
    ['a difference that others read', (graph) => (nodeOf(graph, 'e1').input[0] = 'centred')],
    ['an epsilon that is computed', (graph) => (nodeOf(graph, 'raised').input[1] = 'mean')],
  ])('does not find one with %s', async (_, change) => {
    const model = await loadModel(decomposedModel());
    change(model.graph);
    expect(findLayerNormalizations(model.graph)).toEqual([]);
    expect(fuseLayerNormalization(model)).toBe(0);
  });
});

describe('fusing layer normalisations', () => {
  it('puts one node there, with gamma of the normalised axis alone', async () => {
    const model = await loadModel(decomposedModel());
    expect(fuseLayerNormalization(model)).toBe(1);
    const [node] = model.graph.node;
    expect(node).toMatchObject({ opType: 'LayerNormalization', output: ['n'] });
    expect(model.graph.initializer.find(({ name }) => name === node!.input[1])!.dims).toEqual([16]);
  });

  it('leaves an older opset alone unless it may be raised', async () => {
    const model = await loadModel(decomposedModel({ opset: 13 }));
    expect([fuseLayerNormalization(model), model.opset]).toEqual([0, 13]);
    expect([fuseLayerNormalization(model, { raise: true }), model.opset]).toEqual([1, 17]);
  });

  it('raises nothing where there is nothing to fuse', async () => {
    const model = await loadModel(attentionModel(13));
    expect([fuseLayerNormalization(model, { raise: true }), model.opset]).toEqual([0, 13]);
  });
});
