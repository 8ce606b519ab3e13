// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { equalizeModel, listEqualizationTensors } from '../../../../lib/compress/equalize/equalize-model';
import { loadModel, type OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { makeModel, type ModelSpec, type NodeSpec, type TensorSpec } from '../../../onnx-builder';
import { weight } from '../../../precision-models';

const CHANNELS = 8;
/** Sizes of channels from 1 to 1,000. */
const uneven = Float32Array.from({ length: CHANNELS }, (_, channel) => 1000 ** (channel / (CHANNELS - 1)));

/** `x` [n, 8] times a matrix, what is between, times another one to `y`. */
function between(
  nodes: readonly NodeSpec[],
  more: Partial<ModelSpec> & { initializers?: TensorSpec[] } = {},
) {
  return loadModel(
    makeModel({
      inputs: [{ name: 'x', dims: ['n', CHANNELS] }],
      outputs: [{ name: 'y', dims: ['n', 16] }, ...(more.outputs ?? [])],
      nodes: [
        { op: 'MatMul', name: 'first', inputs: ['x', 'first_w'], outputs: ['a'] },
        ...nodes,
        { op: 'MatMul', name: 'second', inputs: ['b', 'second_w'], outputs: ['y'] },
      ],
      initializers: [
        weight('first_w', [CHANNELS, CHANNELS], 1),
        weight('second_w', [CHANNELS, 16], 1),
        ...(more.initializers ?? []),
      ],
      irVersion: 9,
      opset: 20,
    }),
  );
}

const step = (op: string, ...rest: string[]): NodeSpec => ({
  op,
  name: 'step',
  inputs: ['a', ...rest],
  outputs: ['b'],
});
const maxima = new Map([['b', uneven]]);
const values = ({ graph }: OnnxModel, name: string) =>
  readFloats(graph.initializer.find((one) => one.name === name)!);

describe('equalizeModel', () => {
  it.each(['Relu', 'LeakyRelu', 'Identity', 'Neg', 'Abs', 'Dropout'])('scales through %s', async (op) => {
    const model = await between([step(op)]);
    const before = [values(model, 'first_w'), values(model, 'second_w')];
    const report = equalizeModel(model, maxima);
    expect(report.places).toMatchObject([
      { tensor: 'b', readers: ['second'], channels: CHANNELS, by: 'weights' },
    ]);
    expect(report.largestSpread.before).toBeCloseTo(1000, 0);
    expect(report.largestSpread.after).toBeLessThan(40);
    const ratio = (which: 0 | 1, at: number) =>
      values(model, which === 0 ? 'first_w' : 'second_w')[at]! / before[which]![at]!;
    // Column c of the first, row c of the second.
    for (let c = 0; c < CHANNELS; c++) expect(ratio(0, c) * ratio(1, c * 16)).toBeCloseTo(1, 4);
    expect(ratio(1, 7 * 16) / ratio(1, 0)).toBeGreaterThan(25);
  });

  it.each(['Sigmoid', 'HardSwish', 'Tanh', 'Erf', 'Softmax', 'Exp'])(
    'multiplies behind %s, which is not homogeneous, or leaves it alone where that is not wanted',
    async (op) => {
      const model = await between([step(op)]);
      const same = model.clone();
      expect(equalizeModel(same, maxima, { explicit: false }).places).toEqual([]);
      expect(values(same, 'second_w')).toEqual(values(model, 'second_w'));
      const first = values(model, 'first_w');
      expect(equalizeModel(model, maxima).places).toMatchObject([{ tensor: 'b', by: 'multiplication' }]);
      expect(values(model, 'first_w')).toEqual(first);
      expect(model.graph.node.map(({ opType }) => opType)).toEqual(['MatMul', op, 'Mul', 'MatMul']);
      expect(model.graph.node[3]!.input[0]).toBe(model.graph.node[2]!.output[0]);
    },
  );

  it.each<[string, readonly NodeSpec[], { outputs?: ModelSpec['outputs']; initializers?: TensorSpec[] }]>([
    ['a tensor that is an output', [step('Relu')], { outputs: [{ name: 'b' }] }],
    ['a maker that is an output', [step('Relu')], { outputs: [{ name: 'a' }] }],
    [
      'a tensor that something unknown reads',
      [step('Relu'), { op: 'Sigmoid', inputs: ['b'], outputs: ['c'] }],
      { outputs: [{ name: 'c' }] },
    ],
    [
      'a tensor that a custom operator reads',
      [step('Relu'), { op: 'Relu', domain: 'my.own', inputs: ['a'], outputs: ['c'] }],
      { outputs: [{ name: 'c' }] },
    ],
    ['a sum with one number', [step('Add', 'one')], { initializers: [{ name: 'one', dims: [], data: [1] }] }],
    ['a sum with an input', [step('Add', 'x')], {}],
    [
      'a limit',
      [step('Clip', 'zero', 'six')],
      {
        initializers: [
          { name: 'zero', dims: [], data: [0] },
          { name: 'six', dims: [], data: [6] },
        ],
      },
    ],
    [
      'weights that two operators read',
      [step('Relu'), { op: 'MatMul', inputs: ['x', 'first_w'], outputs: ['c'] }],
      {
        outputs: [{ name: 'c' }],
      },
    ],
  ])('cannot scale %s by weights', async (_, nodes, more) => {
    const model = await between(nodes, more);
    const before = values(model, 'first_w');
    expect(equalizeModel(model, maxima, { explicit: false }).places).toEqual([]);
    expect(values(model, 'first_w')).toEqual(before);
  });

  it('scales constants per channel that are added, and takes up factors in those that are multiplied', async () => {
    const bias = weight('bias', [CHANNELS], 1);
    const added = await between([step('Add', 'bias')], { initializers: [bias] });
    equalizeModel(added, maxima);
    const [before, after] = [bias.data as Float32Array, values(added, 'bias')];
    const firstBefore = weight('first_w', [CHANNELS, CHANNELS], 1).data as Float32Array;
    const first = values(added, 'first_w');
    for (let c = 0; c < CHANNELS; c++)
      expect(after[c]! / before[c]!).toBeCloseTo(first[c]! / firstBefore[c]!, 5);

    const multiplied = await between(
      [step('Sigmoid'), { ...step('Mul', 'bias'), inputs: ['b', 'bias'], outputs: ['c'] }],
      {
        initializers: [bias],
      },
    );
    multiplied.graph.node.at(-1)!.input[0] = 'c';
    expect(equalizeModel(multiplied, new Map([['c', uneven]])).places).toMatchObject([
      { tensor: 'c', by: 'normalization' },
    ]);
    expect(values(multiplied, 'first_w')).toEqual(firstBefore);
    expect(values(multiplied, 'bias')[7]! / before[7]!).toBeLessThan(
      values(multiplied, 'bias')[0]! / before[0]! / 25,
    );
  });

  it('leaves channels that were always zero as they are, whatever the others are scaled by', async () => {
    const model = await between([step('Relu')]);
    const before = values(model, 'second_w');
    const dead = uneven.map((size, channel) => (channel === 3 ? 0 : size));
    equalizeModel(model, new Map([['b', dead]]));
    const after = values(model, 'second_w');
    expect(after.subarray(48, 64)).toEqual(before.subarray(48, 64));
    expect(after[0]).not.toBe(before[0]);
  });

  it('does nothing for tensors without maxima, of another size, or for operators that are not quantised', async () => {
    const model = await between([step('Relu')]);
    expect(equalizeModel(model, new Map()).places).toEqual([]);
    expect(equalizeModel(model, new Map([['b', Float32Array.of(1, 2)]])).places).toEqual([]);
    expect(equalizeModel(model, maxima, { isQuantized: () => false }).places).toEqual([]);
    expect(equalizeModel(model, new Map([['b', new Float32Array(CHANNELS)]])).largestSpread).toEqual({
      before: 1,
      after: 1,
    });
  });

  it('inserts no multiplication for factors that are nearly alike', async () => {
    const model = await between([step('Sigmoid')]);
    const alike = Float32Array.from({ length: CHANNELS }, (_, channel) => 1 + channel / CHANNELS);
    expect(equalizeModel(model, new Map([['b', alike]])).places).toEqual([]);
    expect(model.graph.node).toHaveLength(3);
  });
});

describe('listEqualizationTensors', () => {
  it('names what operators with constant weights read, with the axis of its channels', async () => {
    const model = await between([step('Relu')]);
    expect([...listEqualizationTensors(model)]).toEqual([
      ['x', -1],
      ['b', -1],
    ]);
  });
});
