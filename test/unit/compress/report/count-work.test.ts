// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { countWork } from '../../../../lib/compress/report/count-work';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { makeModel } from '../../../onnx-builder';

const MODEL = makeModel({
  inputs: [{ name: 'x', dims: ['batch', 4, 'height', 6] }],
  outputs: [{ name: 'y' }],
  initializers: [
    { name: 'w', dims: [8, 2, 3, 3] },
    { name: 'b', dims: [8] },
    { name: 't', dims: [8, 5, 2, 2] },
    { name: 'g', dims: [10, 5] },
    { name: 'axes', type: 'INT64', dims: [2], data: [2, 3] },
  ],
  nodes: [
    {
      op: 'Conv',
      name: 'conv',
      inputs: ['x', 'w', 'b'],
      outputs: ['c'],
      attributes: { group: 2, pads: [1, 1, 1, 1] },
    },
    { op: 'ConvTranspose', name: 'up', inputs: ['c', 't'], outputs: ['u'], attributes: { strides: [2, 2] } },
    {
      op: 'ReduceMax',
      name: 'max',
      inputs: ['u'],
      outputs: ['m'],
      attributes: { axes: [2, 3], keepdims: 0 },
    },
    { op: 'Gemm', name: 'gemm', inputs: ['m', 'g'], outputs: ['y'], attributes: { transB: 1 } },
  ],
});

test('counts parameters, and multiply-adds for the dims that are given', async () => {
  const count = countWork(await loadModel(MODEL), { x: [2, 4, 5, 6] });
  expect(count.parameters).toBe(8 * 2 * 9 + 8 + 8 * 5 * 4 + 50);
  expect(count.nodes).toEqual([
    { node: 'conv', op: 'Conv', multiplyAdds: 2 * 8 * 5 * 6 * 2 * 9 },
    { node: 'up', op: 'ConvTranspose', multiplyAdds: 2 * 8 * 5 * 6 * 5 * 4 },
    { node: 'gemm', op: 'Gemm', multiplyAdds: 2 * 10 * 5 },
  ]);
  expect(count.multiplyAdds).toBe(8640 + 9600 + 100);
  expect(count.unknown).toEqual([]);
});

test('dynamic dimensions that nobody tells are 1', async () => {
  const count = countWork(await loadModel(MODEL));
  expect(count.inputs).toEqual({ x: [1, 4, 1, 6] });
  expect(count.nodes[0]!.multiplyAdds).toBe(8 * 6 * 2 * 9);
});

test('says which work it cannot count', async () => {
  const model = makeModel({
    inputs: [{ name: 'a' }, { name: 'b' }],
    outputs: [{ name: 'y' }],
    nodes: [{ op: 'MatMul', name: 'product', inputs: ['a', 'b'], outputs: ['y'] }],
  });
  expect(countWork(await loadModel(model)).unknown).toEqual(['product']);
});

test('counts weights in Constant nodes, and says so of products of integers', async () => {
  const model = makeModel({
    inputs: [{ name: 'x', dims: [2, 3] }],
    outputs: [{ name: 'y' }],
    nodes: [
      {
        op: 'Constant',
        name: 'c',
        inputs: [],
        outputs: ['w'],
        attributes: {
          value: { tensor: { name: '', dims: [3, 4], data: Array.from({ length: 12 }, () => 1) } },
        },
      },
      { op: 'MatMul', name: 'product', inputs: ['x', 'w'], outputs: ['p'] },
      { op: 'MatMulInteger', name: 'whole', inputs: ['a', 'b'], outputs: ['y'] },
    ],
  });
  const { parameters, unknown } = countWork(await loadModel(model));
  expect([parameters, unknown]).toEqual([12, ['whole']]);
});
