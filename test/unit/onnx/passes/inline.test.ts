// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { inlineBranches } from '../../../../lib/onnx/passes/inline-branches';
import { inlineFunctions } from '../../../../lib/onnx/passes/inline-functions';
import { makeModel, type ModelSpec, type NodeSpec } from '../../../onnx-builder';
import { branchModel } from '../../../onnx-models';
import { functionModel } from '../../../pass-models';

const call: NodeSpec = { op: 'F', domain: 'own', name: 'call', inputs: ['x'], outputs: ['y'] };
const withFunction = (nodes: readonly NodeSpec[], more: Partial<ModelSpec> = {}) =>
  loadModel(
    makeModel({
      opset: { '': 17, own: 1 },
      inputs: [{ name: 'x', dims: [4] }],
      outputs: [{ name: 'y' }],
      nodes: [call],
      functions: [{ name: 'F', domain: 'own', inputs: ['in'], outputs: ['out'], nodes }],
      ...more,
    }),
  );

describe('inlining functions', () => {
  it('gives values of the body names of their own and attributes of the call', async () => {
    const model = await loadModel(functionModel());
    expect(inlineFunctions(model)).toEqual({ inlined: 4, refused: [] });
    const { node } = model.graph;
    expect(node.map(({ opType }) => opType)).toEqual(['LeakyRelu', 'Add', 'LeakyRelu', 'Add']);
    expect(node.map(({ attribute }) => attribute.map(({ f }) => f))).toEqual([[0.5], [], [], []]);
    const names = node.flatMap(({ output }) => output);
    expect(new Set(names).size).toBe(4);
    expect(names).not.toContain('x');
    expect(model.message.functions).toEqual([]);
    expect(inlineFunctions(model)).toEqual({ inlined: 0, refused: [] });
  });

  it('hands an input on that the body hands out', async () => {
    const model = await withFunction([], {
      functions: [{ name: 'F', domain: 'own', inputs: ['in'], outputs: ['in'], nodes: [] }],
    });
    inlineFunctions(model);
    expect(model.graph.node).toMatchObject([{ opType: 'Identity', input: ['x'], output: ['y'] }]);
  });

  it('keeps a function whose operators are others at the opset of the model', async () => {
    const nodes = [{ op: 'ReduceMean', inputs: ['in'], outputs: ['out'] }];
    const model = await withFunction(nodes, { opset: { '': 18, own: 1 } });
    const before = model.toBytes();
    const reason = "ReduceMean of opset 17 is another one at the model's opset 18";
    expect(inlineFunctions(model)).toEqual({ inlined: 0, refused: [{ function: 'F', reason }] });
    expect(model.toBytes()).toEqual(before);
  });

  it('keeps nothing that nobody calls', async () => {
    const model = await withFunction([], { nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }] });
    expect(inlineFunctions(model)).toEqual({ inlined: 0, refused: [] });
    expect(model.message.functions).toEqual([]);
  });
});

describe('inlining branches', () => {
  it('leaves a condition that is computed or an input alone', async () => {
    const model = await loadModel(branchModel());
    const before = model.toBytes();
    expect(inlineBranches(model.graph)).toBe(0);
    expect(model.toBytes()).toEqual(before);
  });
});
