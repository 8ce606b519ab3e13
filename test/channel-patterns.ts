// SPDX-License-Identifier: Apache-2.0
// Small networks, one for each way in which channels hang together.

import { createUniform } from '../lib/random';
import { makeModel, type GraphSpec, type NodeSpec, type TensorSpec, type ValueSpec } from './onnx-builder';
import { noise } from './precision-models';

/** A network, and what can be removed from it. */
export interface ChannelPattern {
  readonly name: string;
  readonly model: Uint8Array;
  /** Dims of the input `x` to run it with. */
  readonly dims: readonly number[];
  /** Names of the nodes that make a group's units, joined by `+`, and how many there are. */
  readonly groups: readonly (readonly [nodes: string, units: number])[];
  /** Nodes all of whose outputs stay, with a part of the reason. */
  readonly kept: Readonly<Record<string, string>>;
}

type Attributes = NodeSpec['attributes'];

/** Writes nodes named after their outputs, with weights drawn from a seed. */
class PatternWriter {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: TensorSpec[] = [];
  private seed = 1;

  op(op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string {
    this.nodes.push({ op, name: output, inputs, outputs: [output], attributes });
    return output;
  }

  parts(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Attributes = {},
  ): void {
    this.nodes.push({ op, name: outputs.join(), inputs, outputs, attributes });
  }

  whole(name: string, values: readonly number[]): string {
    this.initializers.push({ name, type: 'INT64', dims: [values.length], data: values });
    return name;
  }

  weight(name: string, dims: readonly number[], mean = 0): string {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const random = createUniform(this.seed++);
    const data = noise(count, 0.8, Math.floor(random() * 1e6)).map((value) => value + mean);
    this.initializers.push({ name, dims, data });
    return name;
  }

  /** A convolution that keeps the size, with weights `<output>_w` and a bias. */
  conv(
    from: string,
    to: string,
    [inputs, outputs]: readonly [number, number],
    { kernel = 1, group = 1 } = {},
  ): string {
    const weight = this.weight(`${to}_w`, [outputs, inputs / group, kernel, kernel]);
    const pad = (kernel - 1) / 2;
    const shape = { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad], group };
    return this.op('Conv', [from, weight, this.weight(`${to}_b`, [outputs])], to, shape);
  }

  gemm(from: string, to: string, [inputs, outputs]: readonly [number, number]): string {
    const parameters = [this.weight(`${to}_w`, [outputs, inputs]), this.weight(`${to}_b`, [outputs])];
    return this.op('Gemm', [from, ...parameters], to, { transB: 1 });
  }

  dense(from: string, to: string, [inputs, outputs]: readonly [number, number]): string {
    this.op('MatMul', [from, this.weight(`${to}_w`, [inputs, outputs])], to);
    return this.op('Add', [to, this.weight(`${to}_b`, [outputs])], `${to}_sum`);
  }
}

type Build = (write: PatternWriter) => string;
type Known = Partial<Pick<ChannelPattern, 'groups' | 'kept'>> & {
  readonly dims?: readonly number[];
  readonly input?: ValueSpec;
  readonly opset?: number;
};

const IMAGE = [2, 3, 4, 4] as const;

function pattern(name: string, known: Known, build: Build): ChannelPattern {
  const write = new PatternWriter();
  const output = build(write);
  const dims = known.dims ?? IMAGE;
  const input = known.input ?? { name: 'x', dims: ['batch', ...dims.slice(1)] };
  const graph: GraphSpec = { inputs: [input], outputs: [{ name: output }], ...write };
  const model = makeModel({ ...graph, opset: known.opset ?? 17 });
  return { name, model, dims, groups: known.groups ?? [], kept: known.kept ?? {} };
}

const OUTPUT = 'is an output of the model';
const heads = (write: PatternWriter, from: string, to: string, perm: readonly number[]) =>
  write.op('Transpose', [write.op('Reshape', [from, 'split'], `${to}_split`)], to, { perm });

/** Attention of four heads of two channels each. */
function attention(write: PatternWriter, from: string, shapes: { split: string; merge: string }): string {
  for (const one of ['q', 'k', 'v']) write.dense(from, one, [8, 8]);
  heads(write, 'q_sum', 'qh', [0, 2, 1, 3]);
  heads(write, 'k_sum', 'kh', [0, 2, 3, 1]);
  heads(write, 'v_sum', 'vh', [0, 2, 1, 3]);
  write.op('Softmax', [write.op('MatMul', ['qh', 'kh'], 'scores')], 'p', { axis: -1 });
  write.op('Transpose', [write.op('MatMul', ['p', 'vh'], 'mixed')], 'turned', { perm: [0, 2, 1, 3] });
  write.op('Reshape', ['turned', shapes.merge], 'merged');
  return write.dense('merged', 'out', [8, 6]);
}

/** Networks of all patterns; nothing in them can be removed but what they say. */
export const CHANNEL_PATTERNS: readonly ChannelPattern[] = [
  pattern(
    'convolutions in a row',
    {
      groups: [
        ['a', 6],
        ['b', 5],
      ],
      kept: { c: OUTPUT },
    },
    (write) => {
      write.op('Relu', [write.conv('x', 'a', [3, 6], { kernel: 3 })], 'ar');
      write.op('Sigmoid', [write.conv('ar', 'b', [6, 5], { kernel: 3 })], 'bs');
      return write.conv('bs', 'c', [5, 2]);
    },
  ),
  pattern(
    'a residual addition',
    {
      groups: [
        ['a+c', 6],
        ['b', 5],
      ],
      kept: { d: OUTPUT },
    },
    (write) => {
      write.op('Relu', [write.conv('x', 'a', [3, 6])], 'ar');
      write.op('Relu', [write.conv('ar', 'b', [6, 5], { kernel: 3 })], 'br');
      write.op('Add', ['ar', write.conv('br', 'c', [5, 6])], 'sum');
      return write.conv('sum', 'd', [6, 2]);
    },
  ),
  pattern('a depth-wise convolution', { groups: [['a+d', 6]], kept: { c: OUTPUT } }, (write) => {
    write.op('HardSwish', [write.conv('x', 'a', [3, 6])], 'ar');
    write.conv('ar', 'd', [6, 6], { kernel: 3, group: 6 });
    return write.conv('d', 'c', [6, 2]);
  }),
  pattern('a depth-wise convolution that doubles channels', { groups: [['a+d', 6]] }, (write) => {
    write.conv(write.conv('x', 'a', [3, 6]), 'd', [6, 12], { kernel: 3, group: 6 });
    return write.conv('d', 'c', [12, 2]);
  }),
  pattern(
    'few groups of many channels',
    {
      groups: [
        ['a', 4],
        ['g', 3],
      ],
    },
    (write) => {
      write.conv(write.conv('x', 'a', [3, 8]), 'g', [8, 6], { kernel: 3, group: 2 });
      return write.conv('g', 'c', [6, 2]);
    },
  ),
  pattern('many groups of few channels', { groups: [['a+g', 4]] }, (write) => {
    write.conv(write.conv('x', 'a', [3, 8]), 'g', [8, 12], { kernel: 3, group: 4 });
    return write.conv('g', 'c', [12, 2]);
  }),
  pattern(
    'a transposed convolution',
    {
      groups: [
        ['a', 6],
        ['t', 5],
      ],
    },
    (write) => {
      write.conv('x', 'a', [3, 6]);
      const weights = [write.weight('t_w', [6, 5, 2, 2]), write.weight('t_b', [5])];
      write.op('ConvTranspose', ['a', ...weights], 't', { kernel_shape: [2, 2], strides: [2, 2] });
      return write.conv('t', 'c', [5, 2]);
    },
  ),
  pattern('a depth-wise transposed convolution', { groups: [['a+t', 6]] }, (write) => {
    write.conv('x', 'a', [3, 6]);
    const shape = { kernel_shape: [2, 2], strides: [2, 2], group: 6 };
    write.op('ConvTranspose', ['a', write.weight('t_w', [6, 1, 2, 2])], 't', shape);
    return write.conv('t', 'c', [6, 2]);
  }),
  pattern(
    'squeeze and excitation',
    {
      groups: [
        ['a+up', 6],
        ['down', 4],
      ],
    },
    (write) => {
      write.op('Relu', [write.conv('x', 'a', [3, 6])], 'ar');
      write.op('GlobalAveragePool', ['ar'], 'pool');
      write.op('Relu', [write.conv('pool', 'down', [6, 4])], 'downr');
      write.op('HardSigmoid', [write.conv('downr', 'up', [4, 6])], 'gate');
      return write.conv(write.op('Mul', ['ar', 'gate'], 'gated'), 'c', [6, 2]);
    },
  ),
  pattern(
    'a concatenation with offsets',
    {
      groups: [
        ['a', 4],
        ['b', 5],
        ['d', 3],
      ],
    },
    (write) => {
      write.op('Concat', [write.conv('x', 'a', [3, 4]), 'x', write.conv('x', 'b', [3, 5])], 'ab', {
        axis: 1,
      });
      write.op('Concat', ['ab', write.conv('ab', 'd', [12, 3])], 'abd', { axis: 1 });
      return write.conv('abd', 'c', [15, 2]);
    },
  ),
  pattern('a split into halves that are multiplied', { groups: [['a', 4]] }, (write) => {
    write.parts('Split', [write.conv('x', 'a', [3, 8]), write.whole('sizes', [4, 4])], ['l', 'r'], {
      axis: 1,
    });
    return write.conv(write.op('Mul', ['l', write.op('Sigmoid', ['r'], 'rs')], 'lr'), 'c', [4, 2]);
  }),
  pattern(
    'a split into parts that go apart',
    {
      groups: [
        ['a', 4],
        ['a', 4],
      ],
    },
    (write) => {
      write.parts('Split', [write.conv('x', 'a', [3, 8])], ['l', 'r'], { axis: 1 });
      const left = write.conv('l', 'c', [4, 2]);
      return write.op('Add', [left, write.conv(write.op('Relu', ['r'], 'rr'), 'd', [4, 2])], 'sum');
    },
  ),
  pattern(
    'a slice of some channels',
    {
      groups: [
        ['a', 5],
        ['a', 3],
      ],
    },
    (write) => {
      const bounds = [write.whole('from', [2]), write.whole('to', [7]), write.whole('axes', [1])];
      write.op('Slice', [write.conv('x', 'a', [3, 8]), ...bounds], 's');
      return write.op('Add', [write.conv('s', 'c', [5, 2]), write.conv('a', 'd', [8, 2])], 'sum');
    },
  ),
  pattern('a constant order of channels', { groups: [['a', 6]] }, (write) => {
    write.op('Gather', [write.conv('x', 'a', [3, 6]), write.whole('order', [5, 0, -3, 1, 2, 4])], 'g', {
      axis: 1,
    });
    return write.conv('g', 'c', [6, 2]);
  }),
  pattern('channels shuffled by reshapes', { groups: [['a', 4]] }, (write) => {
    write.op('Reshape', [write.conv('x', 'a', [3, 8]), write.whole('two', [0, 2, 4, 4, 4])], 'split');
    write.op('Transpose', ['split'], 'turned', { perm: [0, 2, 1, 3, 4] });
    write.op('Reshape', ['turned', write.whole('one', [0, -1, 4, 4])], 'shuffled');
    return write.conv('shuffled', 'c', [8, 2]);
  }),
  pattern(
    'channels times pixels behind Flatten',
    {
      groups: [
        ['a', 5],
        ['one', 7],
      ],
    },
    (write) => {
      write.op('Flatten', [write.op('Relu', [write.conv('x', 'a', [3, 5])], 'ar')], 'flat', { axis: 1 });
      write.op('Relu', [write.gemm('flat', 'one', [80, 7])], 'oner');
      return write.gemm('oner', 'two', [7, 3]);
    },
  ),
  pattern('channels times pixels behind a Reshape to a constant', { groups: [['a', 5]] }, (write) => {
    write.op('Reshape', [write.conv('x', 'a', [3, 5]), write.whole('flat_shape', [-1, 80])], 'flat');
    return write.gemm('flat', 'two', [80, 3]);
  }),
  pattern('a Reshape to a computed shape', { groups: [['a', 5]] }, (write) => {
    write.op('Shape', [write.conv('x', 'a', [3, 5])], 'shape');
    write.op('Gather', ['shape', write.whole('first', [0])], 'batch_size');
    write.op('Concat', ['batch_size', write.whole('rest', [5, 16])], 'target', { axis: 0 });
    write.op('Reshape', ['a', 'target'], 'lines');
    write.op('ReduceMean', ['lines'], 'mean', { axes: [2], keepdims: 0 });
    return write.gemm('mean', 'two', [5, 3]);
  }),
  pattern('batch normalisation that cannot be folded', { groups: [['a', 6]] }, (write) => {
    write.op('Relu', [write.conv('x', 'a', [3, 6])], 'ar');
    const parameters = [write.weight('scale', [6]), write.weight('shift', [6]), write.weight('mean', [6])];
    write.op('BatchNormalization', ['ar', ...parameters, write.weight('variance', [6], 2)], 'n');
    return write.conv('n', 'c', [6, 2]);
  }),
  pattern('instance normalisation', { groups: [['a', 6]] }, (write) => {
    const parameters = [write.weight('scale', [6]), write.weight('shift', [6])];
    write.op('InstanceNormalization', [write.conv('x', 'a', [3, 6]), ...parameters], 'n');
    return write.conv('n', 'c', [6, 2]);
  }),
  pattern('group normalisation spelled out', { groups: [['a', 3]] }, (write) => {
    write.op('Reshape', [write.conv('x', 'a', [3, 6]), write.whole('grouped', [0, 3, -1])], 'g');
    write.op('InstanceNormalization', ['g', write.weight('ones', [3]), write.weight('zeros', [3])], 'n');
    write.op('Reshape', ['n', write.whole('back', [-1, 6, 4, 4])], 'r');
    write.op('Mul', ['r', write.weight('gamma', [6, 1, 1])], 'scaled');
    return write.conv('scaled', 'c', [6, 2]);
  }),
  pattern(
    'layer normalisation',
    { kept: { a: 'LayerNormalization takes its statistics' }, groups: [['up', 7]], dims: [2, 5, 6] },
    (write) => {
      write.dense('x', 'a', [6, 6]);
      const parameters = [write.weight('gamma', [6]), write.weight('beta', [6])];
      write.op('LayerNormalization', ['a_sum', ...parameters], 'n', { axis: -1 });
      write.op('Tanh', [write.dense('n', 'up', [6, 7])], 'act');
      return write.dense('act', 'down', [7, 6]);
    },
  ),
  pattern(
    'attention with constant shapes',
    { groups: [['q+k+v', 4]], kept: { out: OUTPUT }, dims: [2, 5, 8] },
    (write) => {
      write.whole('split', [0, 0, 4, 2]);
      return attention(write, 'x', { split: 'split', merge: write.whole('merge', [0, 0, 8]) });
    },
  ),
  pattern(
    'attention with computed shapes',
    { groups: [['q+k+v', 4]], dims: [2, 5, 8], input: { name: 'x', dims: ['batch', 'sequence', 8] } },
    (write) => {
      write.op('Shape', ['x'], 'shape');
      write.op('Gather', ['shape', write.whole('both', [0, 1])], 'sizes');
      write.op('Concat', ['sizes', write.whole('heads', [4, 2])], 'split', { axis: 0 });
      write.op('Concat', ['sizes', write.whole('width', [8])], 'merge', { axis: 0 });
      return attention(write, 'x', { split: 'split', merge: 'merge' });
    },
  ),
  pattern(
    'heads that are merged with a batch of no fixed size',
    {
      groups: [
        ['qkv', 4],
        ['qkv', 4],
      ],
      dims: [5, 2, 8],
      input: { name: 'x', dims: [5, 'batch', 8] },
    },
    (write) => {
      write.op('MatMul', ['x', write.weight('qkv_w', [8, 24])], 'qkv');
      write.parts('Split', ['qkv', write.whole('thirds', [8, 8, 8])], ['q', 'k', 'v'], { axis: 2 });
      write.whole('merged_heads', [5, -1, 4]);
      const turned = { q: [1, 0, 2], k: [1, 2, 0], v: [1, 0, 2] };
      for (const [name, perm] of Object.entries(turned))
        write.op('Transpose', [write.op('Reshape', [name, 'merged_heads'], `${name}r`)], `${name}h`, {
          perm,
        });
      write.op('Softmax', [write.op('MatMul', ['qh', 'kh'], 'scores')], 'p', { axis: -1 });
      write.op('Transpose', [write.op('MatMul', ['p', 'vh'], 'mixed')], 'back', { perm: [1, 0, 2] });
      write.op('Reshape', ['back', write.whole('merged', [5, -1, 8])], 'joined');
      return write.op('MatMul', ['joined', write.weight('out_w', [8, 6])], 'out');
    },
  ),
  pattern('a gated perceptron', { groups: [['gate+up', 7]], dims: [2, 5, 6] }, (write) => {
    write.op('Sigmoid', [write.dense('x', 'gate', [6, 7])], 'open');
    write.op('Mul', ['open', write.dense('x', 'up', [6, 7])], 'gated');
    return write.dense('gated', 'down', [7, 6]);
  }),
  pattern('a perceptron of products turned round', { groups: [['a', 7]], dims: [2, 6, 5] }, (write) => {
    write.op('MatMul', [write.weight('a_w', [7, 6]), 'x'], 'a');
    write.op('Relu', ['a'], 'ar');
    return write.op('MatMul', [write.weight('b_w', [3, 7]), 'ar'], 'b');
  }),
  pattern(
    'a table of embeddings',
    { groups: [['b', 7]], kept: {}, dims: [2, 5], input: { name: 'x', type: 'INT64', dims: ['batch', 5] } },
    (write) => {
      write.op('Gather', [write.weight('table', [10, 6]), 'x'], 'e', { axis: 0 });
      write.op('Relu', [write.dense('e', 'b', [6, 7])], 'br');
      return write.dense('br', 'c', [7, 3]);
    },
  ),
  pattern(
    'a table that is used again for the logits',
    {
      groups: [['b', 7]],
      kept: { c: OUTPUT },
      dims: [2, 5],
      input: { name: 'x', type: 'INT64', dims: ['batch', 5] },
    },
    (write) => {
      write.op('Gather', [write.weight('table', [10, 6]), 'x'], 'e', { axis: 0 });
      write.op('Relu', [write.dense('e', 'b', [6, 7])], 'br');
      write.op('LayerNormalization', [write.dense('br', 'd', [7, 6]), write.weight('gamma', [6])], 'n', {
        axis: -1,
      });
      write.op('Transpose', ['table'], 'turned', { perm: [1, 0] });
      return write.op('MatMul', ['n', 'turned'], 'c');
    },
  ),
  pattern('weights that two layers share', { groups: [['a+b', 6]] }, (write) => {
    write.conv('x', 'a', [3, 6]);
    write.op('Conv', [write.op('Neg', ['x'], 'minus'), 'a_w', 'a_b'], 'b');
    return write.conv(write.op('Max', ['a', 'b'], 'most'), 'c', [6, 2]);
  }),
  pattern('PRelu and a constant for each channel', { groups: [['a', 6]] }, (write) => {
    write.op('PRelu', [write.conv('x', 'a', [3, 6]), write.weight('slope', [6, 1, 1])], 'p');
    write.op('Sub', ['p', write.weight('offset', [1, 6, 1, 1])], 's');
    return write.conv(write.op('Clip', ['s'], 'cut'), 'c', [6, 2]);
  }),
  pattern(
    'new channels of zeros in a shortcut',
    {
      groups: [
        ['a+b', 4],
        ['b', 3],
      ],
      dims: IMAGE,
    },
    (write) => {
      write.op('Pad', [write.conv('x', 'a', [3, 4]), write.whole('pads', [0, 1, 0, 0, 0, 2, 0, 0])], 'wide');
      write.op('Add', ['wide', write.conv('a', 'b', [4, 7])], 'sum');
      return write.conv('sum', 'c', [7, 2]);
    },
  ),
  pattern('pixels from channels', { groups: [['a', 3]] }, (write) => {
    write.op('DepthToSpace', [write.conv('x', 'a', [3, 12])], 'big', { blocksize: 2 });
    return write.conv('big', 'c', [3, 2]);
  }),
  pattern(
    'channels from pixels, by columns',
    {
      groups: [
        ['a', 3],
        ['b', 2],
      ],
    },
    (write) => {
      write.op('SpaceToDepth', [write.conv('x', 'a', [3, 3])], 'deep', { blocksize: 2 });
      write.op('DepthToSpace', [write.conv('deep', 'b', [12, 8])], 'big', { blocksize: 2, mode: 'CRD' });
      return write.conv('big', 'c', [2, 2]);
    },
  ),
  pattern('pools and Resize', { groups: [['a', 6]] }, (write) => {
    write.op('MaxPool', [write.conv('x', 'a', [3, 6])], 'small', { kernel_shape: [2, 2], strides: [2, 2] });
    write.initializers.push({ name: 'scales', dims: [4], data: [1, 1, 2, 2] });
    write.op('Resize', ['small', '', 'scales'], 'large', { mode: 'nearest' });
    return write.conv('large', 'c', [6, 2]);
  }),
  pattern('Resize to given sizes', { groups: [['a', 6]], input: { name: 'x', dims: IMAGE } }, (write) => {
    write.conv('x', 'a', [3, 6]);
    write.op('Resize', ['a', '', '', write.whole('sizes', [2, 6, 8, 8])], 'large', { mode: 'nearest' });
    return write.conv('large', 'c', [6, 2]);
  }),
  pattern('Softmax over the channels', { groups: [], kept: { a: 'Softmax is computed over it' } }, (write) =>
    write.conv(write.op('Softmax', [write.conv('x', 'a', [3, 6])], 's', { axis: 1 }), 'c', [6, 2]),
  ),
  pattern('an operator that is not known', { groups: [], kept: { a: 'TopK' } }, (write) => {
    write.parts('TopK', [write.conv('x', 'a', [3, 6]), write.whole('count', [4])], ['best', 'where'], {
      axis: 1,
    });
    return write.conv('best', 'c', [4, 2]);
  }),
  pattern('a number of channels that becomes a value', { groups: [['a', 6]], kept: {} }, (write) => {
    write.op('Shape', [write.conv('x', 'a', [3, 6])], 'shape');
    write.op('Gather', ['shape', write.whole('second', [1])], 'count');
    write.op('Cast', ['count'], 'real', { to: 1 });
    return write.conv(write.op('Div', ['a', 'real'], 'scaled'), 'c', [6, 2]);
  }),
  pattern('a branch', { groups: [], kept: { a: 'If' } }, (write) => {
    write.conv('x', 'a', [3, 6]);
    write.op('ReduceSum', ['x'], 'total', { keepdims: 0 });
    write.initializers.push({ name: 'nought', dims: [], data: [0] });
    write.op('Greater', ['total', 'nought'], 'positive');
    const branch = (op: string): GraphSpec => ({
      nodes: [{ op, name: `${op}_branch`, inputs: ['a'], outputs: [`${op}_made`] }],
      outputs: [{ name: `${op}_made` }],
    });
    write.nodes.push({
      op: 'If',
      name: 'either',
      inputs: ['positive'],
      outputs: ['either'],
      attributes: { then_branch: { graph: branch('Relu') }, else_branch: { graph: branch('Neg') } },
    });
    return write.conv('either', 'c', [6, 2]);
  }),
];
