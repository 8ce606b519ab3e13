// SPDX-License-Identifier: Apache-2.0
// Weights that several read, that are computed, that others may replace; graphs inside nodes; names and borders.

import type { AttributeSpec, NodeSpec } from '../../../onnx-builder';
import { images, inputsOf, vectors, withInput, type GraphCase } from './graph-case';
import { half, type GraphSketch } from './graph-sketch';
import { planted } from './planted-weights';

const inside = { inputs: half, outputs: half };
const scaled = (dims: number[]) =>
  withInput(vectors, 's', () => ({ data: new Float32Array(16).fill(0.5), dims }));
const switched = withInput(vectors, 'k', (run) => ({ data: Uint8Array.of(run % 2), dims: [] }));
const indices = (runs: number) =>
  Array.from({ length: runs }, (_, run) => ({
    x: { data: BigInt64Array.from({ length: 12 }, (__, at) => BigInt((at * 7 + run * 5) % 32)), dims: [12] },
  }));

/** A body that computes one value. */
const branch = (output: string, nodes: readonly NodeSpec[]): AttributeSpec => ({
  graph: { outputs: [{ name: output }], nodes },
});

function addSwitch(g: GraphSketch): void {
  g.inputs.push({ name: 'k', type: 'BOOL', dims: [] });
}

const embedding = (name: string, turn: (g: GraphSketch, table: string) => void): GraphCase => ({
  name: `an embedding that is tied by ${name}`,
  feeds: indices,
  draw: (g) => {
    g.inputs = [{ name: 'x', type: 'INT64', dims: ['tokens'] }];
    g.add('Gather', [g.matrix('table', { outputs: half }, [32, 16]), 'x'], 'e');
    g.pair('e', 'd', inside);
    turn(g, 'table');
  },
  kept: { prune: { e: /form no matrix/ }, factorize: { e: /form no matrix/ }, channels: {} },
});

export const SHARING_CASES: readonly GraphCase[] = [
  {
    name: 'weights that two layers behind each other share',
    hasData: true,
    feeds: vectors,
    draw: (g) => {
      g.add('MatMul', [g.relu(g.add('MatMul', ['x', g.matrix('w')], 'a')), 'w'], 'b');
      g.pair(g.relu('b'), 'y');
    },
    kept: { factorize: { a: /shared by 2/, b: /shared by 2/ }, channels: { a: /input of the model/ } },
  },
  {
    name: 'nothing but shared weights',
    feeds: vectors,
    draw: (g) => {
      g.add('MatMul', [g.relu(g.add('MatMul', ['x', g.matrix('w')], 'a')), 'w'], 'y');
    },
    nothing: { factorize: /shared by 2 nodes/, channels: /input of the model/ },
  },
  {
    name: 'weights that two layers side by side share',
    feeds: vectors,
    draw: (g) => {
      g.add('MatMul', ['x', g.matrix('w', { outputs: half })], 'a');
      g.add('MatMul', [g.add('Neg', ['x'], 'n'), 'w'], 'b');
      g.dense(g.relu(g.add('Sub', ['a', 'b'], 's')), 'y', { inputs: half });
    },
  },
  {
    name: 'weights that are read in two ways',
    feeds: vectors,
    draw: (g) => {
      g.add('MatMul', ['x', g.matrix('w', { outputs: half })], 'a');
      g.add('Gemm', [g.relu('a'), 'w'], 'b', { transB: 1 });
      g.pair('b', 'y');
    },
    kept: { prune: { b: /in another way/, a: /by others too/ }, factorize: { a: /by others too/ } },
  },
  {
    name: 'weights that are added too',
    feeds: inputsOf(16, 16),
    draw: (g) => {
      g.inputs = [{ name: 'x', dims: [16, 16] }];
      g.add('Add', [g.add('MatMul', ['x', g.matrix('w', { outputs: half })], 'a'), 'w'], 's');
      g.pair('s', 'y', { inputs: half });
    },
    kept: { prune: { a: /Add "s"/ }, factorize: { a: /Add "s"/ } },
  },
  {
    name: 'weights that are an output',
    feeds: vectors,
    draw: (g) => {
      g.pair(g.add('MatMul', ['x', g.matrix('w')], 'a'), 'y');
      g.outputs = [{ name: 'y' }, { name: 'w', dims: [16, 16] }];
    },
    kept: {
      prune: { a: /by others too/ },
      cluster: { a: /by others too/ },
      factorize: { a: /by others too/ },
      channels: { a: /output of the model/ },
    },
  },
  embedding('Gemm', (g, table) => g.add('Gemm', ['d', table], 'y', { transB: 1 })),
  embedding('Transpose', (g, table) =>
    g.add('MatMul', ['d', g.add('Transpose', [table], 't', { perm: [1, 0] })], 'y'),
  ),
  {
    name: 'weights that are computed',
    feeds: scaled([16, 1]),
    draw: (g) => {
      g.inputs.push({ name: 's', dims: [16, 1] });
      g.pair(g.add('MatMul', ['x', g.add('Mul', [g.matrix('w'), 's'], 'ws')], 'a'), 'y');
    },
    kept: { prune: { a: /neither of its inputs/ }, cluster: { a: /neither/ }, factorize: { a: /neither/ } },
  },
  {
    name: 'a convolution whose weights and bias are computed',
    feeds: withInput(images, 's', () => ({ data: new Float32Array(16).fill(0.5), dims: [16] })),
    draw: (g) => {
      g.images();
      g.inputs.push({ name: 's', dims: [16] });
      g.add('Conv', ['x', g.weight('a_w', [16, 16, 1, 1]), 's'], 'a');
      g.numbers('dims', [16, 1, 1, 1]);
      g.add('Mul', [g.weight('b_w', [16, 16, 1, 1]), g.add('Reshape', ['s', 'dims'], 's4')], 'bs');
      g.add('Conv', ['a', 'bs'], 'b');
      g.conv(g.relu(g.conv('b', 'd', { outputs: half })), 'y', { inputs: half });
    },
    kept: {
      prune: { b: /not a constant/ },
      cluster: { b: /not a constant/ },
      factorize: { b: /not a constant/ },
      channels: { b: /computed/ },
    },
  },
  {
    name: 'nothing but weights that are given at run time',
    feeds: withInput(vectors, 'w', () => ({ data: new Float32Array(256).fill(0.1), dims: [16, 16] })),
    draw: (g) => {
      g.inputs.push({ name: 'w', dims: [16, 16] });
      g.add('MatMul', ['x', 'w'], 'y');
    },
    nothing: {
      prune: /neither/,
      cluster: /neither/,
      factorize: /neither/,
      channels: /no layers with weights/,
    },
  },
  {
    name: 'what folding leaves: Identity, Transpose, Constant, Reshape, Unsqueeze',
    feeds: vectors,
    draw: (g) => {
      g.add('MatMul', ['x', g.add('Identity', [g.matrix('a_w', { outputs: half })], 'a_i')], 'a');
      g.add('Transpose', [g.weight('b_w', [16, 16], inside)], 'b_t', { perm: [1, 0] });
      g.add('MatMul', [g.relu('a'), 'b_t'], 'b');
      const data = planted(g.operation, [16, 16], { outputAxis: 1, inputAxis: 0, ...inside }, 9);
      g.add('Constant', [], 'd_c', { value: { tensor: { name: 'c', dims: [256], data } } });
      g.add('MatMul', ['b', g.add('Reshape', ['d_c', g.numbers('dims', [16, 16])], 'd_s')], 'd');
      g.add(
        'MatMul',
        [g.relu('d'), g.add('Unsqueeze', [g.matrix('y_w', { inputs: half }), g.numbers('axis', [0])], 'y_u')],
        'y',
      );
    },
  },
  {
    name: 'weights that callers can replace',
    feeds: vectors,
    draw: (g) => {
      g.pair('x', 'a', { outputs: half });
      g.dense(g.relu('a'), 'y', { inputs: half });
      g.inputs.push({ name: 'a_1_w', dims: [16, 16] });
    },
    kept: {
      prune: { a_1_m: /neither/ },
      cluster: { a_1_m: /neither/ },
      factorize: { a_1_m: /neither/ },
      channels: {},
    },
  },
  {
    name: 'weights as inputs, as all old models have them',
    feeds: vectors,
    draw: (g) => {
      g.pair('x', 'y');
      g.inputs = [...g.inputs, ...g.initializers.map(({ name, dims }) => ({ name, dims }))];
      return { irVersion: 3, opset: 8 };
    },
  },
  {
    name: 'branches with weights of their own and of the graph around them',
    feeds: switched,
    draw: (g) => {
      addSwitch(g);
      g.add('MatMul', ['x', g.matrix('w')], 'a');
      g.matrix('v');
      g.add('If', ['k'], 'i', {
        then_branch: branch('t', [{ op: 'MatMul', inputs: ['a', 'w'], outputs: ['t'] }]),
        else_branch: branch('e', [{ op: 'MatMul', inputs: ['a', 'v'], outputs: ['e'] }]),
      });
      g.pair('i', 'y');
    },
    kept: {
      prune: { a: /by others too/, 'MatMul:t': /inside the body/ },
      factorize: { a: /by others too/, 'MatMul:e': /inside the body/ },
      cluster: { 'MatMul:e': /inside the body/ },
      channels: { a: /If "i"/, 'MatMul:t': /inside the body/ },
    },
  },
  {
    name: 'nothing but layers inside a branch',
    feeds: switched,
    draw: (g) => {
      addSwitch(g);
      g.matrix('w');
      g.add('If', ['k'], 'y', {
        then_branch: branch('t', [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['t'] }]),
        else_branch: branch('e', [{ op: 'Neg', inputs: ['x'], outputs: ['e'] }]),
      });
    },
    nothing: {
      prune: /inside the body/,
      cluster: /inside the body/,
      factorize: /inside the body/,
      channels: /inside the body/,
    },
  },
  {
    name: 'a loop over a weight of the graph around it',
    feeds: vectors,
    draw: (g) => {
      g.numbers('n', [3], []);
      g.initializers.push({ name: 'go', type: 'BOOL', dims: [], data: [1] });
      g.add('MatMul', ['x', g.matrix('w')], 'a');
      const graph = {
        inputs: [
          { name: 'i', type: 'INT64' as const, dims: [] },
          { name: 'c', type: 'BOOL' as const, dims: [] },
          { name: 'v', dims: ['batch', 16] },
        ],
        outputs: [
          { name: 'co', type: 'BOOL' as const, dims: [] },
          { name: 'vo', dims: ['batch', 16] },
        ],
        nodes: [
          { op: 'Identity', inputs: ['c'], outputs: ['co'] },
          { op: 'MatMul', inputs: ['v', 'w'], outputs: ['m'] },
          { op: 'Tanh', inputs: ['m'], outputs: ['vo'] },
        ],
      };
      g.pair(g.add('Loop', ['n', 'go', 'a'], 'l', { body: { graph } }), 'y');
    },
    kept: { prune: { a: /by others too/ }, factorize: { 'MatMul:m': /inside the body/ } },
  },
  {
    name: 'units that a branch reads',
    feeds: switched,
    draw: (g) => {
      addSwitch(g);
      g.relu(g.dense('x', 'a', { outputs: half }));
      const mean = (to: string, op: string): NodeSpec => ({
        op,
        inputs: ['a_r'],
        outputs: [to],
        attributes: { axes: [1] },
      });
      g.add('If', ['k'], 'i', {
        then_branch: branch('t', [mean('t', 'ReduceMean')]),
        else_branch: branch('e', [mean('e', 'ReduceMax')]),
      });
      g.add('Add', [g.dense('a_r', 'b', { ...inside }), 'i'], 's');
      g.pair('s', 'y', { inputs: half });
    },
    kept: { channels: { a_m: /If "i"/ } },
  },
  {
    name: 'the number of units, which a branch reads',
    feeds: switched,
    draw: (g) => {
      addSwitch(g);
      g.add('Shape', [g.relu(g.dense('x', 'a', { outputs: half }))], 'n');
      const size = (name: string) =>
        branch(name, [
          { op: 'Cast', inputs: ['n'], outputs: [`${name}_f`], attributes: { to: 1 } },
          { op: 'ReduceMax', inputs: [`${name}_f`], outputs: [name], attributes: { axes: [0], keepdims: 0 } },
        ]);
      g.add('If', ['k'], 'i', { then_branch: size('t'), else_branch: size('e') });
      g.add('Add', [g.dense('a_r', 'b', { ...inside }), 'i'], 's');
      g.pair('s', 'y', { inputs: half });
    },
    kept: { channels: { a_m: /used as a number/ } },
  },
  {
    name: 'layers whose outputs are outputs of the model, before others',
    feeds: vectors,
    draw: (g) => {
      g.dense(g.relu(g.dense('x', 'a')), 'b', { outputs: half });
      g.pair('b', 'y', { inputs: half });
      g.outputs = [{ name: 'y' }, { name: 'a' }, { name: 'a_m' }];
    },
    kept: { channels: { a_m: /output of the model/ } },
  },
  {
    name: 'names that ours would collide with',
    hasData: true,
    feeds: vectors,
    draw: (g) => {
      g.pair('x', 'y');
      let last = 'y';
      for (const name of [
        'y_1_m_first_out',
        'y_1_bias',
        'y_1_w_first',
        'y_1_w_second',
        'y_1_w_levels',
        'y_bias',
      ])
        last = g.add('Neg', [last], name);
      g.outputs = [{ name: 'y' }, { name: last }];
    },
  },
  {
    name: 'nodes without names',
    feeds: vectors,
    draw: (g) => {
      g.pair('x', 'y');
      for (const node of g.nodes) node.name = '';
    },
  },
  {
    name: 'a function of the model',
    feeds: vectors,
    draw: (g) => {
      g.pair('x', 'a', { outputs: half });
      g.nodes.push({
        op: 'Dense',
        domain: 'own',
        name: 'f',
        inputs: ['a', g.matrix('w', { inputs: half })],
        outputs: ['y'],
      });
      const nodes = [{ op: 'MatMul', inputs: ['p', 'q'], outputs: ['r'] }];
      return {
        opset: { '': 17, own: 1 },
        functions: [{ name: 'Dense', domain: 'own', inputs: ['p', 'q'], outputs: ['r'], nodes }],
      };
    },
  },
  {
    name: 'texts as inputs and outputs',
    hasData: true,
    feeds: withInput(vectors, 's', () => ({ data: ['a', 'b', 'c', 'd'], dims: [4] })),
    draw: (g) => {
      g.inputs.push({ name: 's', type: 'STRING', dims: ['batch'] });
      g.pair('x', 'y');
      g.initializers.push({
        name: 'classes',
        type: 'STRING',
        dims: [16],
        strings: Array.from({ length: 16 }, (_, at) => `class ${at}`),
      });
      g.add('Gather', ['classes', g.add('ArgMax', ['y'], 'k', { axis: 1, keepdims: 0 })], 'c');
      g.add('Identity', ['s'], 't');
      g.outputs = [{ name: 'y' }, { name: 'c', type: 'STRING' }, { name: 't', type: 'STRING' }];
    },
  },
  {
    name: 'weights without elements',
    feeds: vectors,
    draw: (g) => {
      g.initializers.push({ name: 'w', dims: [16, 0], data: [] });
      g.pair(g.add('Concat', ['x', g.add('MatMul', ['x', 'w'], 'a')], 'c', { axis: 1 }), 'y');
    },
    kept: { prune: { a: /empty/ }, cluster: { a: /too few/ }, factorize: { a: /empty/ } },
  },
];
