// SPDX-License-Identifier: Apache-2.0
// Models for tests of precision: small, with weights drawn from a seed.

import { createUniform } from '../lib/random';
import { makeModel, type NodeSpec, type TensorSpec } from './onnx-builder';

/** Reproducible values around zero. */
export function noise(count: number, scale: number, seed: number): Float32Array {
  const random = createUniform(seed);
  return Float32Array.from({ length: count }, () => (random() + random() + random() - 1.5) * scale);
}

/** A weight tensor. */
export function weight(name: string, dims: readonly number[], scale: number, seed = name.length): TensorSpec {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { name, dims, data: noise(count, scale, seed + count) };
}

const conv = (name: string, from: string, to: string): NodeSpec => ({
  op: 'Conv',
  name,
  inputs: [from, `${name}_w`, `${name}_b`],
  outputs: [to],
  attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
});

/** A convolutional network with a residual block: `images` [batch, 3, 16, 16] to `logits` [batch, 32]. */
export function residualModel(opset = 17): Uint8Array {
  return makeModel({
    opset,
    inputs: [{ name: 'images', dims: ['batch', 3, 16, 16] }],
    outputs: [{ name: 'logits', dims: ['batch', 32] }],
    nodes: [
      conv('stem', 'images', 's0'),
      { op: 'Relu', name: 'relu0', inputs: ['s0'], outputs: ['s1'] },
      conv('left', 's1', 'l0'),
      { op: 'Relu', name: 'relu1', inputs: ['l0'], outputs: ['l1'] },
      conv('right', 'l1', 'r0'),
      { op: 'Add', name: 'join', inputs: ['r0', 's1'], outputs: ['j0'] },
      { op: 'Relu', name: 'relu2', inputs: ['j0'], outputs: ['j1'] },
      {
        op: 'MaxPool',
        name: 'pool',
        inputs: ['j1'],
        outputs: ['p0'],
        attributes: { kernel_shape: [4, 4], strides: [4, 4] },
      },
      { op: 'Flatten', name: 'flatten', inputs: ['p0'], outputs: ['f0'] },
      {
        op: 'Gemm',
        name: 'head',
        inputs: ['f0', 'head_w', 'head_b'],
        outputs: ['logits'],
        attributes: { transB: 1 },
      },
    ],
    initializers: [
      weight('stem_w', [16, 3, 3, 3], 0.5),
      weight('stem_b', [16], 0.1),
      weight('left_w', [16, 16, 3, 3], 0.2),
      weight('left_b', [16], 0.1),
      weight('right_w', [16, 16, 3, 3], 0.2),
      weight('right_b', [16], 0.1),
      weight('head_w', [32, 256], 0.1),
      weight('head_b', [32], 0.1),
    ],
  });
}

/** Attention of one head with a mask of the lowest FLOAT, layer normalisation and GELU: `x` [batch, 8, 32]. */
export function attentionModel(opset = 17): Uint8Array {
  const matmul = (name: string, from: string, to: string): NodeSpec => ({
    op: 'MatMul',
    name,
    inputs: [from, `${name}_w`],
    outputs: [to],
  });
  return makeModel({
    opset,
    inputs: [
      { name: 'x', dims: ['batch', 8, 32] },
      { name: 'mask', dims: ['batch', 1, 8] },
    ],
    outputs: [{ name: 'y', dims: ['batch', 8, 32] }],
    nodes: [
      {
        op: 'LayerNormalization',
        name: 'norm',
        inputs: ['x', 'gamma', 'beta'],
        outputs: ['n'],
        attributes: { axis: -1 },
      },
      matmul('query', 'n', 'q'),
      matmul('key', 'n', 'k'),
      matmul('value', 'n', 'v'),
      { op: 'Transpose', name: 'turn', inputs: ['k'], outputs: ['kt'], attributes: { perm: [0, 2, 1] } },
      { op: 'MatMul', name: 'scores', inputs: ['q', 'kt'], outputs: ['s'] },
      { op: 'Sub', name: 'invert', inputs: ['one', 'mask'], outputs: ['hidden'] },
      { op: 'Mul', name: 'lowest', inputs: ['hidden', 'low'], outputs: ['bias'] },
      { op: 'Add', name: 'masked', inputs: ['s', 'bias'], outputs: ['sm'] },
      { op: 'Softmax', name: 'softmax', inputs: ['sm'], outputs: ['p'], attributes: { axis: -1 } },
      { op: 'MatMul', name: 'mix', inputs: ['p', 'v'], outputs: ['m'] },
      { op: 'Add', name: 'join', inputs: ['m', 'x'], outputs: ['j'] },
      matmul('up', 'j', 'u'),
      { op: 'Div', name: 'g1', inputs: ['u', 'root2'], outputs: ['g1'] },
      { op: 'Erf', name: 'g2', inputs: ['g1'], outputs: ['g2'] },
      { op: 'Add', name: 'g3', inputs: ['g2', 'one'], outputs: ['g3'] },
      { op: 'Mul', name: 'g4', inputs: ['u', 'g3'], outputs: ['g4'] },
      matmul('down', 'g4', 'd'),
      { op: 'Add', name: 'join2', inputs: ['d', 'j'], outputs: ['y'] },
    ],
    initializers: [
      { name: 'gamma', dims: [32], data: noise(32, 0.1, 1).map((value) => 1 + value) },
      weight('beta', [32], 0.1),
      weight('query_w', [32, 32], 0.2, 1),
      weight('key_w', [32, 32], 0.2, 2),
      weight('value_w', [32, 32], 0.2, 3),
      weight('up_w', [32, 64], 0.2),
      weight('down_w', [64, 32], 0.2),
      { name: 'one', dims: [], data: [1] },
      { name: 'low', dims: [], data: [-3.4028234663852886e38] },
      { name: 'root2', dims: [], data: [Math.SQRT2] },
    ],
  });
}

/** Signal to quantisation noise of `actual` against `expected`, in decibels. */
export function sqnr(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  let signal = 0;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    signal += expected[i]! ** 2;
    error += (expected[i]! - actual[i]!) ** 2;
  }
  return 10 * Math.log10(signal / error);
}

/** Convolution, depth-wise convolution and transposed convolution, each with a batch normalisation: `images` to `y`. */
export function normalizedModel(): Uint8Array {
  const normalize = (name: string, from: string, to: string): NodeSpec => ({
    op: 'BatchNormalization',
    name,
    inputs: [from, 'g', 'b', 'm', 'v'],
    outputs: [to],
  });
  const pads = { pads: [1, 1, 1, 1] };
  return makeModel({
    inputs: [{ name: 'images', dims: ['batch', 3, 16, 16] }],
    outputs: [{ name: 'y', dims: ['batch', 8, 32, 32] }],
    nodes: [
      { op: 'Conv', name: 'c1', inputs: ['images', 'c1_w'], outputs: ['c1_o'], attributes: pads },
      normalize('n1', 'c1_o', 'n1_o'),
      { op: 'Relu', name: 'r1', inputs: ['n1_o'], outputs: ['r1_o'] },
      {
        op: 'Conv',
        name: 'c2',
        inputs: ['r1_o', 'c2_w'],
        outputs: ['c2_o'],
        attributes: { ...pads, group: 16 },
      },
      normalize('n2', 'c2_o', 'n2_o'),
      { op: 'HardSwish', name: 'h2', inputs: ['n2_o'], outputs: ['h2_o'] },
      {
        op: 'ConvTranspose',
        name: 'c3',
        inputs: ['h2_o', 'c3_w'],
        outputs: ['y'],
        attributes: { strides: [2, 2] },
      },
    ],
    initializers: [
      weight('c1_w', [16, 3, 3, 3], 0.5),
      weight('c2_w', [16, 1, 3, 3], 0.5),
      weight('c3_w', [16, 8, 2, 2], 0.5),
      { name: 'g', dims: [16], data: noise(16, 0.3, 1).map((value) => 1 + value) },
      { name: 'b', dims: [16], data: noise(16, 0.3, 2) },
      { name: 'm', dims: [16], data: noise(16, 0.3, 3) },
      { name: 'v', dims: [16], data: noise(16, 0.3, 4).map((value) => 1 + value) },
    ],
  });
}

/** A product of `x` [2, 16], then times 60,000 and back: no constant is beyond FP16, but a value is. */
export function overflowModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: [2, 16] }],
    outputs: [{ name: 'y', dims: [2, 16] }],
    nodes: [
      { op: 'MatMul', name: 'fc', inputs: ['x', 'w'], outputs: ['a'] },
      { op: 'Mul', name: 'grow', inputs: ['a', 'large'], outputs: ['b'] },
      { op: 'Mul', name: 'shrink', inputs: ['b', 'small'], outputs: ['y'] },
    ],
    initializers: [
      weight('w', [16, 16], 1),
      { name: 'large', dims: [], data: [60000] },
      { name: 'small', dims: [], data: [1e-4] },
    ],
  });
}

/** A loop that multiplies the rows of `x` [2, 16] by a matrix of the graph around it, three times. */
export function loopModel(): Uint8Array {
  const body = {
    inputs: [
      { name: 'i', type: 'INT64' as const, dims: [] },
      { name: 'go', type: 'BOOL' as const, dims: [] },
      { name: 'value', dims: [2, 16] },
    ],
    outputs: [
      { name: 'go_out', type: 'BOOL' as const, dims: [] },
      { name: 'value_out', dims: [2, 16] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['go'], outputs: ['go_out'] },
      { op: 'MatMul', name: 'step', inputs: ['value', 'w'], outputs: ['product'] },
      { op: 'Relu', inputs: ['product'], outputs: ['value_out'] },
    ],
  };
  return makeModel({
    inputs: [{ name: 'x', dims: [2, 16] }],
    outputs: [{ name: 'y', dims: [2, 16] }],
    nodes: [
      {
        op: 'Loop',
        name: 'loop',
        inputs: ['count', 'go_on', 'x'],
        outputs: ['y'],
        attributes: { body: { graph: body } },
      },
    ],
    initializers: [
      { name: 'count', type: 'INT64', dims: [], data: [3] },
      { name: 'go_on', type: 'BOOL', dims: [], data: [1] },
      weight('w', [16, 16], 0.5),
    ],
  });
}

const shape = (name: string, ...data: number[]): TensorSpec => ({
  name,
  type: 'INT64',
  dims: [data.length],
  data,
});
const small = (name: string): TensorSpec => ({ name, dims: [], data: [0.5] });

/** Inputs after the first, and attributes, of operators that need some. The first input is [2, 8, 8, 8]. */
const OPERATOR_NEEDS: Readonly<
  Record<
    string,
    { more?: readonly (TensorSpec | 'x')[]; attributes?: NodeSpec['attributes']; outputs?: number }
  >
> = {
  Add: { more: ['x'] },
  AveragePool: { attributes: { kernel_shape: [2, 2] } },
  Clip: { more: [{ name: 'low', dims: [], data: [-0.5] }, small('high')] },
  Concat: { more: ['x'], attributes: { axis: 1 } },
  Conv: { more: [weight('w', [4, 8, 3, 3], 0.3)] },
  ConvTranspose: { more: [weight('w', [8, 4, 2, 2], 0.3)] },
  DepthToSpace: { attributes: { blocksize: 2 } },
  Div: { more: [small('c')] },
  Expand: { more: [shape('s', 2, 8, 8, 8)] },
  Gather: { more: [shape('i', 1, 0)], attributes: { axis: 1 } },
  GatherElements: {
    more: [{ name: 'i', type: 'INT64', dims: [1, 1, 1, 1], data: [1] }],
    attributes: { axis: 1 },
  },
  Gemm: { more: [weight('w', [512, 4], 0.1)] },
  MatMul: { more: [weight('w', [8, 4], 0.3)] },
  Max: { more: ['x', small('c')] },
  MaxPool: { attributes: { kernel_shape: [2, 2] } },
  Min: { more: ['x', small('c')] },
  Mul: { more: ['x'] },
  PRelu: { more: [weight('slope', [8, 1, 1], 0.3)] },
  Pad: { more: [shape('p', 0, 0, 1, 1, 0, 0, 1, 1), small('v')] },
  Reshape: { more: [shape('s', 2, -1)] },
  Resize: {
    more: [
      { name: 'roi', dims: [0], data: [] },
      { name: 'scales', dims: [4], data: [1, 1, 2, 2] },
    ],
  },
  Slice: { more: [shape('b', 0), shape('e', 4), shape('a', 1)] },
  SpaceToDepth: { attributes: { blocksize: 2 } },
  Split: { more: [shape('s', 4, 4)], attributes: { axis: 1 }, outputs: 2 },
  Squeeze: {},
  Sub: { more: [small('c')] },
  Sum: { more: ['x', 'x'] },
  Tile: { more: [shape('r', 1, 2, 1, 1)] },
  Transpose: { attributes: { perm: [0, 2, 3, 1] } },
  Unsqueeze: { more: [shape('a', 0)] },
};

/** An operator between two multiplications, which decide the type for operators that follow: `x` [2, 8, 8, 8]. */
export function operatorModel(op: string, opset = 20): Uint8Array {
  const { more = [], attributes = {}, outputs = 1 } = OPERATOR_NEEDS[op] ?? {};
  const tensors = more.filter((one) => one !== 'x');
  const first = op === 'Gemm' ? 'flat' : 'm';
  const inputs = [first, ...more.map((one) => (one === 'x' ? 'm' : one.name))];
  const made = Array.from({ length: outputs }, (_, index) => `made${index}`);
  const condition = op === 'Where';
  return makeModel({
    opset,
    irVersion: 9,
    inputs: [{ name: 'x', dims: [2, 8, 8, 8] }],
    outputs: made.map((_, index) => ({ name: `y${index}` })),
    nodes: [
      { op: 'Mul', name: 'before', inputs: ['x', 'factor'], outputs: ['m'] },
      ...(op === 'Gemm' ? [{ op: 'Flatten', inputs: ['m'], outputs: ['flat'] }] : []),
      ...(condition ? [{ op: 'Greater', inputs: ['x', 'factor'], outputs: ['is'] }] : []),
      { op, name: 'it', inputs: condition ? ['is', 'm', 'factor'] : inputs, outputs: made, attributes },
      ...made.map((name, index) => ({
        op: 'Mul',
        name: `after${index}`,
        inputs: [name, 'factor'],
        outputs: [`y${index}`],
      })),
    ],
    initializers: [{ name: 'factor', dims: [], data: [0.75] }, ...tensors],
  });
}
