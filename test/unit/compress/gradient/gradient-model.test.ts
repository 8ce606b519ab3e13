// SPDX-License-Identifier: Apache-2.0
// What is written; that it is right is measured in test/native/gradients.test.ts.
import { describe, expect, it } from 'vitest';
import { makeGradientModel, type GradientRequest } from '../../../../lib/compress/gradient/gradient-model';
import { checkOnnxModel, loadModel, type OnnxModel } from '../../../../lib/onnx';
import { makeModel, type NodeSpec } from '../../../onnx-builder';
import { weight } from '../../../precision-models';

const sum: GradientRequest['writeLoss'] = (write) => ({
  loss: write.node('ReduceSum', ['y'], { keepdims: 0 }),
  inputs: [],
  parts: {},
  parameters: [],
});

async function model(nodes: readonly NodeSpec[], opset = 17): Promise<OnnxModel> {
  return loadModel(
    makeModel({
      opset,
      inputs: [{ name: 'x', dims: ['n', 4] }],
      outputs: [{ name: 'y', dims: ['n', 4] }],
      nodes,
      initializers: [weight('w', [4, 4], 1), weight('v', [4, 4], 1), weight('b', [4], 1)],
    }),
  );
}

const node = (op: string, inputs: readonly string[], output: string): NodeSpec => ({
  op,
  name: `the ${op}`,
  inputs,
  outputs: [output],
});
const opsOf = ({ graph }: OnnxModel): string[] => graph.node.map(({ opType }) => opType);

describe('makeGradientModel', () => {
  it('makes parameters inputs and gradients outputs, and leaves the source alone', async () => {
    const source = await model([node('MatMul', ['x', 'w'], 'p'), node('Add', ['p', 'b'], 'y')]);
    const before = source.toBytes();
    const made = makeGradientModel(source, { parameters: ['w', 'b'], writeLoss: sum });
    expect(checkOnnxModel(made.model)).toEqual([]);
    expect(made.model.graph.input.map(({ name }) => name)).toEqual(['x', 'w', 'b']);
    expect(made.model.graph.output.map(({ name }) => name)).toEqual([
      ...made.parts.values(),
      ...made.gradients.values(),
    ]);
    expect([...made.gradients.keys()]).toEqual(['w', 'b']);
    expect(source.toBytes()).toEqual(before);
  });

  it('computes no gradient that nobody asks for', async () => {
    const source = await model([node('MatMul', ['x', 'w'], 'p'), node('MatMul', ['p', 'v'], 'y')]);
    const last = makeGradientModel(source, { parameters: ['v'], writeLoss: sum }).model;
    const both = makeGradientModel(source, { parameters: ['w', 'v'], writeLoss: sum }).model;
    const products = (one: OnnxModel) => opsOf(one).filter((op) => op === 'MatMul').length;
    expect([products(last), products(both)]).toEqual([3, 5]);
  });

  it('adds the gradients of all readers', async () => {
    const source = await model([node('MatMul', ['x', 'w'], 'p'), node('Mul', ['p', 'p'], 'y')]);
    const made = makeGradientModel(source, { parameters: ['w'], writeLoss: sum });
    expect(opsOf(made.model)).toContain('Sum');
  });

  it('leaves parameters out that the loss does not depend on', async () => {
    const source = await model([node('MatMul', ['x', 'w'], 'y'), node('MatMul', ['x', 'v'], 'unused')]);
    const made = makeGradientModel(source, { parameters: ['w', 'v'], writeLoss: sum });
    expect([...made.gradients.keys()]).toEqual(['w']);
  });

  it('passes no gradient through what has steps', async () => {
    const source = await model([
      node('MatMul', ['x', 'w'], 'p'),
      node('Floor', ['p'], 'f'),
      node('MatMul', ['f', 'v'], 'y'),
    ]);
    const made = makeGradientModel(source, { parameters: ['w', 'v'], writeLoss: sum });
    expect([...made.gradients.keys()]).toEqual(['v']);
  });

  it('names the node of an operator without a gradient, but only on the way', async () => {
    const nodes = [
      node('MatMul', ['x', 'w'], 'p'),
      node('CumSum', ['p', 'axis'], 'q'),
      node('MatMul', ['q', 'v'], 'y'),
    ];
    const source = await model([{ ...node('Constant', [], 'axis'), attributes: { value_int: 1 } }, ...nodes]);
    const request = { parameters: ['w', 'v'], writeLoss: sum };
    expect(() => makeGradientModel(source, request)).toThrow(
      expect.objectContaining({
        code: 'ERR_TRT_COMPRESS_UNSUPPORTED',
        message: 'Node "the CumSum" (CumSum) cannot be trained through: the operator has no gradient here.',
      }) as Error,
    );
    expect([...makeGradientModel(source, { ...request, parameters: ['v'] }).gradients.keys()]).toEqual(['v']);
  });

  it('raises older models, whose axes are attributes', async () => {
    const mean = { ...node('ReduceMean', ['p'], 'm'), attributes: { axes: [1], keepdims: 1 } };
    const source = await model([node('MatMul', ['x', 'w'], 'p'), mean, node('Sub', ['p', 'm'], 'y')], 13);
    const made = makeGradientModel(source, { parameters: ['w'], writeLoss: sum });
    expect(made.model.opset).toBe(18);
    expect(checkOnnxModel(made.model)).toEqual([]);
  });
});
