// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { expandConstants } from '../../../../lib/onnx/passes/expand-constants';
import { nameNodes } from '../../../../lib/onnx/passes/name-nodes';
import { removeDeadNodes } from '../../../../lib/onnx/passes/remove-dead-nodes';
import { separateInitializers } from '../../../../lib/onnx/passes/separate-initializers';
import { simplifyModel } from '../../../../lib/onnx/passes/simplify-model';
import { splitSharedWeights } from '../../../../lib/onnx/passes/split-shared-weights';
import { makeModel, type NodeSpec } from '../../../onnx-builder';
import { branchModel } from '../../../onnx-models';
import { decomposedModel, foldableModel, sharedWeightsModel } from '../../../pass-models';

describe('naming nodes', () => {
  it('names those without a name like their output and makes names unique', async () => {
    const nodes: NodeSpec[] = [
      { op: 'Relu', name: '', inputs: ['x'], outputs: ['a'] },
      { op: 'Relu', name: 'a', inputs: ['a'], outputs: ['b'] },
      { op: 'Relu', name: 'a_1', inputs: ['b'], outputs: ['y'] },
    ];
    const { graph } = await loadModel(
      makeModel({ inputs: [{ name: 'x' }], outputs: [{ name: 'y' }], nodes }),
    );
    expect(nameNodes(graph)).toBe(2);
    expect(graph.node.map(({ name }) => name)).toEqual(['a', 'a_2', 'a_1']);
    expect(nameNodes(graph)).toBe(0);
  });
});

describe('removing dead nodes', () => {
  it('keeps what graphs inside nodes read, and what a custom operator does', async () => {
    const { graph } = await loadModel(branchModel());
    expect(removeDeadNodes(graph)).toEqual({ nodes: 0, initializers: 0, declarations: 0 });
    const nodes: NodeSpec[] = [
      { op: 'Print', domain: 'own', inputs: ['x'], outputs: ['p'] },
      { op: 'Relu', inputs: ['p'], outputs: ['q'] },
      { op: 'Relu', inputs: ['x'], outputs: ['y'] },
    ];
    const custom = await loadModel(
      makeModel({ opset: { '': 17, own: 1 }, inputs: [{ name: 'x' }], outputs: [{ name: 'y' }], nodes }),
    );
    expect(removeDeadNodes(custom.graph).nodes).toBe(1);
    expect(custom.graph.node.map(({ opType }) => opType)).toEqual(['Print', 'Relu']);
  });
});

describe('separating initializers', () => {
  it.each([
    [3, 1, ['x'], 4],
    [4, 0, ['x', 'w'], 4],
  ])('takes constants of IR version %d from the inputs (%d)', async (irVersion, count, names, after) => {
    const inputs = [
      { name: 'x', dims: [1] },
      { name: 'w', dims: [1] },
    ];
    const nodes: NodeSpec[] = [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }];
    const initializers = [{ name: 'w', dims: [1], data: [1] }];
    const bytes = makeModel({ irVersion, opset: 9, inputs, outputs: [{ name: 'y' }], nodes, initializers });
    const model = await loadModel(bytes);
    expect(separateInitializers(model)).toBe(count);
    expect(model.graph.input.map(({ name }) => name)).toEqual(names);
    expect(model.message.irVersion).toBe(after);
    expect(separateInitializers(model)).toBe(0);
  });
});

describe('expanding constants', () => {
  it('takes tensors, numbers and lists, and leaves texts and outputs', async () => {
    const constant = (output: string, attributes: NodeSpec['attributes']): NodeSpec => ({
      op: 'Constant',
      inputs: [],
      outputs: [output],
      attributes,
    });
    const nodes = [
      constant('a', { value: { tensor: { name: '', type: 'INT32', dims: [1], data: [1] } } }),
      constant('b', { value_int: 3 }),
      constant('c', { value_ints: [3, 4] }),
      constant('d', { value_float: { float: 1 } }),
      constant('e', { value_floats: { floats: [1, 2] } }),
      constant('f', { value_string: 'text' }),
      constant('y', { value_int: 3 }),
    ];
    const { graph } = await loadModel(makeModel({ outputs: [{ name: 'y' }], nodes }));
    expect(expandConstants(graph)).toBe(5);
    expect(graph.initializer.map(({ name, dims }) => [name, ...dims])).toEqual([
      ['a', 1],
      ['b'],
      ['c', 2],
      ['d'],
      ['e', 2],
    ]);
    expect(graph.node.map(({ output }) => output[0])).toEqual(['f', 'y']);
    expect(expandConstants(graph)).toBe(0);
  });
});

describe('splitting shared weights', () => {
  it('gives each reader its own and leaves tables of embeddings', async () => {
    const { graph } = await loadModel(sharedWeightsModel());
    expect(splitSharedWeights(graph)).toBe(3);
    const weights = graph.node.filter(({ input }) => input.length > 1).map(({ input }) => input[1]!);
    expect(new Set(weights).size).toBe(weights.length);
    expect(graph.node.find(({ opType }) => opType === 'Gather')!.input[0]).toBe('table');
    expect(splitSharedWeights(graph)).toBe(0);
  });
});

describe('simplifying a model', () => {
  it('says what each pass did', async () => {
    const model = await loadModel(foldableModel());
    expect(simplifyModel(model)).toMatchObject({
      expandedConstants: 1,
      foldedConstants: 6,
      removedIdentities: 4,
      removedDeadNodes: 2,
      splitWeights: 0,
    });
    expect(model.graph.node.map(({ opType }) => opType)).toEqual(['Reshape', 'MatMul', 'Mul']);
    expect(model.graph.input[0]!.type!.tensorType!.shape!.dim[0]).toMatchObject({ dimParam: 'batch' });
  });

  it.each([
    ['raise', 13, 17, 1],
    ['keep-opset', 13, 13, 0],
    ['keep-opset', 17, 17, 1],
    ['no', 17, 17, 0],
  ] as const)(
    'treats layer normalisations as told: %s at opset %d',
    async (layerNormalization, opset, after, fused) => {
      const model = await loadModel(decomposedModel({ opset }));
      expect(simplifyModel(model, { layerNormalization }).fusedLayerNormalizations).toBe(fused);
      expect(model.opset).toBe(after);
    },
  );

  it('splits shared weights and limits constants where told', async () => {
    const shared = await loadModel(sharedWeightsModel());
    expect(simplifyModel(shared, { splitSharedWeights: true }).splitWeights).toBe(3);
    const nodes: NodeSpec[] = [
      { op: 'ConstantOfShape', inputs: ['size'], outputs: ['c'] },
      { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] },
    ];
    const initializers = [{ name: 'size', type: 'INT64', dims: [1], data: [64] }] as const;
    const bytes = makeModel({
      inputs: [{ name: 'x', dims: [64] }],
      outputs: [{ name: 'y' }],
      nodes,
      initializers,
    });
    expect(simplifyModel(await loadModel(bytes), { mostBytes: 255 }).foldedConstants).toBe(0);
    expect(simplifyModel(await loadModel(bytes), { mostBytes: 256 }).foldedConstants).toBe(1);
  });
});
