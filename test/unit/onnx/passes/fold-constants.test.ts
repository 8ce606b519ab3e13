// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { readNumbers } from '../../../../lib/onnx/graph/tensor-values';
import { foldConstants } from '../../../../lib/onnx/passes/fold-constants';
import { makeModel, type ModelSpec, type NodeSpec } from '../../../onnx-builder';

const model = (nodes: readonly NodeSpec[], more: Partial<ModelSpec> = {}) =>
  loadModel(makeModel({ inputs: [{ name: 'x', dims: ['n', 3] }], outputs: [{ name: 'y' }], nodes, ...more }));

const last: NodeSpec = { op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] };
const one = { name: 'one', type: 'INT64', dims: [1], data: [1] } as const;

async function folded(nodes: readonly NodeSpec[], more: Partial<ModelSpec> = {}) {
  const { graph } = await model(nodes, more);
  const count = foldConstants(graph);
  expect(foldConstants(graph)).toBe(0);
  const made = graph.initializer.at(-1)!;
  return {
    count,
    ops: graph.node.map(({ opType }) => opType),
    name: made.name,
    values: Array.from(readNumbers(made)),
  };
}

describe('folding constants', () => {
  it('puts an initializer of the same name in the place of a node', async () => {
    const nodes: NodeSpec[] = [{ op: 'Add', inputs: ['one', 'one'], outputs: ['s'] }, last];
    expect(await folded(nodes, { initializers: [one] })).toEqual({
      count: 1,
      ops: ['Reshape'],
      name: 's',
      values: [2],
    });
  });

  it('follows the sizes that are known of a shape', async () => {
    const nodes: NodeSpec[] = [
      { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
      { op: 'Gather', inputs: ['shape', 'one'], outputs: ['s'] },
      last,
    ];
    expect(await folded(nodes, { initializers: [one] })).toMatchObject({
      ops: ['Shape', 'Reshape'],
      values: [3],
    });
  });

  it('takes the part of a shape that is asked for', async () => {
    const nodes: NodeSpec[] = [
      { op: 'Shape', inputs: ['x'], outputs: ['s'], attributes: { start: -1 } },
      last,
    ];
    expect(await folded(nodes)).toMatchObject({ ops: ['Reshape'], values: [3] });
  });

  it('leaves shapes and sizes that depend on a dynamic dimension', async () => {
    const nodes: NodeSpec[] = [
      { op: 'Size', inputs: ['x'], outputs: ['size'] },
      { op: 'Unsqueeze', inputs: ['size', 'one'], outputs: ['s'] },
      last,
    ];
    const { graph } = await model(nodes, { initializers: [one] });
    expect(foldConstants(graph)).toBe(0);
    expect(graph.node).toHaveLength(3);
  });

  it('computes in graphs inside nodes with constants of the graph around them', async () => {
    const body = {
      outputs: [{ name: 'b' }],
      nodes: [
        { op: 'Add', inputs: ['c', 'c'], outputs: ['a'] },
        { op: 'Add', inputs: ['x', 'a'], outputs: ['b'] },
      ],
    };
    const nodes: NodeSpec[] = [
      { op: 'Sqrt', inputs: ['four'], outputs: ['c'] },
      {
        op: 'If',
        inputs: ['flag'],
        outputs: ['y'],
        attributes: { then_branch: { graph: body }, else_branch: { graph: body } },
      },
    ];
    const inputs = [
      { name: 'x', dims: [1] },
      { name: 'flag', type: 'BOOL', dims: [] },
    ] as const;
    const { graph } = await model(nodes, { inputs, initializers: [{ name: 'four', dims: [1], data: [4] }] });
    expect(foldConstants(graph)).toBe(3);
    const inner = graph.node[0]!.attribute.map(({ g }) => Array.from(readNumbers(g!.initializer[0]!)));
    expect(inner).toEqual([[4], [4]]);
  });

  it.each<[string, NodeSpec[], Partial<ModelSpec>]>([
    ['a node that makes an output', [{ op: 'Add', inputs: ['c', 'c'], outputs: ['y'] }], {}],
    ['what a caller can replace', [{ op: 'Add', inputs: ['d', 'd'], outputs: ['s'] }, last], {}],
    [
      'Q/DQ pairs',
      [
        { op: 'QuantizeLinear', inputs: ['c', 'scale'], outputs: ['q'] },
        { op: 'DequantizeLinear', inputs: ['q', 'scale'], outputs: ['s'] },
        last,
      ],
      {},
    ],
    [
      'custom operators',
      [{ op: 'Add', domain: 'own', inputs: ['c', 'c'], outputs: ['s'] }, last],
      { opset: { '': 17, own: 1 } },
    ],
    ['random numbers', [{ op: 'RandomNormalLike', inputs: ['c'], outputs: ['s'] }, last], {}],
    ['texts', [{ op: 'Identity', inputs: ['text'], outputs: ['s'] }, last], {}],
    ['large results', [{ op: 'Expand', inputs: ['c', 'size'], outputs: ['s'] }, last], {}],
  ])('leaves %s alone', async (_, nodes, more) => {
    const kept = await model(nodes, {
      inputs: [
        { name: 'x', dims: [4] },
        { name: 'd', dims: [1] },
      ],
      initializers: [
        { name: 'c', dims: [1], data: [1] },
        { name: 'd', dims: [1], data: [1] },
        { name: 'scale', dims: [], data: [0.1] },
        { name: 'text', type: 'STRING', dims: [1], strings: ['a'] },
        { name: 'size', type: 'INT64', dims: [1], data: [17] },
      ],
      ...more,
    });
    const before = kept.toBytes();
    expect(foldConstants(kept.graph, { mostBytes: 64 })).toBe(0);
    expect(kept.toBytes()).toEqual(before);
  });
});
