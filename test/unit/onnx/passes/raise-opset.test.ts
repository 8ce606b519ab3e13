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
    ['an unknown operator', { op: 'Strange' }, 16, 'no such operator at opset 16'],
    ['an operator that came later', { op: 'Gelu' }, 16, 'no such operator at opset 16'],
    ['an old opset', { op: 'Relu' }, 6, 'opsets 7 to 23 are converted'],
    ['an old Scan', { op: 'Scan' }, 8, 'opset 8 had another Scan'],
    ['training', { op: 'BatchNormalization', outputs: ['m', 'y'] }, 11, 'for training'],
    ['a mask', { op: 'Dropout', outputs: ['m', 'y'] }, 9, 'its mask changed'],
    [
      'each element normalised',
      { op: 'BatchNormalization', attributes: { spatial: 0 } },
      8,
      'each element by itself',
    ],
    [
      'an AveragePool with ceil_mode',
      { op: 'AveragePool', attributes: { ceil_mode: 1 } },
      17,
      'ceil_mode changed',
    ],
    ['unknown channels', { op: 'GroupNormalization' }, 18, 'no constants'],
    [
      'a Resize of TensorFlow',
      { op: 'Resize', attributes: { coordinate_transformation_mode: 'tf_half_pixel_for_nn' } },
      11,
      'is gone since opset 13',
    ],
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

  it('names all nodes that keep it where it is', async () => {
    const nodes = ['a', 'b', 'y'].map((name, index) => ({
      op: 'Strange',
      name,
      inputs: [['x', 'a', 'b'][index]!],
      outputs: [name],
    }));
    const kept = await loadModel(makeModel({ inputs: [{ name: 'x' }], outputs: [{ name: 'y' }], nodes }));
    expect(raiseOpset(kept, 21)).toMatchObject({ node: 'a', others: ['b', 'y'] });
    expect(() => requireOpset(kept, 21, 'This')).toThrow('so do 2 more');
  });

  it('drops outputs that nobody reads where their type changed', async () => {
    const raised = await model(9, { op: 'Dropout', outputs: ['y', 'mask'] });
    expect(raiseOpset(raised, 13)).toBeUndefined();
    expect(raised.graph.node[0]!.output).toEqual(['y']);
  });

  it('does nothing to a model that is new enough', async () => {
    const kept = await model(22, { op: 'GridSample' });
    expect(raiseOpset(kept, 13)).toBeUndefined();
    expect(kept.opset).toBe(22);
  });
});
