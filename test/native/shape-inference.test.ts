// SPDX-License-Identifier: Apache-2.0
// What inference says of the values of a model, beside the values of real runs: each inner value is made an output.
import { describe, expect, it } from 'vitest';
import { createSession, type Feeds } from '../../lib/index';
import { loadModel, type OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { inferShapes } from '../../lib/onnx/infer/infer-shapes';
import { makeModel, type NodeSpec, type TensorSpec } from '../onnx-builder';
import { attentionModel, loopModel, noise, residualModel, weight } from '../precision-models';

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Makes all values of the main graph outputs. */
function exposeAll(model: OnnxModel): string[] {
  const types = inferShapes(model, { declared: false });
  const outputs = new Set(model.graph.output.map(({ name }) => name));
  for (const name of model.graph.node.flatMap(({ output }) => output)) {
    const type = types.typeOf(name);
    if (name === '' || outputs.has(name) || type === undefined) continue;
    model.graph.output.push({ name, type: { tensorType: { elemType: type.elemType } } });
  }
  return model.graph.output.map(({ name }) => name);
}

/** Runs the model on inputs of these dims, and compares the dims of all values with what is inferred for them. */
async function compare(bytes: Uint8Array, shapes: Shapes): Promise<void> {
  const model = await loadModel(bytes);
  const names = exposeAll(model);
  const feeds: Record<string, Feeds[string]> = {};
  for (const [name, dims] of Object.entries(shapes)) {
    const count = dims.reduce((product, dim) => product * dim, 1);
    feeds[name] = { data: noise(count, 1, 3), dims };
  }
  const open = inferShapes(model, { declared: false });
  const concrete = inferShapes(model, { declared: false, inputs: shapes });
  expect(concrete.conflicts).toEqual([]);
  const session = await createSession(model.toBytes(), { device: 'cpu', intraOpNumThreads: 1 });
  try {
    const outputs = await session.run(feeds);
    const actual = Object.fromEntries(names.map((name) => [name, outputs[name]!.dims]));
    const inferred = Object.fromEntries(names.map((name) => [name, concrete.typeOf(name)?.dims]));
    expect(inferred).toEqual(actual);
    for (const name of names) {
      const known = open.typeOf(name)?.dims ?? actual[name]!;
      const fixed = known.map((dim, axis) => (typeof dim === 'number' ? dim : actual[name]![axis]));
      expect(fixed, name).toEqual(actual[name]);
    }
  } finally {
    await session.close();
  }
}

const ints = (name: string, ...data: number[]): TensorSpec => ({
  name,
  type: 'INT64',
  dims: [data.length],
  data,
});

/** Windows of all kinds over `x` [n, 3, h, w]: strides, dilations, padding by rule, resizing, cropping. */
function windowsModel(): Uint8Array {
  const pool = (op: string, name: string, attributes: NodeSpec['attributes']): NodeSpec => ({
    op,
    inputs: ['x'],
    outputs: [name],
    attributes,
  });
  return makeModel({
    inputs: [{ name: 'x', dims: ['n', 3, 'h', 'w'] }],
    outputs: [{ name: 'last' }],
    nodes: [
      pool('MaxPool', 'p1', { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1] }),
      pool('MaxPool', 'p2', { kernel_shape: [2, 3], strides: [3, 2], pads: [0, 1, 1, 1], ceil_mode: 1 }),
      pool('AveragePool', 'p3', { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' }),
      pool('LpPool', 'p4', { kernel_shape: [2, 2], strides: [2, 2], auto_pad: 'VALID' }),
      {
        op: 'Conv',
        inputs: ['x', 'w'],
        outputs: ['c1'],
        attributes: { dilations: [2, 1], strides: [2, 1], pads: [2, 0, 1, 1] },
      },
      {
        op: 'ConvTranspose',
        inputs: ['c1', 'v'],
        outputs: ['c2'],
        attributes: { strides: [3, 2], output_padding: [1, 0], pads: [1, 0, 0, 1] },
      },
      { op: 'Resize', inputs: ['x', '', 'scales'], outputs: ['r'] },
      { op: 'Shape', inputs: ['p1'], outputs: ['size'] },
      { op: 'Resize', inputs: ['c1', '', '', 'sizes'], outputs: ['r2'] },
      { op: 'Slice', inputs: ['x', 'starts', 'ends', 'axes', 'steps'], outputs: ['s'] },
      { op: 'Pad', inputs: ['s', 'pads'], outputs: ['padded'] },
      { op: 'GlobalAveragePool', inputs: ['padded'], outputs: ['last'] },
    ],
    initializers: [
      weight('w', [4, 3, 3, 2], 0.3),
      weight('v', [4, 5, 3, 3], 0.3),
      { name: 'scales', dims: [4], data: [1, 1, 1.5, 0.6] },
      ints('sizes', 2, 4, 7, 9),
      ints('starts', 1, -1),
      ints('ends', -1, -1000),
      ints('axes', 2, 3),
      ints('steps', 2, -3),
      ints('pads', 0, 1, 0, 2, 0, 0, 3, 1),
    ],
  });
}

/** Rows of `x` [time, batch, 8] through LSTM and GRU, then by value of their shapes into other shapes. */
function recurrentModel(): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: ['time', 'batch', 8] }],
    outputs: [{ name: 'y' }],
    nodes: [
      {
        op: 'LSTM',
        inputs: ['x', 'lw', 'lr'],
        outputs: ['l', 'lh', 'lc'],
        attributes: { hidden_size: 6, direction: 'bidirectional' },
      },
      { op: 'GRU', inputs: ['x', 'gw', 'gr'], outputs: ['g', 'gh'], attributes: { hidden_size: 5 } },
      { op: 'Transpose', inputs: ['l'], outputs: ['t'], attributes: { perm: [0, 2, 1, 3] } },
      { op: 'Reshape', inputs: ['t', 'flat'], outputs: ['joined'] },
      { op: 'Squeeze', inputs: ['g', 'one'], outputs: ['gs'] },
      { op: 'Concat', inputs: ['joined', 'gs', 'x'], outputs: ['c'], attributes: { axis: 2 } },
      { op: 'Shape', inputs: ['c'], outputs: ['shape'] },
      { op: 'Gather', inputs: ['shape', 'zero'], outputs: ['time'] },
      { op: 'Range', inputs: ['zero', 'time', 'step'], outputs: ['positions'] },
      { op: 'Slice', inputs: ['shape', 'one', 'three'], outputs: ['tail'] },
      { op: 'ConstantOfShape', inputs: ['tail'], outputs: ['zeros'] },
      { op: 'Add', inputs: ['c', 'zeros'], outputs: ['sum'] },
      { op: 'Split', inputs: ['sum', 'parts'], outputs: ['a', 'b'], attributes: { axis: 2 } },
      { op: 'ReduceMax', inputs: ['b'], outputs: ['y'], attributes: { axes: [0], keepdims: 0 } },
    ],
    initializers: [
      weight('lw', [2, 24, 8], 0.3),
      weight('lr', [2, 24, 6], 0.3),
      weight('gw', [1, 15, 8], 0.3),
      weight('gr', [1, 15, 5], 0.3),
      ints('flat', 0, 0, -1),
      ints('one', 1),
      ints('three', 3),
      ints('parts', 20, 5),
      { name: 'zero', type: 'INT64', dims: [], data: [0] },
      { name: 'step', type: 'INT64', dims: [], data: [1] },
    ],
  });
}

describe('inferred shapes beside those of real runs', () => {
  it.each([1, 5])('a convolutional network, %i images', (n) =>
    compare(residualModel(), { images: [n, 3, 16, 16] }),
  );

  it.each([1, 3])('a transformer block, batch %i', (n) =>
    compare(attentionModel(), { x: [n, 8, 32], mask: [n, 1, 8] }),
  );

  it.each([
    [1, 12, 17],
    [2, 13, 12],
    [2, 14, 15],
  ])('windows over %i images of %i x %i', (n, h, w) => compare(windowsModel(), { x: [n, 3, h, w] }));

  it.each([
    [4, 1],
    [7, 3],
  ])('recurrent layers of %i steps, batch %i', (time, batch) =>
    compare(recurrentModel(), { x: [time, batch, 8] }),
  );

  it('a loop', () => compare(loopModel(), { x: [2, 16] }));
});
