// SPDX-License-Identifier: Apache-2.0
// Layers of every form: convolutions in groups and transposed, products with the weights on either side, biases of any rank.

import { images, inputsOf, vectors, type GraphCase } from './graph-case';
import { half, WIDTH, type GraphSketch, type LayerSketch } from './graph-sketch';
import { halfOf } from './planted-weights';

const perGroup = halfOf(WIDTH / 2);
const inside = { inputs: half, outputs: half };

/** 1 x 1, a layer in between, 1 x 1. */
const between =
  (first: LayerSketch, middle: LayerSketch, last: LayerSketch) =>
  (g: GraphSketch): void => {
    g.images();
    g.conv(g.relu(g.conv(g.relu(g.conv('x', 'a', first)), 'b', middle)), 'y', last);
  };

const biasOf = (name: string, dims: readonly number[]): GraphCase => ({
  name: `a bias of MatMul of dims [${dims.join(', ')}]`,
  hasData: dims.length > 1,
  feeds: vectors,
  draw: (g) => {
    g.add('MatMul', ['x', g.matrix('w', { outputs: half })], 'm');
    // One for all units is none of those that are spared.
    const isOne = dims.every((dim) => dim === 1) && g.operation === 'channels';
    g.add('Add', [isOne ? g.bias(name, () => true, dims) : g.bias(name, half, dims), 'm'], 'a');
    g.dense(g.relu('a'), 'y', { inputs: half });
  },
});

export const LAYER_CASES: readonly GraphCase[] = [
  {
    name: 'convolutions',
    hasData: true,
    feeds: images,
    draw: between({ outputs: half }, { ...inside, dims: [16, 16, 3, 3] }, { inputs: half }),
  },
  {
    name: 'convolutions without biases',
    feeds: images,
    draw: between(
      { outputs: half, hasBias: false },
      { ...inside, dims: [16, 16, 3, 3], hasBias: false },
      { inputs: half, hasBias: false },
    ),
  },
  {
    name: 'a convolution in groups',
    hasData: true,
    feeds: images,
    draw: between(
      { outputs: perGroup },
      {
        inputs: perGroup,
        outputs: perGroup,
        dims: [16, 8, 3, 3],
        attributes: { group: 2, pads: [1, 1, 1, 1] },
      },
      { inputs: perGroup },
    ),
    kept: { factorize: { b: /2 groups/ } },
  },
  {
    name: 'a depth-wise convolution',
    hasData: true,
    feeds: images,
    draw: between(
      { outputs: half },
      { outputs: half, dims: [16, 1, 3, 3], attributes: { group: 16 } },
      { inputs: half },
    ),
    kept: { factorize: { b: /depth-wise/ }, cluster: { b: /too few/ } },
  },
  {
    name: 'a depth-wise convolution with two outputs a channel',
    feeds: images,
    draw: between(
      { outputs: half },
      { outputs: halfOf(32), dims: [32, 1, 3, 3], attributes: { group: 16 } },
      { inputs: halfOf(32), dims: [16, 32, 1, 1] },
    ),
  },
  {
    name: 'a transposed convolution',
    feeds: images,
    draw: between(
      { outputs: half },
      {
        ...inside,
        op: 'ConvTranspose',
        dims: [16, 16, 3, 3],
        attributes: { strides: [2, 2], pads: [1, 0, 0, 1], output_padding: [1, 1] },
      },
      { inputs: half },
    ),
    kept: { factorize: { b: /transposed/ } },
  },
  {
    name: 'a transposed convolution in groups',
    feeds: images,
    draw: between(
      { outputs: perGroup },
      {
        inputs: perGroup,
        outputs: perGroup,
        op: 'ConvTranspose',
        dims: [16, 8, 3, 3],
        attributes: { group: 2, strides: [2, 2] },
      },
      { inputs: perGroup },
    ),
  },
  {
    name: 'a convolution along one axis',
    feeds: inputsOf(2, 16, 9),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: ['batch', 16, 9] }];
      g.conv('x', 'a', { outputs: half, dims: [16, 16, 3], attributes: { dilations: [2], pads: [2, 1] } });
      g.conv(g.relu('a'), 'y', {
        inputs: half,
        dims: [16, 16, 3],
        attributes: { strides: [2], auto_pad: 'SAME_LOWER' },
      });
    },
  },
  {
    name: 'a convolution along three axes',
    feeds: inputsOf(1, 16, 4, 4, 4),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: ['batch', 16, 4, 4, 4] }];
      g.conv('x', 'a', { outputs: half, dims: [16, 16, 2, 3, 2], attributes: { pads: [0, 1, 1, 1, 0, 0] } });
      g.conv(g.relu('a'), 'y', { inputs: half, dims: [16, 16, 1, 2, 1], attributes: { strides: [1, 2, 1] } });
    },
  },
  {
    name: 'a Gemm with everything turned and multiplied',
    hasData: true,
    feeds: inputsOf(16, 4),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: [16, 'batch'] }];
      const first = g.weight('a_w', [16, 16], { outputs: half });
      g.add('Gemm', ['x', first, g.bias('a_b', half)], 'a', {
        transA: 1,
        transB: 1,
        alpha: { float: 0.5 },
        beta: { float: 2 },
      });
      g.add('Gemm', [g.relu('a'), g.matrix('b_w', inside)], 'b');
      g.add('Gemm', ['b', g.matrix('d_w', inside), g.bias('d_b', half, [1, 16])], 'd');
      g.add('Gemm', [g.relu('d'), g.matrix('y_w', { inputs: half }), g.bias('y_b', undefined, [])], 'y');
    },
    kept: { factorize: { a: /alpha/ } },
  },
  {
    name: 'a Gemm whose product counts for nothing',
    feeds: vectors,
    draw: (g) => {
      g.add('Gemm', ['x', g.matrix('w'), g.bias('b')], 'a', { alpha: { float: 0 } });
      g.pair(g.add('Add', ['a', 'x'], 's'), 'y');
    },
    kept: { prune: { a: /alpha = 0/ }, factorize: { a: /alpha = 0/ } },
  },
  {
    name: 'a Gemm with the weights first',
    feeds: inputsOf(16, 4),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: [16, 'n'] }];
      g.add('Gemm', [g.weight('a_w', [16, 16], { outputs: half }), 'x', g.bias('a_b', half, [16, 1])], 'a');
      g.add('Gemm', [g.matrix('y_w', { inputs: half }), g.relu('a')], 'y', { transA: 1 });
    },
    nothing: { factorize: /come first/ },
  },
  {
    name: 'a Gemm with a bias for each row',
    feeds: vectors,
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: [4, 16] }];
      g.initializers.push({ name: 'b', dims: [4, 16], data: new Float32Array(64) });
      g.add('Gemm', ['x', g.matrix('w', { outputs: half }), 'b'], 'a');
      g.dense(g.relu('a'), 'y', { inputs: half });
    },
  },
  {
    name: 'a MatMul with the weights first',
    hasData: true,
    feeds: inputsOf(2, 16, 3),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: ['batch', 16, 3] }];
      g.add('MatMul', [g.weight('a_w', [16, 16], { outputs: half }), 'x'], 'a');
      g.add('MatMul', [g.weight('y_w', [16, 16], { inputs: half }), g.relu('a')], 'y');
    },
  },
  {
    name: 'a MatMul with a matrix for each sample',
    feeds: inputsOf(3, 2, 16),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: [3, 'n', 16] }];
      g.add('MatMul', ['x', g.matrix('a_w', { outputs: half }, [3, 16, 16])], 'a');
      g.add('MatMul', [g.relu('a'), g.matrix('y_w', { inputs: half }, [3, 16, 16])], 'y');
    },
    nothing: { prune: /a matrix for each sample/, factorize: /a matrix for each sample/ },
  },
  {
    name: 'a MatMul with weights of more axes than its input',
    feeds: vectors,
    draw: (g) => {
      g.add('MatMul', ['x', g.matrix('a_w', { outputs: half }, [1, 1, 16, 16])], 'a');
      g.add('MatMul', [g.relu('a'), g.matrix('y_w', { inputs: half }, [1, 16, 16])], 'y');
    },
  },
  {
    name: 'vectors without a batch',
    feeds: inputsOf(16),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: [16] }];
      g.pair('x', 'y');
    },
    nothing: { channels: /it multiplies a vector/ },
  },
  biasOf('b', [1, 1, 16]),
  biasOf('b', [1, 1, 1, 1]),
  biasOf('b', []),
  {
    name: 'a bias that two layers share',
    feeds: vectors,
    draw: (g) => {
      g.add('Gemm', ['x', g.matrix('a_w', { outputs: half }), g.bias('b', half)], 'a');
      g.add('Gemm', [g.relu('a'), g.matrix('y_w', { inputs: half }), 'b'], 'y');
    },
  },
  {
    name: 'a product by Einsum',
    feeds: vectors,
    draw: (g) => {
      g.pair(g.add('Einsum', ['x', g.matrix('w')], 'e', { equation: 'bi,ij->bj' }), 'y');
    },
    kept: {
      prune: { e: /form no matrix/ },
      cluster: { e: /form no matrix/ },
      factorize: { e: /form no matrix/ },
      channels: { e: /not one that/ },
    },
  },
  {
    name: 'an LSTM',
    feeds: inputsOf(5, 2, 16),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: [5, 'batch', 16] }];
      for (const name of ['w', 'r']) g.weight(name, [1, 64, 16], { outputAxis: 1, inputAxis: 2 });
      g.add('LSTM', ['x', 'w', 'r'], 'h', { hidden_size: 16 });
      g.pair(g.add('Squeeze', ['h', g.numbers('axis', [1])], 's'), 'y');
    },
    kept: {
      prune: { h: /form no matrix/ },
      factorize: { h: /form no matrix/ },
      channels: { h: /not one that/ },
    },
  },
  {
    name: 'weights of a custom operator',
    feeds: vectors,
    draw: (g) => {
      const inputs = ['x', g.matrix('w'), g.bias('b')];
      g.nodes.push({
        op: 'FusedGemm',
        name: 'f',
        domain: 'com.microsoft',
        inputs,
        outputs: ['f'],
        attributes: { activation: 'Relu' },
      });
      // What comes out of it has no shape that is known.
      g.initializers.push({ name: 'zeros', dims: [4, 16], data: new Float32Array(64) });
      g.pair(g.add('Max', ['f', 'zeros'], 'm'), 'y');
      return { opset: { '': 17, 'com.microsoft': 1 } };
    },
    kept: {
      prune: { f: /form no matrix/ },
      cluster: { f: /form no matrix/ },
      factorize: { f: /form no matrix/ },
    },
    nothing: { channels: /"f"/ },
  },
];
