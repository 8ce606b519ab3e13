// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { removeIdentities } from '../../../../lib/onnx/passes/remove-identities';
import { makeModel, type ModelSpec, type NodeSpec, type TensorSpec } from '../../../onnx-builder';

const longs = (name: string, ...data: number[]): TensorSpec => ({
  name,
  type: 'INT64',
  dims: [data.length],
  data,
});
const INITIALIZERS: TensorSpec[] = [
  { name: 'zero', dims: [], data: [0] },
  { name: 'one', dims: [1], data: [1] },
  { name: 'wide', dims: [1, 1, 1, 1], data: [1] },
  longs('begin', 0, 0),
  longs('end', 2 ** 31, 3),
  longs('ones', 1, 1),
  longs('twos', 2, 2),
  longs('none', 0, 0, 0, 0),
  longs('same', -1, 3),
  longs('other', 3, -1),
];

function load(node: NodeSpec, more: Partial<ModelSpec> = {}) {
  const spec: ModelSpec = {
    inputs: [{ name: 'x', dims: ['n', 3] }],
    outputs: [{ name: 'y' }],
    nodes: [
      { op: 'Relu', inputs: ['x'], outputs: ['r'] },
      node,
      { op: 'Exp', inputs: ['i'], outputs: ['y'] },
    ],
    valueInfo: [{ name: 'r', dims: ['n', 3] }],
    initializers: INITIALIZERS,
  };
  return loadModel(makeModel({ ...spec, ...more }));
}
const node = (op: string, more: readonly string[] = [], attributes?: NodeSpec['attributes']): NodeSpec => ({
  op,
  name: 'it',
  inputs: ['r', ...more],
  outputs: ['i'],
  attributes,
});

describe('removing identities', () => {
  it.each<[string, NodeSpec]>([
    ['an Identity', node('Identity')],
    ['a Dropout', node('Dropout')],
    ['a Cast to the own type', node('Cast', [], { to: 1 })],
    ['a Concat of one', node('Concat', [], { axis: 0 })],
    ['a Split into one', node('Split', [], { num_outputs: 1 })],
    ['a Transpose that permutes nothing', node('Transpose', [], { perm: [0, 1] })],
    ['a Reshape to the own dims', node('Reshape', ['same'])],
    ['a Tile by ones', node('Tile', ['ones'])],
    ['a Pad by zeros', node('Pad', ['none'])],
    ['a Slice of everything', node('Slice', ['begin', 'end'])],
    ['a sum with zero', node('Add', ['zero'])],
    ['a product with one', node('Mul', ['one'])],
  ])('removes %s', async (_, one) => {
    const { graph } = await load(one);
    expect(removeIdentities(graph)).toBe(1);
    expect(graph.node.map(({ opType, input }) => [opType, ...input])).toEqual([
      ['Relu', 'x'],
      ['Exp', 'r'],
    ]);
    expect(removeIdentities(graph)).toBe(0);
  });

  it.each<[string, NodeSpec]>([
    ['a Cast to another type', node('Cast', [], { to: 10 })],
    ['a Dropout whose mask is read', { ...node('Dropout'), outputs: ['mask', 'i'] }],
    ['a Reshape of two unknown dims', node('Reshape', ['other'])],
    ['a Transpose without a permutation', node('Transpose')],
    ['a Tile', node('Tile', ['twos'])],
    ['a Slice that begins later', node('Slice', ['ones', 'end'])],
    ['a Slice of less', node('Slice', ['begin', 'twos'])],
    ['a product that adds axes', node('Mul', ['wide'])],
    ['a difference from zero', { ...node('Sub'), inputs: ['zero', 'r'] }],
    ['a custom Identity', { ...node('Identity'), domain: 'own' }],
  ])('leaves %s alone', async (_, one) => {
    const model = await load(one, { opset: { '': 17, own: 1 } });
    const before = model.toBytes();
    expect(removeIdentities(model.graph)).toBe(0);
    expect(model.toBytes()).toEqual(before);
  });

  it('lets the node before make the output', async () => {
    const nodes: NodeSpec[] = [
      { op: 'Relu', inputs: ['x'], outputs: ['r'] },
      { op: 'Identity', inputs: ['r'], outputs: ['y'] },
      { op: 'Exp', inputs: ['r'], outputs: ['z'] },
    ];
    const { graph } = await load(nodes[0]!, { nodes, outputs: [{ name: 'y' }, { name: 'z' }] });
    expect(removeIdentities(graph)).toBe(1);
    expect(graph.node.map(({ opType, input, output }) => [opType, ...input, ...output])).toEqual([
      ['Relu', 'x', 'y'],
      ['Exp', 'y', 'z'],
    ]);
    expect(graph.valueInfo).toEqual([]);
  });

  it('keeps what hands an input or another output on', async () => {
    const nodes: NodeSpec[] = [
      { op: 'Identity', inputs: ['x'], outputs: ['y'] },
      { op: 'Relu', inputs: ['x'], outputs: ['z'] },
      { op: 'Identity', inputs: ['z'], outputs: ['w'] },
    ];
    const { graph } = await load(nodes[0]!, { nodes, outputs: ['y', 'z', 'w'].map((name) => ({ name })) });
    expect(removeIdentities(graph)).toBe(0);
  });
});
