// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { addToBias, findBiasSites } from '../../../../lib/compress/correct/bias-sites';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { makeModel, type ModelSpec, type NodeSpec } from '../../../onnx-builder';

const dequantize: NodeSpec = { op: 'DequantizeLinear', inputs: ['w8', 'scale', 'zero'], outputs: ['w'] };

/** Operators on the quantised matrix `w` [2, 2] that `x` goes through. */
function quantized(nodes: readonly NodeSpec[], initializers: ModelSpec['initializers'] = []) {
  return loadModel(
    makeModel({
      inputs: [{ name: 'x', dims: ['n', 2] }],
      outputs: [{ name: 'y', dims: ['n', 2] }],
      nodes: [dequantize, ...nodes],
      initializers: [
        { name: 'w8', type: 'INT8', dims: [2, 2], data: [1, 2, 3, 4] },
        { name: 'scale', dims: [], data: [1] },
        { name: 'zero', type: 'INT8', dims: [], data: [0] },
        { name: 'b', dims: [2], data: [10, 20] },
        ...initializers,
      ],
    }),
  );
}

const delta = Float64Array.of(1, -2);
async function correct(nodes: readonly NodeSpec[], initializers: ModelSpec['initializers'] = []) {
  const { graph } = await quantized(nodes, initializers);
  const [site] = findBiasSites(graph);
  const done = addToBias(graph, site!, delta);
  const valuesOf = (name: string | undefined) => {
    const tensor = graph.initializer.find((one) => one.name === name);
    return tensor && [...readFloats(tensor)];
  };
  return { done, nodes: graph.node.slice(1), valuesOf };
}

describe('addToBias', () => {
  it('replaces the bias of a Gemm, also where others read the old one', async () => {
    const gemm: NodeSpec = { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['y'] };
    const { done, nodes, valuesOf } = await correct([gemm]);
    expect([done, valuesOf(nodes[0]!.input[2]), valuesOf('b')]).toEqual([true, [11, 18], [10, 20]]);
  });

  it('gives a bias to one that has none', async () => {
    const { done, nodes, valuesOf } = await correct([{ op: 'Gemm', inputs: ['x', 'w'], outputs: ['y'] }]);
    expect([done, valuesOf(nodes[0]!.input[2])]).toEqual([true, [1, -2]]);
  });

  it('replaces the constant that is added behind a MatMul', async () => {
    const { nodes, valuesOf } = await correct([
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['p'] },
      { op: 'Add', inputs: ['b', 'p'], outputs: ['y'] },
    ]);
    expect(nodes).toHaveLength(2);
    expect(valuesOf(nodes[1]!.input[0])).toEqual([11, 18]);
  });

  it('inserts an addition behind a MatMul without a bias, whose result keeps its name', async () => {
    const { nodes, valuesOf } = await correct([{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }]);
    expect(nodes.map(({ opType }) => opType)).toEqual(['MatMul', 'Add']);
    expect(nodes[1]!.output).toEqual(['y']);
    expect(nodes[1]!.input[0]).toBe(nodes[0]!.output[0]);
    expect(valuesOf(nodes[1]!.input[1])).toEqual([1, -2]);
  });

  it.each<[string, NodeSpec]>([
    ['a bias that is computed', { op: 'Gemm', inputs: ['x', 'w', 'x'], outputs: ['y'] }],
    ['a bias that is no vector', { op: 'Gemm', inputs: ['x', 'w', 'one'], outputs: ['y'] }],
    [
      'a factor for the bias',
      { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes: { beta: { float: 0.5 } } },
    ],
  ])('leaves %s alone', async (_, gemm) => {
    const { done, nodes } = await correct([gemm], [{ name: 'one', dims: [1], data: [1] }]);
    expect([done, nodes[0]!.input]).toEqual([false, gemm.inputs]);
  });
});

describe('findBiasSites', () => {
  it('counts the quantised operators in front of each', async () => {
    const { graph } = await quantized([
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['p'] },
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['q'] },
      { op: 'Add', inputs: ['p', 'q'], outputs: ['s'] },
      { op: 'Gemm', inputs: ['s', 'w'], outputs: ['y'] },
      { op: 'MatMul', inputs: ['x', 'b'], outputs: ['float'] },
    ]);
    expect(findBiasSites(graph).map(({ tensor, depth }) => [tensor, depth])).toEqual([
      ['p', 0],
      ['q', 0],
      ['y', 1],
    ]);
  });
});
