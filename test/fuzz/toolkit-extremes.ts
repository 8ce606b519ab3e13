// SPDX-License-Identifier: Apache-2.0
// Small files that ask for much: sizes, depths and products that damage never comes upon by chance.

import { makeModel, type GraphSpec, type ModelSpec, type NodeSpec, type TensorSpec } from '../onnx-builder';
import type { Seed } from './seeds';

const X = { name: 'x', dims: [2, 2] };
const Y = { name: 'y' };
const HUGE = 2 ** 40;

function whole(name: string, values: readonly number[], dims = [values.length]): TensorSpec {
  return { name, type: 'INT64', dims, data: BigInt64Array.from(values, BigInt) };
}

function model(nodes: readonly NodeSpec[], rest: Partial<ModelSpec> = {}): Uint8Array {
  return makeModel({ inputs: [X], outputs: [Y], nodes, ...rest });
}

/** `op` of the same value twice, again and again: each step may double something. */
function doubling(op: NodeSpec['op'], first: string, attributes: NodeSpec['attributes'] = {}): NodeSpec[] {
  return Array.from({ length: 60 }, (_, i) => {
    const input = i === 0 ? first : `v${i}`;
    return { op, inputs: [input, input], outputs: [i === 59 ? 'last' : `v${i + 1}`], attributes };
  });
}

function shapeEnd(name: string): NodeSpec {
  return { op: 'ConstantOfShape', inputs: [name], outputs: ['y'] };
}

/** Constants that would be larger than memory, or have sizes that are none. */
function hugeResults(): [string, Uint8Array][] {
  const two = { name: 'two', dims: [2, 2], data: new Float32Array(4) };
  const of = (op: string, values: readonly number[]): Uint8Array =>
    model(
      [
        { op, inputs: ['two', 's'], outputs: ['c'] },
        { op: 'Identity', inputs: ['c'], outputs: ['y'] },
      ],
      {
        initializers: [two, whole('s', values)],
      },
    );
  return [
    ['constant of a huge shape', model([shapeEnd('s')], { initializers: [whole('s', [HUGE, HUGE])] })],
    ['constant of a negative shape', model([shapeEnd('s')], { initializers: [whole('s', [-1, -HUGE])] })],
    ['expand to a huge shape', of('Expand', [HUGE, 2, 2])],
    ['expand to two negative sizes', of('Expand', [-1, -1, 2, 2])],
    ['tile a huge number of times', of('Tile', [HUGE, HUGE])],
    ['tile a negative number of times', of('Tile', [-1, -1])],
    ['pad by a huge number', of('Pad', [0, HUGE, HUGE, 0])],
    ['split into negative sizes', of('Split', [-HUGE, HUGE + 2])],
    ['reshape to huge sizes', of('Reshape', [HUGE, HUGE])],
    [
      'a huge range',
      model([{ op: 'Range', inputs: ['a', 'b', 'd'], outputs: ['y'] }], {
        initializers: [whole('a', [0], []), whole('b', [HUGE], []), whole('d', [1], [])],
      }),
    ],
    [
      'concat of itself',
      model([...doubling('Concat', 'two', { axis: 0 }), shapeOf('last')], { initializers: [two] }),
    ],
    [
      'many large constants',
      model(
        Array.from({ length: 500 }, (_, i) => ({
          op: 'ConstantOfShape',
          inputs: ['s'],
          outputs: [i === 0 ? 'y' : `c${i}`],
        })).concat({
          op: 'Sum',
          inputs: Array.from({ length: 499 }, (_, i) => `c${i + 1}`),
          outputs: ['sum'],
        }),
        { initializers: [whole('s', [2047, 2047])], outputs: [Y, { name: 'sum' }] },
      ),
    ],
  ];
}

function shapeOf(name: string): NodeSpec {
  return { op: 'Shape', inputs: [name], outputs: ['y'] };
}

/** What is known of shapes, which may grow from node to node. */
function growingShapes(): [string, Uint8Array][] {
  const symbolic = [{ name: 'x', dims: ['a', 'b'] }];
  const columns = Array.from({ length: 8 }, (_, axis) => {
    return whole(
      `c${axis}`,
      Array.from({ length: 200 }, (__, i) => i),
      [200, ...new Array<number>(axis).fill(1)],
    );
  });
  return [
    [
      'a rank that a shape says',
      model([{ op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }], {
        inputs: [X, { name: 's', type: 'INT64', dims: [HUGE] }],
      }),
    ],
    [
      'squares of squares of a symbol',
      model(
        [{ op: 'Size', inputs: ['x'], outputs: ['size'] }, ...doubling('Mul', 'size'), shapeEnd('last')],
        {
          inputs: symbolic,
        },
      ),
    ],
    [
      'sums of sums of a symbol',
      model(
        [{ op: 'Size', inputs: ['x'], outputs: ['size'] }, ...doubling('Add', 'size'), shapeEnd('last')],
        {
          inputs: symbolic,
        },
      ),
    ],
    [
      'a product of axes',
      model([{ op: 'Max', inputs: columns.map(({ name }) => name), outputs: ['m'] }, shapeOf('m')], {
        initializers: columns,
      }),
    ],
  ];
}

function nested(depth: number, wrap: (body: GraphSpec, level: number) => NodeSpec): NodeSpec {
  let node: NodeSpec = { op: 'Relu', inputs: ['x'], outputs: ['out0'] };
  for (let level = 1; level <= depth; level++) {
    const output = node.outputs[0]!;
    node = wrap({ nodes: [node], outputs: [{ name: output }] }, level);
  }
  return { ...node, outputs: ['y'] };
}

/** Graphs in graphs, and functions that call others twice. */
function depths(): [string, Uint8Array][] {
  const ifs = nested(30, (body, level) => {
    const other = {
      nodes: [{ op: 'Neg', inputs: ['x'], outputs: [`e${level}`] }],
      outputs: [{ name: `e${level}` }],
    };
    const attributes = { then_branch: { graph: body }, else_branch: { graph: other } };
    return { op: 'If', inputs: ['c'], outputs: [`out${level}`], attributes };
  });
  const loops = nested(12, ({ nodes = [], outputs = [] }, level) => {
    const [i, go, state] = [`i${level}`, `go${level}`, `s${level}`];
    const value = outputs[0]!.name;
    const grown = { op: 'Concat', inputs: [state, value], outputs: [`g${level}`], attributes: { axis: 0 } };
    const pass = { op: 'Identity', inputs: [go], outputs: [`on${level}`] };
    const graph: GraphSpec = {
      inputs: [{ name: i, type: 'INT64', dims: [] }, { name: go, type: 'BOOL', dims: [] }, { name: state }],
      outputs: [{ name: `on${level}`, type: 'BOOL', dims: [] }, { name: `g${level}` }],
      nodes: [...nodes, grown, pass],
    };
    return { op: 'Loop', inputs: ['n', 'c', 'x'], outputs: [`out${level}`], attributes: { body: { graph } } };
  });
  const inputs = [
    X,
    { name: 'c', type: 'BOOL' as const, dims: [] },
    { name: 'n', type: 'INT64' as const, dims: [] },
  ];
  const functions = Array.from({ length: 40 }, (_, i) => {
    const inner = i === 39 ? { op: 'Relu' } : { op: `F${i + 1}`, domain: 'own' };
    const nodes = [
      { ...inner, inputs: ['a'], outputs: ['b'] },
      { ...inner, inputs: ['b'], outputs: ['c'] },
    ];
    return { name: `F${i}`, domain: 'own', inputs: ['a'], outputs: ['c'], nodes };
  });
  return [
    ['branches in branches', model([ifs], { inputs })],
    ['loops in loops', model([loops], { inputs })],
    [
      'functions that double',
      model([{ op: 'F0', domain: 'own', inputs: ['x'], outputs: ['y'] }], {
        functions,
        opset: { '': 17, own: 1 },
      }),
    ],
  ];
}

/** Graphs that are long or wide: each of their nodes may be looked at a few times, not once for each other one. */
function lengths(nodes: number): [string, Uint8Array][] {
  const chain = (...ops: readonly Omit<NodeSpec, 'inputs' | 'outputs'>[]): Uint8Array =>
    model(
      Array.from({ length: nodes }, (_, i) => ({
        ...ops[i % ops.length]!,
        inputs: [i === 0 ? 'x' : `v${i}`],
        outputs: [i === nodes - 1 ? 'y' : `v${i + 1}`],
      })),
    );
  const transpose = { op: 'Transpose', attributes: { perm: [1, 0] } };
  const parallel = Array.from({ length: nodes }, (_, i) => ({
    op: 'Relu',
    inputs: ['x'],
    outputs: [`r${i}`],
  }));
  const missing = Array.from({ length: nodes }, (_, i) => {
    return { op: 'Relu', inputs: [`some_missing_value_${i}`], outputs: [`value_of_some_layer_${i}`] };
  });
  return [
    ['a chain', chain({ op: 'Relu' })],
    ['a chain of one name', chain({ op: 'Relu', name: 'n' })],
    ['a chain of identities', chain({ op: 'Identity' })],
    ['a chain of transposes', chain(transpose, { op: 'Relu' })],
    [
      'a value with many readers',
      model([...parallel, { op: 'Sum', inputs: parallel.map(({ outputs }) => outputs[0]!), outputs: ['y'] }]),
    ],
    ['many values that nothing makes', model(missing)],
    [
      'many initializers',
      model(
        Array.from({ length: nodes }, (_, i) => ({
          op: 'MatMul',
          inputs: [i === 0 ? 'x' : `v${i}`, `w${i}`],
          outputs: [i === nodes - 1 ? 'y' : `v${i + 1}`],
        })),
        {
          initializers: Array.from({ length: nodes }, (_, i) => {
            return { name: `w${i}`, dims: [2, 2], data: new Float32Array(4).fill(1) };
          }),
        },
      ),
    ],
  ];
}

/**
 * Models that ask for much.
 *
 * @param nodes - How long the long ones are.
 */
export function extremeModels(nodes = 20_000): Seed[] {
  const made = [...hugeResults(), ...growingShapes(), ...depths(), ...lengths(nodes)];
  return made.map(([name, bytes]) => ({ name, bytes }));
}
