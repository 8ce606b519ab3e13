// SPDX-License-Identifier: Apache-2.0
// Graphs around layers: opsets old and new, dynamic dims, other types, and all that moves channels.

import { noise } from '../../../precision-models';
import { images, inputsOf, vectors, type CaseFeeds, type GraphCase } from './graph-case';
import { half, type GraphSketch } from './graph-sketch';
import { halfOf } from './planted-weights';

const inside = { inputs: half, outputs: half };

function batchNormalization(g: GraphSketch, from: string, to: string): string {
  const zeroed = (at: number, value: number) => (g.operation === 'channels' && half(at) ? 0 : value);
  const values: Record<string, (at: number) => number> = {
    scale: (at) => 0.8 + at / 32,
    shift: (at) => zeroed(at, (at % 5) / 5 - 0.4),
    mean: (at) => zeroed(at, (at % 3) / 5 - 0.2),
    variance: (at) => 1 + at / 16,
  };
  const names = Object.entries(values).map(([key, value]) => {
    g.initializers.push({
      name: `${to}_${key}`,
      dims: [16],
      data: Array.from({ length: 16 }, (_, at) => value(at)),
    });
    return `${to}_${key}`;
  });
  return g.add('BatchNormalization', [from, ...names], to);
}

/** Makes the weights that a graph has from some position on double. */
function makeDouble(g: GraphSketch, from: number): void {
  const wide = g.initializers.slice(from).map((tensor) => {
    const data = Array.from(tensor.data as Float32Array);
    return { ...tensor, type: 'DOUBLE' as const, data };
  });
  g.initializers.splice(from, wide.length, ...wide);
}

const doubles = (runs: number): CaseFeeds[] =>
  Array.from({ length: runs }, (_, run) => ({
    x: { data: Float64Array.from(noise(64, 1, run + 1)), dims: [4, 16] },
  }));

const opset = (version: number): GraphCase => ({
  name: `opset ${version}`,
  feeds: vectors,
  draw: (g) => {
    g.pair('x', 'y');
    return { opset: version };
  },
});

export const STRUCTURE_CASES: readonly GraphCase[] = [
  opset(7),
  opset(12),
  opset(23),
  {
    name: 'all dims of images dynamic',
    feeds: images,
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: ['n', 'c', 'h', 'w'] }];
      g.conv(g.relu(g.conv('x', 'a', { outputs: half, dims: [16, 16, 3, 3] })), 'y', { inputs: half });
    },
  },
  {
    name: 'dims without names',
    feeds: vectors,
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: [-1, -1] }];
      g.pair('x', 'y');
    },
  },
  {
    name: 'an input of any rank',
    feeds: vectors,
    draw: (g) => {
      g.inputs = [{ name: 'x' }];
      g.pair('x', 'y');
    },
    nothing: { channels: /shapes are not known/ },
  },
  {
    name: 'a model in double precision',
    hasData: true,
    feeds: doubles,
    draw: (g) => {
      g.inputs = [{ name: 'x', type: 'DOUBLE', dims: ['batch', 16] }];
      g.outputs = [{ name: 'y', type: 'DOUBLE' }];
      g.pair('x', 'y');
      makeDouble(g, 0);
    },
    nothing: { prune: /not FLOAT/, cluster: /not FLOAT/, factorize: /not FLOAT/ },
  },
  {
    name: 'a part in double precision',
    hasData: true,
    feeds: vectors,
    draw: (g) => {
      g.pair('x', 'a', { outputs: half });
      const from = g.initializers.length;
      g.pair(g.add('Cast', ['a'], 'wide', { to: 11 }), 'b', { inputs: half });
      makeDouble(g, from);
      g.add('Cast', ['b'], 'y', { to: 1 });
    },
    kept: { prune: { b_m: /not FLOAT/ }, cluster: { b_m: /not FLOAT/ }, factorize: { b_m: /not FLOAT/ } },
  },
  {
    name: 'normalisation before activation, in a residual stream',
    hasData: true,
    feeds: images,
    draw: (g) => {
      g.images();
      g.conv('x', 'a', { outputs: half });
      g.conv(g.relu(batchNormalization(g, 'a', 'n')), 'b', {
        ...inside,
        dims: [16, 16, 3, 3],
        attributes: { pads: [1, 1, 1, 1] },
      });
      g.add('Add', ['a', 'b'], 's');
      g.conv(g.relu(batchNormalization(g, 's', 'm')), 'y', { inputs: half });
    },
  },
  {
    name: 'a gate, a residual addition and a concatenation',
    feeds: images,
    draw: (g) => {
      g.images();
      g.relu(g.conv('x', 'a', { outputs: half }));
      g.add(
        'Add',
        ['a_r', g.conv('a_r', 'b', { ...inside, dims: [16, 16, 3, 3], attributes: { pads: [1, 1, 1, 1] } })],
        's',
      );
      g.conv(g.relu(g.conv(g.add('GlobalAveragePool', ['s'], 'p'), 'q', inside)), 'z', inside);
      g.add('Mul', ['s', g.add('Sigmoid', ['z'], 'gate')], 'gated');
      g.add('Concat', ['gated', g.conv('x', 'd', { outputs: half })], 'c', { axis: 1 });
      g.conv('c', 'y', { inputs: half, dims: [16, 32, 1, 1] });
    },
  },
  {
    name: 'parts of a Split, and a Slice between two Transposes',
    feeds: inputsOf(2, 4, 16),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: ['batch', 4, 16] }];
      g.relu(g.dense('x', 'a', { outputs: half, dims: [16, 32] }));
      g.nodes.push({
        op: 'Split',
        name: 'split',
        inputs: ['a_r', g.numbers('parts', [16, 16])],
        outputs: ['p', 'q'],
        attributes: { axis: 2 },
      });
      g.dense(g.add('Mul', ['p', 'q'], 'pq'), 'b', inside);
      g.add('Transpose', ['b'], 'bt', { perm: [0, 2, 1] });
      g.add('Slice', ['bt', g.numbers('from', [0]), g.numbers('to', [3]), g.numbers('axis', [2])], 'bs');
      g.dense(g.relu(g.add('Transpose', ['bs'], 'bb', { perm: [0, 2, 1] })), 'y', { inputs: half });
    },
  },
  {
    name: 'slices of channels and a Flatten, opset 9',
    feeds: images,
    draw: (g) => {
      g.images();
      g.relu(g.conv('x', 'a', { outputs: halfOf(8) }));
      g.add('Slice', ['a_r'], 'low', { starts: [0], ends: [8], axes: [1] });
      g.add('Slice', ['a_r'], 'high', { starts: [8], ends: [1000], axes: [1] });
      g.add('Flatten', [g.add('Sub', ['low', 'high'], 'd')], 'f');
      g.add('Gemm', ['f', g.matrix('w', { inputs: halfOf(200) }, [200, 16]), g.bias('b')], 'y');
      return { opset: 9 };
    },
  },
  {
    name: 'a Reshape to a computed shape',
    feeds: images,
    draw: (g) => {
      g.images();
      g.add('Shape', [g.relu(g.conv('x', 'a', { outputs: half }))], 'sizes');
      g.add('Gather', ['sizes', g.numbers('first', [0])], 'batch_size');
      g.add('Concat', ['batch_size', g.numbers('rest', [-1])], 'to', { axis: 0 });
      g.dense(g.add('Reshape', ['a_r', 'to'], 'f'), 'y', { inputs: halfOf(400), dims: [400, 16] });
    },
  },
  {
    name: 'Dropout with a mask and Softmax, opset 12',
    feeds: vectors,
    draw: (g) => {
      g.nodes.push({
        op: 'Dropout',
        name: 'drop',
        inputs: [g.relu(g.dense('x', 'a', { outputs: half }))],
        outputs: ['d', 'mask'],
      });
      g.add('Softmax', [g.dense('d', 'b', { inputs: half })], 'y');
      return { opset: 12 };
    },
  },
  {
    name: 'a Squeeze of all axes of one element',
    feeds: inputsOf(2, 16, 1, 1),
    draw: (g) => {
      g.images(16, 1);
      g.dense(g.add('Squeeze', [g.relu(g.conv('x', 'a', { outputs: half }))], 's'), 'y', { inputs: half });
    },
    nothing: { channels: /Squeeze "s": its shapes are not known/ },
  },
  {
    name: 'values that are added to themselves',
    feeds: vectors,
    draw: (g) => {
      g.relu(g.dense('x', 'a', { outputs: half }));
      g.dense(g.add('Add', ['a_r', 'a_r'], 's'), 'y', { inputs: half });
    },
  },
];
