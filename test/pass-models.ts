// SPDX-License-Identifier: Apache-2.0
// Models for tests of graph passes: each has something that a pass takes away.

import { makeModel, type GraphSpec, type NodeSpec, type TensorSpec } from './onnx-builder';
import { noise, weight } from './precision-models';

const longs = (name: string, ...data: number[]): TensorSpec => ({
  name,
  type: 'INT64',
  dims: [data.length],
  data,
});
const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes?: NodeSpec['attributes'],
): NodeSpec => ({ op, name: output, inputs, outputs: [output], attributes });

/** `Reshape(x, Concat(Shape(x)[0], 2 * 4))` and a product with turned, cast weights: `x` [batch, 2, 4] to [batch, 3]. */
export function foldableModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: ['batch', 2, 4] }],
    outputs: [{ name: 'y', dims: ['batch', 3] }],
    nodes: [
      node('Shape', ['x'], 'shape'),
      node('Slice', ['shape', 'one', 'end'], 'tail'),
      node('ReduceProd', ['tail'], 'size', { keepdims: 1 }),
      node('Mul', ['size', 'one'], 'size1'),
      node('Concat', ['minus', 'size1'], 'target', { axis: 0 }),
      node('Reshape', ['x', 'target'], 'flat'),
      node('Cast', ['half'], 'full', { to: 1 }),
      node('Transpose', ['full'], 'turned', { perm: [1, 0] }),
      node('MatMul', ['flat', 'turned'], 'product'),
      { op: 'Constant', inputs: [], outputs: ['two'], attributes: { value_float: { float: 2 } } },
      node('Sqrt', ['two'], 'root'),
      node('Mul', ['product', 'root'], 'scaled'),
      node('Dropout', ['scaled'], 'dropped'),
      node('Add', ['dropped', 'zero'], 'sum'),
      node('Identity', ['sum'], 'y'),
      node('Exp', ['flat'], 'unread'),
    ],
    initializers: [
      longs('one', 1),
      longs('end', 2 ** 40),
      longs('minus', -1),
      { name: 'half', type: 'FLOAT16', dims: [3, 8], data: Array.from(noise(24, 0.5, 3)) },
      { name: 'zero', dims: [], data: [0] },
      longs('nobody', 3),
    ],
    valueInfo: [{ name: 'gone', dims: [1] }],
  });
}

/** A convolution as a channels-last framework writes it: `x` [batch, 8, 8, 3] to [batch, 8, 8, 4]. */
export function channelsLastModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: ['batch', 8, 8, 3] }],
    outputs: [{ name: 'y', dims: ['batch', 8, 8, 4] }],
    nodes: [
      node('Transpose', ['x'], 'x1', { perm: [0, 3, 1, 2] }),
      node('Conv', ['x1', 'w'], 'c1', { pads: [1, 1, 1, 1] }),
      node('Transpose', ['c1'], 'c2', { perm: [0, 2, 3, 1] }),
      node('Add', ['c2', 'bias'], 'b1'),
      node('Relu', ['b1'], 'b2'),
      node('Clip', ['b2', 'low', 'high'], 'b3'),
      node('Transpose', ['b3'], 'd1', { perm: [0, 3, 1, 2] }),
      node('Conv', ['d1', 'v'], 'd2', { pads: [1, 1, 1, 1] }),
      node('Transpose', ['d2'], 'd3', { perm: [0, 2, 3, 1] }),
      node('Transpose', ['d3'], 'e1', { perm: [0, 2, 1, 3] }),
      node('Transpose', ['e1'], 'e2', { perm: [0, 2, 1, 3] }),
      node('Sigmoid', ['e2'], 'y'),
    ],
    initializers: [
      weight('w', [4, 3, 3, 3], 0.4),
      weight('bias', [4], 0.3),
      { name: 'low', dims: [], data: [0] },
      { name: 'high', dims: [], data: [6] },
      weight('v', [4, 4, 3, 3], 0.4),
    ],
    valueInfo: [{ name: 'b2', dims: ['batch', 8, 8, 4] }],
  });
}

const normalize = (from: string, to: string, size: number): NodeSpec =>
  node('BatchNormalization', [from, ...['g', 'b', 'm', 'v'].map((name) => `${name}${size}`)], to);
const parameters = (size: number): TensorSpec[] => [
  { name: `g${size}`, dims: [size], data: noise(size, 0.3, 1).map((value) => 1 + value) },
  { name: `b${size}`, dims: [size], data: noise(size, 0.3, 2) },
  { name: `m${size}`, dims: [size], data: noise(size, 0.3, 3) },
  { name: `v${size}`, dims: [size], data: noise(size, 0.3, 4).map((value) => 1 + value) },
];

/** Batch normalisations behind every operator that they go into: `x` [batch, 8, 4, 4] to [batch, 6]. */
export function normalizedChainModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: ['batch', 8, 4, 4] }],
    outputs: [{ name: 'y', dims: ['batch', 6] }],
    nodes: [
      node('Conv', ['x', 'w1'], 'c1', { group: 2 }),
      node('Mul', ['c1', 'scale'], 'c2'),
      node('Add', ['shift', 'c2'], 'c3'),
      normalize('c3', 'c4', 8),
      node('Mul', ['c4', 'scale'], 'c4_scaled'),
      node('Sub', ['c4_scaled', 'shift'], 'c4_shifted'),
      node('Relu', ['c4_shifted'], 'c5'),
      node('ConvTranspose', ['c5', 'w2'], 't1', { group: 2 }),
      normalize('t1', 't2', 6),
      node('GlobalAveragePool', ['t2'], 'p'),
      node('Flatten', ['p'], 'f'),
      { ...node('Gemm', ['f', 'w3', 'w3_b'], 'g1_'), attributes: { transB: 1, beta: { float: 0.5 } } },
      normalize('g1_', 'g2_', 8),
      node('MatMul', ['g2_', 'w4'], 'q1'),
      node('Add', ['q1', 'w4_b'], 'q2'),
      normalize('q2', 'q3', 6),
      node('MatMul', ['q3', 'w5'], 'r1'),
      normalize('r1', 'y', 6),
    ],
    initializers: [
      weight('w1', [8, 4, 3, 3], 0.4),
      weight('scale', [8, 1, 1], 1),
      { name: 'shift', dims: [], data: [0.25] },
      weight('w2', [8, 3, 2, 2], 0.4),
      weight('w3', [8, 6], 0.5),
      weight('w3_b', [8], 0.5),
      weight('w4', [8, 6], 0.5),
      weight('w4_b', [6], 0.5),
      weight('w5', [6, 6], 0.5),
      ...parameters(8),
      ...parameters(6),
    ],
  });
}

/** How a decomposed layer normalisation is written. */
export interface DecomposedStyle {
  readonly square?: 'Pow' | 'Mul';
  readonly quotient?: 'Div' | 'Reciprocal';
  readonly parameters?: boolean;
  readonly opset?: number;
}

/** A layer normalisation of many nodes and a GELU: `x` [batch, 4, 16]. */
export function decomposedModel(style: DecomposedStyle = {}): Uint8Array {
  const { square = 'Pow', quotient = 'Div', parameters: isFull = true, opset = 17 } = style;
  const isReciprocal = quotient === 'Reciprocal';
  return makeModel({
    opset,
    inputs: [{ name: 'x', dims: ['batch', 4, 16] }],
    outputs: [{ name: 'y', dims: ['batch', 4, 16] }],
    nodes: [
      node('ReduceMean', ['x'], 'mean', { axes: [-1] }),
      node('Sub', ['x', 'mean'], 'centred'),
      node(square, ['centred', square === 'Pow' ? 'two' : 'centred'], 'square'),
      node('ReduceMean', ['square'], 'variance', { axes: [2] }),
      node('Add', ['variance', 'epsilon'], 'raised'),
      node('Sqrt', ['raised'], 'root'),
      ...(isReciprocal ? [node('Reciprocal', ['root'], 'inverse')] : []),
      node(isReciprocal ? 'Mul' : 'Div', ['centred', isReciprocal ? 'inverse' : 'root'], 'normal'),
      ...(isFull ? [node('Mul', ['gamma', 'normal'], 'scaled'), node('Add', ['scaled', 'beta'], 'n')] : []),
      ...(isFull ? [] : [node('Relu', ['normal'], 'n')]),
      node('Div', ['n', 'root2'], 'e1'),
      node('Erf', ['e1'], 'e2'),
      node('Add', ['e2', 'one'], 'e3'),
      node('Mul', ['n', 'e3'], 'e4'),
      node('Mul', ['e4', 'half'], 'y'),
    ],
    initializers: [
      { name: 'two', dims: [], data: [2] },
      { name: 'epsilon', dims: [], data: [1e-5] },
      { name: 'root2', dims: [], data: [Math.SQRT2] },
      { name: 'one', dims: [], data: [1] },
      { name: 'half', dims: [], data: [0.5] },
      { name: 'gamma', dims: [1, 1, 16], data: noise(16, 0.3, 5).map((value) => 1 + value) },
      weight('beta', [16], 0.3),
    ],
  });
}

/** Two products and a convolution that share weights: `x` [2, 8] to [2, 8]. */
export function sharedWeightsModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: [2, 8] }],
    outputs: [{ name: 'y', dims: [2, 8] }],
    nodes: [
      node('MatMul', ['x', 'w'], 'a'),
      node('Relu', ['a'], 'b'),
      node('MatMul', ['b', 'w'], 'c'),
      node('Gemm', ['c', 'w', 'bias'], 'd'),
      node('Gemm', ['d', 'table', 'bias'], 'e', { transB: 1 }),
      node('Gather', ['table', 'index'], 'row'),
      node('Add', ['e', 'row'], 'y'),
    ],
    initializers: [
      weight('w', [8, 8], 0.4),
      weight('bias', [8], 0.3),
      weight('table', [8, 8], 0.3),
      longs('index', 1),
    ],
  });
}

/** An If of a constant condition, one of its branches with an If of an input inside: `x` [4], `flag`. */
export function knownBranchModel(): Uint8Array {
  const pass = (from: string): GraphSpec => ({
    outputs: [{ name: 'out', dims: [4] }],
    nodes: [node('Neg', [from], 'out')],
  });
  const taken: GraphSpec = {
    outputs: [
      { name: 'first', dims: [4] },
      { name: 'same', dims: [4] },
    ],
    nodes: [
      node('Identity', ['x'], 'same'),
      node('Add', ['x', 'c'], 'inner'),
      {
        ...node('If', ['flag'], 'first'),
        attributes: { then_branch: { graph: pass('inner') }, else_branch: { graph: pass('x') } },
      },
    ],
    initializers: [{ name: 'c', dims: [4], data: [1, 2, 3, 4] }],
  };
  const other: GraphSpec = {
    outputs: [
      { name: 'u', dims: [4] },
      { name: 'v', dims: [4] },
    ],
    nodes: [node('Abs', ['x'], 'u'), node('Exp', ['x'], 'v')],
  };
  return makeModel({
    inputs: [
      { name: 'x', dims: [4] },
      { name: 'flag', type: 'BOOL', dims: [] },
    ],
    outputs: [{ name: 'y', dims: [4] }],
    nodes: [
      node('Greater', ['high', 'low'], 'is'),
      {
        op: 'If',
        name: 'choose',
        inputs: ['is'],
        outputs: ['one', 'two'],
        attributes: { then_branch: { graph: taken }, else_branch: { graph: other } },
      },
      node('Mul', ['one', 'two'], 'inner'),
      node('Mul', ['inner', 'c'], 'y'),
    ],
    initializers: [
      { name: 'high', dims: [], data: [2] },
      { name: 'low', dims: [], data: [1] },
      { name: 'c', dims: [4], data: [4, 3, 2, 1] },
    ],
  });
}

/** Two calls of a function of the model's own, which calls another: `x` [4]. */
export function functionModel(): Uint8Array {
  return makeModel({
    opset: { '': 17, own: 1 },
    inputs: [{ name: 'x', dims: [4] }],
    outputs: [{ name: 'y', dims: [4] }],
    nodes: [
      { ...node('Scale', ['x'], 'a', { alpha: { float: 0.5 } }), domain: 'own' },
      { ...node('Scale', ['a'], 'y'), domain: 'own' },
    ],
    functions: [
      {
        name: 'Scale',
        domain: 'own',
        inputs: ['in'],
        outputs: ['out'],
        nodes: [
          node('LeakyRelu', ['in'], 'x', { alpha: { reference: 'alpha', type: 1 } }),
          { ...node('Twice', ['x'], 'out'), domain: 'own' },
        ],
      },
      { name: 'Twice', domain: 'own', inputs: ['x'], outputs: ['y'], nodes: [node('Add', ['x', 'x'], 'y')] },
    ],
  });
}
