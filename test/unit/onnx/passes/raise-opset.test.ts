// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { readWholeNumbers } from '../../../../lib/onnx/graph/tensor-values';
import { raiseOpset, requireOpset } from '../../../../lib/onnx/passes/raise-opset';
import { makeModel, type NodeSpec } from '../../../onnx-builder';

function model(opset: number, node: Partial<NodeSpec> & { op: string }) {
  return loadModel(
    makeModel({
      opset,
      irVersion: 6,
      inputs: [{ name: 'x', dims: [1, 4] }],
      outputs: [{ name: 'y' }],
      nodes: [{ name: 'it', inputs: ['x'], outputs: ['y'], ...node }],
    }),
  );
}

describe('raising the opset', () => {
  it.each([
    ['Squeeze', 'axes', 11, 13],
    ['Unsqueeze', 'axes', 12, 13],
    ['ReduceSum', 'axes', 11, 22],
    ['ReduceMean', 'axes', 13, 18],
    ['ReduceMax', 'axes', 11, 22],
    ['Split', 'split', 11, 13],
  ])('makes %s read its %s as an input', async (op, attribute, from, to) => {
    const raised = await model(from, { op, attributes: { [attribute]: [0] } });
    expect(raiseOpset(raised, to)).toBeUndefined();
    const [node] = raised.graph.node;
    const [tensor] = raised.graph.initializer;
    expect(node!.attribute).toEqual([]);
    expect(node!.input).toEqual(['x', tensor!.name]);
    expect(readWholeNumbers(tensor!)).toEqual([0]);
    expect(raised.opset).toBe(to);
  });

  it('leaves attributes that did not change yet', async () => {
    const raised = await model(11, { op: 'ReduceMean', attributes: { axes: [1] } });
    raiseOpset(raised, 13);
    expect(raised.graph.node[0]!.attribute.map(({ name }) => name)).toEqual(['axes']);
    expect(raised.message.irVersion).toBe(7);
  });

  it('says how many outputs an even Split has', async () => {
    const raised = await model(13, { op: 'Split', outputs: ['y', 'z'] });
    raiseOpset(raised, 18);
    expect(raised.graph.node[0]!.attribute).toMatchObject([{ name: 'num_outputs', i: 2n }]);
  });

  it.each([
    ['Softmax', { op: 'Softmax' }, 11, 'its axis meant all axes'],
    ['GridSample', { op: 'GridSample' }, 16, 'is not known here'],
    ['an old opset', { op: 'Relu' }, 9, 'opsets 11 to 22 are converted'],
    ['training', { op: 'BatchNormalization', outputs: ['y', 'm'] }, 11, 'for training'],
  ])('stops at %s and leaves the model as it was', async (_, node, from, reason) => {
    const kept = await model(from, node);
    const before = kept.toBytes();
    const obstacle = raiseOpset(kept, 22);
    expect(obstacle).toMatchObject({ node: 'it', operator: node.op });
    expect(obstacle!.reason).toContain(reason);
    expect(kept.toBytes()).toEqual(before);
    expect(() => requireOpset(kept, 22, 'This')).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ONNX_UNSUPPORTED_OPERATOR' }),
    );
  });

  it('does nothing to a model that is new enough', async () => {
    const kept = await model(22, { op: 'GridSample' });
    expect(raiseOpset(kept, 13)).toBeUndefined();
    expect(kept.opset).toBe(22);
  });
});
