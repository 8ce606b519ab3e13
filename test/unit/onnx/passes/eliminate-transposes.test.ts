// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { eliminateTransposes } from '../../../../lib/onnx/passes/eliminate-transposes';
import { makeModel, type NodeSpec } from '../../../onnx-builder';
import { channelsLastModel } from '../../../pass-models';

const node = (op: string, inputs: readonly string[], output: string, perm?: readonly number[]): NodeSpec => ({
  op,
  name: output,
  inputs,
  outputs: [output],
  attributes: perm === undefined ? {} : { perm },
});
const load = (nodes: readonly NodeSpec[], outputs = ['y']) =>
  loadModel(
    makeModel({
      inputs: [{ name: 'x', dims: [2, 3, 4] }],
      outputs: outputs.map((name) => ({ name })),
      nodes,
      initializers: [{ name: 'c', dims: [4], data: [1, 2, 3, 4] }],
    }),
  );
const TURN = [1, 2, 0];
const BACK = [2, 0, 1];

describe('eliminating transposes', () => {
  it('merges two into one', async () => {
    const { graph } = await load([
      node('Transpose', ['x'], 'a', TURN),
      node('Transpose', ['a'], 'b', TURN),
      node('Relu', ['b'], 'y'),
    ]);
    expect(eliminateTransposes(graph)).toBe(1);
    expect(graph.node[0]).toMatchObject({ opType: 'Transpose', input: ['x'] });
    expect(graph.node[0]!.attribute[0]!.ints.map(Number)).toEqual(BACK);
  });

  it('lets elementwise operators between a pair compute on the values outside', async () => {
    const { graph } = await load([
      node('Transpose', ['x'], 'a', TURN),
      node('Relu', ['a'], 'b'),
      node('Mul', ['b', 'a'], 'm'),
      node('Transpose', ['m'], 'd', BACK),
      node('Exp', ['d'], 'y'),
    ]);
    expect(eliminateTransposes(graph)).toBe(2);
    expect(graph.node.map(({ opType, input }) => [opType, ...input])).toEqual([
      ['Relu', 'x'],
      ['Mul', 'b', 'x'],
      ['Exp', 'm'],
    ]);
    expect(eliminateTransposes(graph)).toBe(0);
  });

  it('turns constants, and drops what was declared of the values between', async () => {
    const { graph } = await loadModel(channelsLastModel());
    expect(eliminateTransposes(graph)).toBe(4);
    const add = graph.node.find(({ opType }) => opType === 'Add')!;
    const bias = graph.initializer.find(({ name }) => name === add.input[1])!;
    expect(bias.dims).toEqual([1, 4, 1, 1]);
    expect(graph.valueInfo).toEqual([]);
  });

  it.each<[string, NodeSpec[], string[]?]>([
    [
      'a value that others read too',
      [
        node('Transpose', ['x'], 'a', TURN),
        node('Relu', ['a'], 'b'),
        node('Transpose', ['b'], 'd', BACK),
        node('Softmax', ['b'], 'z'),
        node('Exp', ['d'], 'y'),
      ],
      ['y', 'z'],
    ],
    [
      'a pair that makes an output',
      [node('Transpose', ['x'], 'a', TURN), node('Relu', ['a'], 'b'), node('Transpose', ['b'], 'y', BACK)],
    ],
    [
      'permutations that do not cancel',
      [
        node('Transpose', ['x'], 'a', TURN),
        node('Relu', ['a'], 'b'),
        node('Transpose', ['b'], 'd', TURN),
        node('Exp', ['d'], 'y'),
      ],
    ],
    [
      'operators along an axis',
      [
        node('Transpose', ['x'], 'a', TURN),
        node('Softmax', ['a'], 'b'),
        node('Transpose', ['b'], 'd', BACK),
        node('Exp', ['d'], 'y'),
      ],
    ],
    [
      'a second value that is not transposed',
      [
        node('Transpose', ['x'], 'a', [0, 2, 1]),
        node('Exp', ['x'], 'e'),
        node('MatMul', ['e', 'a'], 'f'),
        node('Add', ['a', 'f'], 'b'),
        node('Transpose', ['b'], 'd', [0, 2, 1]),
        node('Exp', ['d'], 'y'),
      ],
    ],
  ])('leaves %s alone', async (_, nodes, outputs) => {
    const model = await load(nodes, outputs);
    const before = model.toBytes();
    expect(eliminateTransposes(model.graph)).toBe(0);
    expect(model.toBytes()).toEqual(before);
  });
});
