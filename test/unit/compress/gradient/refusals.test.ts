// SPDX-License-Identifier: Apache-2.0
// What would have a wrong gradient in silence is refused, with the node.
import { describe, expect, it } from 'vitest';
import { makeGradientModel } from '../../../../lib/compress/gradient/gradient-model';
import { loadModel } from '../../../../lib/onnx';
import { makeModel, type NodeSpec, type TensorSpec } from '../../../onnx-builder';
import { weight } from '../../../precision-models';

async function differentiateThrough(
  nodes: readonly NodeSpec[],
  initializers: readonly TensorSpec[] = [],
): Promise<unknown> {
  const model = await loadModel(
    makeModel({
      opset: 18,
      inputs: [
        { name: 'x', dims: [4, 4] },
        { name: 'flag', type: 'BOOL', dims: [] },
      ],
      outputs: [{ name: 'y', dims: [4, 4] }],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] }, ...nodes],
      initializers: [weight('w', [4, 4], 1), weight('s', [4], 1), ...initializers],
    }),
  );
  return makeGradientModel(model, {
    parameters: ['w'],
    writeLoss: (write) => ({
      loss: write.node('ReduceSum', ['y'], { keepdims: 0 }),
      inputs: [],
      parts: {},
      parameters: [],
    }),
  });
}

const branch = (op: string, output: string) => ({
  graph: {
    nodes: [{ op, inputs: ['h'], outputs: [output] }],
    outputs: [{ name: output, dims: [4, 4] }],
  },
});

describe('makeGradientModel refuses', () => {
  it('values that graphs inside a node read from outside', async () => {
    const attributes = { then_branch: branch('Neg', 't'), else_branch: branch('Abs', 'e') };
    const nodes: NodeSpec[] = [
      { op: 'If', name: 'choice', inputs: ['flag'], outputs: ['z'], attributes },
      { op: 'Add', inputs: ['z', 'h'], outputs: ['y'] },
    ];
    await expect(differentiateThrough(nodes)).rejects.toMatchObject({
      code: 'ERR_TRT_COMPRESS_UNSUPPORTED',
      details: { node: 'choice', op: 'If' },
    });
  });

  it('further outputs that the loss depends on', async () => {
    const nodes: NodeSpec[] = [
      { op: 'LayerNormalization', name: 'norm', inputs: ['h', 's'], outputs: ['n', 'mean'] },
      { op: 'Add', inputs: ['n', 'mean'], outputs: ['y'] },
    ];
    await expect(differentiateThrough(nodes)).rejects.toThrow(/"norm".*depends on its output "mean"/);
  });

  it('a Dropout that is not known to be out of training', async () => {
    const ratio: TensorSpec = { name: 'ratio', dims: [], data: [0.5] };
    const drop = (mode: string): NodeSpec[] => [
      { op: 'Dropout', name: 'drop', inputs: ['h', 'ratio', mode], outputs: ['y'] },
    ];
    const constant = (value: number): TensorSpec => ({ name: 'mode', type: 'BOOL', dims: [], data: [value] });
    await expect(differentiateThrough(drop('flag'), [ratio])).rejects.toThrow(/training_mode/);
    await expect(differentiateThrough(drop('mode'), [ratio, constant(1)])).rejects.toThrow(/training_mode/);
    await expect(differentiateThrough(drop('mode'), [ratio, constant(0)])).resolves.toBeDefined();
  });

  it('other types than FP32 between a weight and the loss', async () => {
    const nodes: NodeSpec[] = [
      { op: 'Cast', inputs: ['h'], outputs: ['d'], attributes: { to: 11 } },
      { op: 'Sigmoid', name: 'gate', inputs: ['d'], outputs: ['g'] },
      { op: 'Cast', inputs: ['g'], outputs: ['y'], attributes: { to: 1 } },
    ];
    await expect(differentiateThrough(nodes)).rejects.toThrow(/"gate".*DOUBLE/);
  });
});
