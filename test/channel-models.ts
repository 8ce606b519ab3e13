// SPDX-License-Identifier: Apache-2.0
// Networks whose channels can be rescaled without a change of what they compute, as training sometimes leaves them.

import { createUniform } from '../lib/random';
import { makeModel, type ModelSpec, type NodeSpec, type TensorSpec, type ValueSpec } from './onnx-builder';
import { noise } from './precision-models';

/** Parameters along whose axis the channels of one stream lie: makers are multiplied, readers divided. */
export interface ChannelStream {
  readonly makers: readonly (readonly [parameter: string, axis: number])[];
  readonly readers: readonly (readonly [parameter: string, axis: number])[];
}

/** A network and the streams in it. */
export interface ChannelNetwork {
  readonly spec: ModelSpec & { readonly initializers: readonly TensorSpec[] };
  readonly streams: readonly ChannelStream[];
}

/** Builds up nodes and their parameters. */
class NetworkWriter {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: TensorSpec[] = [];
  private seed = 1;

  op(op: string, inputs: readonly string[], output: string, attributes: NodeSpec['attributes'] = {}): string {
    this.nodes.push({ op, name: `${output}_node`, inputs, outputs: [output], attributes });
    return output;
  }

  constant(
    name: string,
    dims: readonly number[],
    data: TensorSpec['data'],
    type?: TensorSpec['type'],
  ): string {
    this.initializers.push({ name, dims, data, type });
    return name;
  }

  random(name: string, dims: readonly number[], scale: number, mean = 0): string {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const data = noise(count, scale, this.seed++).map((value) => value + mean);
    return this.constant(name, dims, data);
  }

  /** A convolution named after its output, with `<output>_w` and `<output>_b`. */
  conv(
    from: string,
    to: string,
    shape: { in: number; out: number; kernel?: number; group?: number; stride?: number },
  ) {
    const { in: inputs, out, kernel = 3, group = 1, stride = 1 } = shape;
    const fan = (inputs / group) * kernel * kernel;
    const weight = this.random(`${to}_w`, [out, inputs / group, kernel, kernel], 2.8 / Math.sqrt(fan));
    const bias = this.random(`${to}_b`, [out], 0.2);
    const pad = (kernel - 1) / 2;
    return this.op('Conv', [from, weight, bias], to, {
      kernel_shape: [kernel, kernel],
      pads: [pad, pad, pad, pad],
      strides: [stride, stride],
      group,
    });
  }

  gemm(from: string, to: string, inputs: number, outputs: number): string {
    const weight = this.random(`${to}_w`, [outputs, inputs], 2 / Math.sqrt(inputs));
    return this.op('Gemm', [from, weight, this.random(`${to}_b`, [outputs], 0.2)], to, { transB: 1 });
  }

  /** MatMul and Add, as transformers are exported. */
  dense(from: string, to: string, inputs: number, outputs: number): string {
    const weight = this.random(`${to}_w`, [inputs, outputs], 2 / Math.sqrt(inputs));
    this.op('MatMul', [from, weight], `${to}_product`);
    return this.op('Add', [this.random(`${to}_b`, [outputs], 0.2), `${to}_product`], to);
  }

  layerNorm(from: string, to: string, width: number): string {
    const parameters = [this.random(`${to}_gamma`, [width], 0.2, 1), this.random(`${to}_beta`, [width], 0.2)];
    return this.op('LayerNormalization', [from, ...parameters], to, { axis: -1 });
  }

  /** GELU as exporters spell it out. */
  gelu(from: string, to: string): string {
    this.op('Div', [from, 'root2'], `${to}_1`);
    this.op('Erf', [`${to}_1`], `${to}_2`);
    this.op('Add', [`${to}_2`, 'one'], `${to}_3`);
    this.op('Mul', [from, `${to}_3`], `${to}_4`);
    return this.op('Mul', [`${to}_4`, 'half'], to);
  }

  network(
    inputs: readonly ValueSpec[],
    outputs: readonly ValueSpec[],
    streams: ChannelStream[],
  ): ChannelNetwork {
    return {
      spec: { inputs, outputs, nodes: this.nodes, initializers: this.initializers },
      streams,
    };
  }
}

const IMAGES: ValueSpec[] = [{ name: 'images', dims: ['batch', 3, 12, 12] }];
const LOGITS: ValueSpec[] = [{ name: 'logits', dims: ['batch', 32] }];
const made = (...names: string[]): ChannelStream['makers'] =>
  names.flatMap((name) => [[`${name}_w`, 0] as const, [`${name}_b`, 0] as const]);
const read = (...names: string[]): ChannelStream['readers'] => names.map((name) => [`${name}_w`, 1] as const);

/** Convolutions with ReLU and pools in a row. */
export function plainNetwork(): ChannelNetwork {
  const net = new NetworkWriter();
  net.op('Relu', [net.conv('images', 'c1', { in: 3, out: 16 })], 'r1');
  net.op('MaxPool', ['r1'], 'p1', { kernel_shape: [2, 2], strides: [2, 2] });
  net.op('Relu', [net.conv('p1', 'c2', { in: 16, out: 32 })], 'r2');
  net.op('Relu', [net.conv('r2', 'c3', { in: 32, out: 32 })], 'r3');
  net.op('GlobalAveragePool', ['r3'], 'g');
  net.op('Flatten', ['g'], 'f', { axis: 1 });
  net.gemm('f', 'logits', 32, 32);
  return net.network(IMAGES, LOGITS, [
    { makers: made('c1'), readers: read('c2') },
    { makers: made('c2'), readers: read('c3') },
    { makers: made('c3'), readers: read('logits') },
  ]);
}

/** A stem, a block with identity, one with a shortcut, and a concatenation. */
export function residualNetwork(): ChannelNetwork {
  const net = new NetworkWriter();
  net.op('Relu', [net.conv('images', 'stem', { in: 3, out: 16 })], 's');
  net.op('Relu', [net.conv('s', 'a1', { in: 16, out: 16 })], 'a1r');
  net.op('Add', [net.conv('a1r', 'a2', { in: 16, out: 16 }), 's'], 'a');
  net.op('Relu', ['a'], 'ar');
  net.op('Relu', [net.conv('ar', 'b1', { in: 16, out: 32, stride: 2 })], 'b1r');
  net.conv('ar', 'cut', { in: 16, out: 32, kernel: 1, stride: 2 });
  net.op('Add', [net.conv('b1r', 'b2', { in: 32, out: 32 }), 'cut'], 'b');
  net.op('Relu', ['b'], 'br');
  net.op('LeakyRelu', [net.conv('br', 'd1', { in: 32, out: 16 })], 'd1r', { alpha: { float: 0.1 } });
  net.op('Concat', ['d1r', 'br'], 'd', { axis: 1 });
  net.op('Relu', [net.conv('d', 'e', { in: 48, out: 16, kernel: 1 })], 'er');
  net.op('AveragePool', ['er'], 'p', { kernel_shape: [3, 3], strides: [3, 3] });
  net.op('Flatten', ['p'], 'f', { axis: 1 });
  net.gemm('f', 'logits', 64, 32);
  return net.network(IMAGES, LOGITS, [
    { makers: made('stem', 'a2'), readers: read('a1', 'b1', 'cut') },
    { makers: made('a1'), readers: read('a2') },
    { makers: made('b1'), readers: read('b2') },
    { makers: made('e'), readers: read('logits') },
  ]);
}

/** Inverted residuals: depth-wise convolutions, HardSwish, squeeze and excitation, linear projections. */
export function depthwiseNetwork(): ChannelNetwork {
  const net = new NetworkWriter();
  net.op('HardSwish', [net.conv('images', 'stem', { in: 3, out: 16 })], 's');
  const invert = (name: string, from: string, activation: string): string => {
    const wide = { in: 48, out: 48 };
    net.op(activation, [net.conv(from, `${name}_up`, { in: 16, out: 48, kernel: 1 })], `${name}_u`);
    net.op(activation, [net.conv(`${name}_u`, `${name}_dw`, { ...wide, group: 48 })], `${name}_d`);
    net.op('GlobalAveragePool', [`${name}_d`], `${name}_g`);
    net.op('Relu', [net.conv(`${name}_g`, `${name}_s1`, { in: 48, out: 16, kernel: 1 })], `${name}_sr`);
    net.conv(`${name}_sr`, `${name}_s2`, { in: 16, out: 48, kernel: 1 });
    net.op('HardSigmoid', [`${name}_s2`], `${name}_gate`);
    net.op('Mul', [`${name}_d`, `${name}_gate`], `${name}_m`);
    return net.conv(`${name}_m`, `${name}_down`, { in: 48, out: 16, kernel: 1 });
  };
  invert('a', 's', 'HardSwish');
  net.op('Add', [invert('b', 'a_down', 'HardSwish'), 'a_down'], 'ab');
  invert('c', 'ab', 'Relu');
  net.op('HardSwish', [net.conv('c_down', 'last', { in: 16, out: 48, kernel: 1 })], 'h');
  net.op('GlobalAveragePool', ['h'], 'g');
  net.op('Flatten', ['g'], 'f', { axis: 1 });
  net.gemm('f', 'logits', 48, 32);
  return net.network(IMAGES, LOGITS, [
    { makers: made('a_down', 'b_down'), readers: read('b_up', 'c_up') },
    { makers: made('c_up'), readers: [['c_dw_w', 0]] },
    { makers: made('c_dw'), readers: read('c_s1', 'c_down') },
    { makers: made('c_down'), readers: read('last') },
  ]);
}

const [WIDTH, INNER, HEADS] = [32, 64, 4];
const SEQUENCE: ValueSpec[] = [{ name: 'x', dims: ['batch', 'sequence', WIDTH] }];
const ENCODED: ValueSpec[] = [{ name: 'y', dims: ['batch', 'sequence', WIDTH] }];

/** Two blocks of a transformer with four heads: normalisation before each part (`pre`), or after the addition. */
export function transformerNetwork(
  order: 'pre' | 'post',
  activation: 'gelu' | 'relu' = 'gelu',
): ChannelNetwork {
  const net = new NetworkWriter();
  net.constant('one', [], [1]);
  net.constant('half', [], [0.5]);
  net.constant('root2', [], [Math.SQRT2]);
  net.constant('temperature', [], [1 / Math.sqrt(WIDTH / HEADS)]);
  net.constant('split_shape', [4], [0, 0, HEADS, WIDTH / HEADS], 'INT64');
  net.constant('merge_shape', [3], [0, 0, WIDTH], 'INT64');
  const head = (from: string, to: string, perm: number[]) => {
    net.op('Reshape', [from, 'split_shape'], `${to}_split`);
    return net.op('Transpose', [`${to}_split`], to, { perm });
  };
  const attention = (from: string, name: string): string => {
    for (const one of ['q', 'k', 'v']) net.dense(from, `${name}_${one}`, WIDTH, WIDTH);
    head(`${name}_q`, `${name}_qh`, [0, 2, 1, 3]);
    head(`${name}_k`, `${name}_kh`, [0, 2, 3, 1]);
    head(`${name}_v`, `${name}_vh`, [0, 2, 1, 3]);
    net.op('MatMul', [`${name}_qh`, `${name}_kh`], `${name}_scores`);
    net.op('Mul', [`${name}_scores`, 'temperature'], `${name}_scaled`);
    net.op('Softmax', [`${name}_scaled`], `${name}_p`, { axis: -1 });
    net.op('MatMul', [`${name}_p`, `${name}_vh`], `${name}_mixed`);
    net.op('Transpose', [`${name}_mixed`], `${name}_turned`, { perm: [0, 2, 1, 3] });
    net.op('Reshape', [`${name}_turned`, 'merge_shape'], `${name}_merged`);
    return net.dense(`${name}_merged`, `${name}_out`, WIDTH, WIDTH);
  };
  const perceptron = (from: string, name: string): string => {
    net.dense(from, `${name}_up`, WIDTH, INNER);
    if (activation === 'relu') net.op('Relu', [`${name}_up`], `${name}_act`);
    else net.gelu(`${name}_up`, `${name}_act`);
    return net.dense(`${name}_act`, `${name}_down`, INNER, WIDTH);
  };
  let at = 'x';
  for (const name of ['l1', 'l2']) {
    for (const [part, make] of [
      ['att', attention],
      ['mlp', perceptron],
    ] as const) {
      const to = `${name}_${part}_sum`;
      const input = order === 'pre' ? net.layerNorm(at, `${name}_${part}_norm`, WIDTH) : at;
      net.op('Add', [make(input, `${name}_${part}`), at], to);
      at = order === 'pre' ? to : net.layerNorm(to, `${name}_${part}_norm`, WIDTH);
    }
  }
  net.layerNorm(at, 'y', WIDTH);
  const perLayer = (name: string): ChannelStream[] => [
    {
      makers: [
        [`${name}_att_v_w`, 1],
        [`${name}_att_v_b`, 0],
      ],
      readers: [[`${name}_att_out_w`, 0]],
    },
    ...(order === 'pre'
      ? [
          { makers: vectors(`${name}_att_norm`), readers: rows(`${name}_att`, 'q', 'k', 'v') },
          { makers: vectors(`${name}_mlp_norm`), readers: rows(`${name}_mlp`, 'up') },
        ]
      : []),
  ];
  return net.network(SEQUENCE, ENCODED, ['l1', 'l2'].flatMap(perLayer));
}

const vectors = (name: string): ChannelStream['makers'] => [
  [`${name}_gamma`, 0],
  [`${name}_beta`, 0],
];
const rows = (name: string, ...parts: string[]): ChannelStream['readers'] =>
  parts.map((part) => [`${name}_${part}_w`, 0] as const);

/** Operators that networks have more rarely: Split, an unfolded BatchNormalization, groups, PRelu, Pad, reductions, gates. */
export function unusualNetwork(): ChannelNetwork {
  const net = new NetworkWriter();
  net.op('Relu', [net.conv('images', 'c', { in: 3, out: 16 })], 'r');
  net.nodes.push({
    op: 'Split',
    name: 'split',
    inputs: ['r'],
    outputs: ['left', 'right'],
    attributes: { axis: 1 },
  });
  net.conv('left', 'a', { in: 8, out: 16 });
  net.conv('right', 'b', { in: 8, out: 8, group: 8 });
  net.op('Concat', ['a', 'b'], 'ab', { axis: 1 });
  const statistics = [
    net.random('bn_scale', [24], 0.5, 1),
    net.random('bn_bias', [24], 0.5),
    net.random('bn_mean', [24], 0.5),
    net.constant(
      'bn_variance',
      [24],
      noise(24, 1, 99).map((value) => 1 + value ** 2),
    ),
  ];
  net.op('BatchNormalization', ['ab', ...statistics], 'bn');
  net.op('PRelu', ['bn', net.random('slope', [24, 1, 1], 0.3)], 'p');
  const weights = net.random('up_w', [24, 8, 2, 2], 0.5);
  net.op('ConvTranspose', ['p', weights, net.random('up_b', [16], 0.2)], 'up', { group: 2, strides: [2, 2] });
  net.conv('up', 'gate', { in: 16, out: 16, kernel: 1 });
  net.op('Sigmoid', ['gate'], 'open');
  net.op('Mul', ['open', 'up'], 'gated');
  net.op('Pad', ['gated', net.constant('pads', [8], [0, 0, 1, 1, 0, 0, 1, 1], 'INT64')], 'padded');
  net.op('ReduceMean', ['padded'], 'm', { axes: [2, 3], keepdims: 0 });
  net.op('Div', ['m', net.constant('tenth', [], [0.1])], 'm10');
  net.gemm('m10', 'logits', 16, 32);
  return net.network(IMAGES, LOGITS, []);
}

/** The bytes of a network as it is. */
export function networkBytes({ spec }: ChannelNetwork): Uint8Array {
  return makeModel({ ...spec, irVersion: 9 });
}

/** The same function with channels that differ by up to `times` in each stream. */
export function rescaleChannels({ spec, streams }: ChannelNetwork, times = 1000, seed = 7): ChannelNetwork {
  const random = createUniform(seed);
  const data = new Map(spec.initializers.map(({ name, data }) => [name, data]));
  const dims = new Map(spec.initializers.map((one) => [one.name, one.dims]));
  for (const { makers, readers } of streams) {
    const channels = dims.get(makers[0]![0])![makers[0]![1]]!;
    const factors = Float64Array.from({ length: channels }, () => times ** (random() - 0.5));
    for (const [list, isMaker] of [
      [makers, true],
      [readers, false],
    ] as const) {
      for (const [name, axis] of list) {
        const shape = dims.get(name)!;
        const inner = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
        // Behind Flatten each channel is repeated.
        const repeats = shape[axis]! / channels;
        data.set(
          name,
          (data.get(name) as Float32Array).map((value, index) => {
            const factor = factors[Math.floor((Math.floor(index / inner) % shape[axis]!) / repeats)]!;
            return isMaker ? value * factor : value / factor;
          }),
        );
      }
    }
  }
  const initializers = spec.initializers.map((one) => ({ ...one, data: data.get(one.name) }));
  return { spec: { ...spec, initializers }, streams };
}
