// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../../lib/onnx/graph/onnx-model';
import { findGelus } from '../../../../../lib/onnx/passes/patterns/gelus';
import { makeModel, type NodeSpec } from '../../../../onnx-builder';

const node = (op: string, inputs: readonly string[], output: string): NodeSpec => ({
  op,
  name: output,
  inputs,
  outputs: [output],
});
const CONSTANTS = {
  half: 0.5,
  one: 1,
  two: 2,
  three: 3,
  root2: Math.SQRT2,
  inverse: Math.SQRT1_2,
  cubic: 0.044715,
  slope: Math.sqrt(2 / Math.PI),
};
async function find(nodes: readonly NodeSpec[], outputs = ['y'], opset = 20) {
  const bytes = makeModel({
    opset,
    irVersion: 9,
    inputs: [{ name: 'in', dims: [4] }],
    outputs: outputs.map((name) => ({ name })),
    nodes: [node('Neg', ['in'], 'x'), ...nodes],
    initializers: Object.entries(CONSTANTS).map(([name, value]) => ({ name, dims: [], data: [value] })),
  });
  const { graph } = await loadModel(bytes);
  return findGelus(graph).map((match) => ({ ...match, nodes: match.nodes.map(({ name }) => name).sort() }));
}

const error = [node('Div', ['x', 'root2'], 'a'), node('Erf', ['a'], 'b'), node('Add', ['b', 'one'], 'c')];
const tangent = [
  node('Add', ['x', 'r'], 's'),
  node('Mul', ['s', 'slope'], 't'),
  node('Tanh', ['t'], 'u'),
  node('Add', ['one', 'u'], 'v'),
  node('Mul', ['x', 'half'], 'h'),
  node('Mul', ['h', 'v'], 'y'),
];

describe('finding GELUs', () => {
  it('finds the operator', async () => {
    const gelu = { ...node('Gelu', ['x'], 'y'), attributes: { approximate: 'tanh' } };
    expect(await find([gelu])).toEqual([{ nodes: ['y'], input: 'x', output: 'y', approximate: 'tanh' }]);
  });

  it.each<[string, NodeSpec[]]>([
    ['x first', [...error, node('Mul', ['x', 'c'], 'd'), node('Mul', ['d', 'half'], 'y')]],
    ['the half first', [...error, node('Mul', ['c', 'half'], 'd'), node('Mul', ['d', 'x'], 'y')]],
    ['half of x', [...error, node('Mul', ['x', 'half'], 'd'), node('Mul', ['d', 'c'], 'y')]],
    [
      'a product for the division',
      [
        node('Mul', ['x', 'inverse'], 'a'),
        ...error.slice(1),
        node('Mul', ['x', 'c'], 'd'),
        node('Mul', ['d', 'half'], 'y'),
      ],
    ],
  ])('finds that of the error function with %s', async (_, nodes) => {
    expect(await find(nodes)).toEqual([
      { nodes: ['a', 'b', 'c', 'd', 'y'], input: 'x', output: 'y', approximate: 'none' },
    ]);
  });

  it.each<[string, NodeSpec[]]>([
    ['a power', [node('Pow', ['x', 'three'], 'q'), node('Mul', ['q', 'cubic'], 'r')]],
    [
      'products',
      [node('Mul', ['x', 'x'], 'p'), node('Mul', ['p', 'x'], 'q'), node('Mul', ['cubic', 'q'], 'r')],
    ],
  ])('finds that of the hyperbolic tangent with %s', async (_, power) => {
    const [match] = await find([...power, ...tangent]);
    expect(match).toMatchObject({ input: 'x', output: 'y', approximate: 'tanh' });
    expect(match!.nodes).toHaveLength(power.length + 6);
  });

  it.each<[string, NodeSpec[], string[]?]>([
    [
      'a value between that is an output',
      [...error, node('Mul', ['x', 'c'], 'd'), node('Mul', ['d', 'half'], 'y')],
      ['y', 'b'],
    ],
    ['another factor', [...error, node('Mul', ['x', 'c'], 'd'), node('Mul', ['d', 'two'], 'y')]],
    ['another value', [...error, node('Mul', ['in', 'c'], 'd'), node('Mul', ['d', 'half'], 'y')]],
    ['an Erf of its own', [node('Erf', ['x'], 'y')]],
    ['a Tanh of its own', [node('Tanh', ['x'], 'y')]],
  ])('does not find one with %s', async (_, nodes, outputs) => {
    expect(await find(nodes, outputs)).toEqual([]);
  });
});
