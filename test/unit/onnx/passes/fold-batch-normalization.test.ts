// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { foldBatchNormalization } from '../../../../lib/onnx/passes/fold-batch-normalization';
import { makeModel, type NodeSpec, type TensorSpec } from '../../../onnx-builder';

const floats = (name: string, dims: readonly number[], ...data: number[]): TensorSpec => ({
  name,
  dims,
  data,
});
const PARAMETERS = [
  floats('g', [2], 2, 3),
  floats('b', [2], 1, -1),
  floats('m', [2], 0.5, 0),
  floats('v', [2], 4, 9),
];
const INITIALIZERS = [
  ...PARAMETERS,
  floats('w', [2, 1, 1, 1], 1, 2),
  floats('c', [2], 1, 1),
  floats('matrix', [3, 2], 1, 2, 3, 4, 5, 6),
  floats('row', [1, 1, 1, 4], 1, 2, 3, 4),
];
const norm = (from: string, more: Partial<NodeSpec> = {}): NodeSpec => ({
  op: 'BatchNormalization',
  inputs: [from, 'g', 'b', 'm', 'v'],
  outputs: ['y'],
  attributes: { epsilon: { float: 0 } },
  ...more,
});
const conv: NodeSpec = { op: 'Conv', name: 'conv', inputs: ['x', 'w', 'c'], outputs: ['a'] };

const load = (nodes: readonly NodeSpec[], initializers = INITIALIZERS, dims: number[] = [1, 1, 4, 4]) =>
  loadModel(
    makeModel({
      inputs: [{ name: 'x', dims }],
      outputs: [{ name: 'y' }, ...(nodes.length > 3 ? [{ name: 'z' }] : [])],
      nodes,
      initializers,
    }),
  );

describe('folding a BatchNormalization', () => {
  it('scales weights and bias per output channel and drops what nobody reads', async () => {
    const { graph } = await load([conv, norm('a')]);
    expect(foldBatchNormalization(graph)).toBe(1);
    expect(graph.node).toHaveLength(1);
    expect(graph.node[0]!.output).toEqual(['y']);
    const [weight, bias] = graph.initializer.map((tensor) => Array.from(readFloats(tensor)));
    expect(graph.initializer).toHaveLength(2);
    expect(weight).toEqual([1, 2]);
    expect(bias).toEqual([1.5, 0]);
    expect(foldBatchNormalization(graph)).toBe(0);
  });

  it('makes an Add of what a MatMul has no input for', async () => {
    const { graph } = await load(
      [{ op: 'MatMul', inputs: ['x', 'matrix'], outputs: ['a'] }, norm('a')],
      INITIALIZERS,
      [4, 3],
    );
    expect(foldBatchNormalization(graph, () => [4, 2])).toBe(1);
    expect(graph.node.map(({ opType, output }) => [opType, ...output])).toEqual([
      ['MatMul', 'a'],
      ['Add', 'y'],
    ]);
  });

  it.each<[string, NodeSpec[], TensorSpec[]?]>([
    ['one for training', [conv, norm('a', { attributes: { training_mode: 1 } })]],
    ['one behind another operator', [{ ...conv, op: 'Relu', inputs: ['x'] }, norm('a')]],
    ['a product of more than two axes', [{ ...conv, op: 'MatMul', inputs: ['x', 'matrix'] }, norm('a')]],
    [
      'a step that differs inside a channel',
      [conv, { op: 'Mul', inputs: ['a', 'row'], outputs: ['s'] }, norm('s')],
    ],
    [
      'a reciprocal of a value',
      [conv, { op: 'Div', inputs: ['c1', 'a'], outputs: ['s'] }, norm('s')],
      [...INITIALIZERS, floats('c1', [], 1)],
    ],
    [
      'a value that others read too',
      [
        conv,
        norm('a'),
        { op: 'Relu', inputs: ['a'], outputs: ['z'] },
        { op: 'Relu', inputs: ['x'], outputs: ['q'] },
      ],
    ],
    [
      'a scale that is not finite',
      [conv, norm('a')],
      [...INITIALIZERS.filter(({ name }) => name !== 'v'), floats('v', [2], 0, 1)],
    ],
    [
      'weights that are computed',
      [{ op: 'Relu', inputs: ['w'], outputs: ['w2'] }, { ...conv, inputs: ['x', 'w2'] }, norm('a')],
    ],
  ])('leaves %s alone', async (_, nodes, initializers) => {
    const model = await load(nodes, initializers);
    const before = model.toBytes();
    expect(foldBatchNormalization(model.graph)).toBe(0);
    expect(model.toBytes()).toEqual(before);
  });
});
