// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { inferShapes, type InferShapesOptions } from '../../../../lib/onnx/infer/infer-shapes';
import { convModel, dynamicModel } from '../../../onnx-models';
import { makeModel, type ModelSpec, type NodeSpec, type TensorSpec } from '../../../onnx-builder';
import { attentionModel, loopModel, residualModel } from '../../../precision-models';

const infer = async (model: Uint8Array, options?: InferShapesOptions) =>
  inferShapes(await loadModel(model), options);

const ints = (name: string, ...data: number[]): TensorSpec => ({
  name,
  type: 'INT64',
  dims: [data.length],
  data,
});

/** Nodes over `x`; the outputs have no declared shape. */
const modelOf = (dims: readonly (number | string)[], nodes: readonly NodeSpec[], more: ModelSpec = {}) =>
  makeModel({
    inputs: [{ name: 'x', dims }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]! }],
    nodes,
    ...more,
  });

describe('inferring shapes', () => {
  it('keeps symbols through a convolutional network', async () => {
    const types = await infer(residualModel());
    expect(types.typeOf('j1')).toEqual({ elemType: 1, dims: ['batch', 16, 16, 16] });
    expect(types.typeOf('p0')).toEqual({ elemType: 1, dims: ['batch', 16, 4, 4] });
    expect(types.typeOf('f0')).toEqual({ elemType: 1, dims: ['batch', 256] });
    expect(types.conflicts).toEqual([]);
  });

  it('makes all of it numbers where dims of inputs are given', async () => {
    const types = await infer(residualModel(), { inputs: { images: [3, 3, 16, 16] } });
    expect(types.typeOf('j1')!.dims).toEqual([3, 16, 16, 16]);
    expect(types.typeOf('logits')!.dims).toEqual([3, 32]);
  });

  it('takes sizes other than declared ones as given', async () => {
    const types = await infer(convModel(1), { inputs: { images: [5, 1, 8, 8] } });
    expect(types.typeOf('logits')!.dims).toEqual([5, 10]);
    expect(types.conflicts).toEqual([]);
  });

  it('refuses inputs that do not exist and dims of another rank', async () => {
    await expect(infer(convModel(), { inputs: { image: [1] } })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
      message: expect.stringContaining('"images"'),
    });
    await expect(infer(convModel(), { inputs: { images: [1, 2] } })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
  });

  it('multiplies matrices with the symbols of both', async () => {
    const types = await infer(attentionModel());
    expect(types.typeOf('s')!.dims).toEqual(['batch', 8, 8]);
    expect(types.typeOf('g4')!.dims).toEqual(['batch', 8, 64]);
  });

  it('follows shapes by value: Shape, Gather, Concat, Reshape with -1', async () => {
    const types = await infer(
      modelOf(
        ['batch', 'length', 768],
        [
          { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
          { op: 'Gather', inputs: ['shape', 'zero'], outputs: ['first'] },
          { op: 'Unsqueeze', inputs: ['first', 'axis'], outputs: ['b'] },
          { op: 'Concat', inputs: ['b', 'rest'], outputs: ['target'], attributes: { axis: 0 } },
          { op: 'Reshape', inputs: ['x', 'target'], outputs: ['heads'] },
          { op: 'Transpose', inputs: ['heads'], outputs: ['y'], attributes: { perm: [0, 2, 1, 3] } },
        ],
        {
          initializers: [
            { name: 'zero', type: 'INT64', dims: [], data: [0] },
            ints('axis', 0),
            ints('rest', -1, 12, 64),
          ],
        },
      ),
    );
    expect(types.typeOf('target')).toEqual({ elemType: 7, dims: [4] });
    expect(types.typeOf('y')!.dims).toEqual(['batch', 12, 'length', 64]);
  });

  it('computes with sizes, and does not guess where they may be negative', async () => {
    const nodes = (op: string): NodeSpec[] => [
      { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
      { op, inputs: ['shape', 'two'], outputs: ['other'] },
      { op: 'ConstantOfShape', inputs: ['other'], outputs: ['y'] },
    ];
    const more = { initializers: [ints('two', 2)] };
    expect((await infer(modelOf(['n', 4], nodes('Mul'), more))).typeOf('y')!.dims).toEqual([undefined, 8]);
    expect((await infer(modelOf(['n', 4], nodes('Sub'), more))).typeOf('y')!.dims).toEqual([undefined, 2]);
    const concrete = await infer(modelOf(['n', 4], nodes('Sub'), more), { inputs: { x: [6, 4] } });
    expect(concrete.typeOf('y')!.dims).toEqual([4, 2]);
  });

  it('knows that two results of the same computation are as large as each other', async () => {
    const pool = (to: string): NodeSpec => ({
      op: 'MaxPool',
      inputs: ['x'],
      outputs: [to],
      attributes: { kernel_shape: [3, 3], strides: [2, 2] },
    });
    const types = await infer(
      modelOf(
        ['n', 3, 'h', 'w'],
        [
          pool('a'),
          pool('b'),
          { op: 'Shape', inputs: ['b'], outputs: ['s'] },
          { op: 'Reshape', inputs: ['a', 's'], outputs: ['c'] },
          { op: 'Concat', inputs: ['b', 'c'], outputs: ['y'], attributes: { axis: 1 } },
        ],
      ),
    );
    expect(types.typeOf('y')!.dims).toEqual(['n', 6, undefined, undefined]);
    expect(types.conflicts).toEqual([]);
  });

  it.each([
    ['Slice', ['starts', 'ends'], [ints('starts', 1), ints('ends', 3)], {}, [2, 6, 5]],
    ['Tile', ['r'], [ints('r', 1, 1, 3)], {}, ['n', 6, 15]],
    ['Pad', ['p'], [ints('p', 0, 1, 0, 0, 2, 0)], {}, ['n', 9, 5]],
    ['Flatten', [], [], { axis: 2 }, [undefined, 5]],
    ['ReduceMean', [], [], { axes: [1], keepdims: 0 }, ['n', 5]],
    ['ArgMax', [], [], { axis: -1 }, ['n', 6, 1]],
    ['TopK', ['k'], [ints('k', 2)], { axis: 1 }, ['n', 2, 5]],
    ['Squeeze', [], [], {}, undefined],
    ['Expand', ['s'], [ints('s', 7, 1, 1, 1)], {}, [7, 'n', 6, 5]],
    [
      'Gather',
      ['i'],
      [{ name: 'i', type: 'INT64', dims: [2, 2], data: [0, 1, 2, 3] }],
      { axis: 1 },
      ['n', 2, 2, 5],
    ],
    ['NonZero', [], [], {}, [3, undefined]],
    ['LayerNormalization', ['g'], [{ name: 'g', dims: [5] }], {}, ['n', 6, 5]],
    ['Einsum', ['m'], [{ name: 'm', dims: [5, 9] }], { equation: 'nab,bc->acn' }, [6, 9, 'n']],
  ] as const)('%s', async (...row) => {
    const [op, inputs, initializers, attributes, expected] = row;
    const dims = op === 'Slice' ? [4, 6, 5] : ['n', 6, 5];
    const node: NodeSpec = { op, inputs: ['x', ...inputs], outputs: ['y'], attributes };
    const type = op === 'ArgMax' || op === 'NonZero' ? 'INT64' : 'FLOAT';
    const outputs = [{ name: 'y', type } as const];
    const types = await infer(modelOf(dims, [node], { initializers, outputs }));
    expect(types.typeOf('y')?.dims).toEqual(expected);
    expect(types.conflicts).toEqual([]);
  });

  it.each([
    [{ kernel_shape: [3], strides: [2], pads: [1, 1] }, 5],
    [{ kernel_shape: [2], strides: [2], ceil_mode: 1 }, 5],
    // The fifth window would start in the padding.
    [{ kernel_shape: [1], strides: [3], pads: [0, 1], ceil_mode: 1 }, 3],
    [{ kernel_shape: [3], strides: [4], auto_pad: 'SAME_UPPER' }, 3],
    [{ kernel_shape: [3], dilations: [2] }, 5],
  ])('counts the windows of pooling %o', async (attributes, expected) => {
    const node: NodeSpec = { op: 'MaxPool', inputs: ['x'], outputs: ['y'], attributes };
    const types = await infer(modelOf([1, 1, 9], [node], { opset: 19 }));
    expect(types.typeOf('y')!.dims).toEqual([1, 1, expected]);
  });

  it('infers the bodies of a loop, and that its state keeps its shape', async () => {
    const model = await loadModel(loopModel());
    const types = inferShapes(model, { declared: false });
    expect(types.typeOf('y')).toEqual({ elemType: 1, dims: [2, 16] });
    const body = model.graph.node[0]!.attribute[0]!.g!;
    expect(types.typeOf('product', body)).toEqual({ elemType: 1, dims: [2, 16] });
    expect(types.typeOf('product')).toBeUndefined();
  });

  it('does not know the size of a state that grows', async () => {
    const types = await infer(
      modelOf(
        ['n', 4],
        [
          {
            op: 'Loop',
            inputs: ['count', '', 'x'],
            outputs: ['y', 'all'],
            attributes: {
              body: {
                graph: {
                  inputs: [
                    { name: 'i', type: 'INT64', dims: [] },
                    { name: 'go', type: 'BOOL', dims: [] },
                    { name: 'v' },
                  ],
                  outputs: [{ name: 'go2', type: 'BOOL' }, { name: 'v2' }, { name: 'row' }],
                  nodes: [
                    { op: 'Identity', inputs: ['go'], outputs: ['go2'] },
                    { op: 'Concat', inputs: ['v', 'v'], outputs: ['v2'], attributes: { axis: 0 } },
                    {
                      op: 'ReduceMax',
                      inputs: ['v'],
                      outputs: ['row'],
                      attributes: { axes: [0], keepdims: 0 },
                    },
                  ],
                },
              },
            },
          },
        ],
        { initializers: [{ name: 'count', type: 'INT64', dims: [], data: [3] }] },
      ),
    );
    expect(types.typeOf('y')).toEqual({ elemType: 1, dims: [undefined, 4] });
    expect(types.typeOf('all')).toEqual({ elemType: 1, dims: [3, 4] });
  });

  it('joins the branches of an If, or takes the one that a constant condition takes', async () => {
    const branch = (name: string, rows: number) => ({
      graph: {
        outputs: [{ name }],
        nodes: [{ op: 'Identity', inputs: [`w${rows}`], outputs: [name] }],
        initializers: [{ name: `w${rows}`, dims: [rows, 4] }],
      },
    });
    const nodes: NodeSpec[] = [
      {
        op: 'If',
        inputs: ['condition'],
        outputs: ['y'],
        attributes: { then_branch: branch('a', 2), else_branch: branch('b', 3) },
      },
    ];
    const open = makeModel({
      inputs: [{ name: 'condition', type: 'BOOL', dims: [] }],
      outputs: [{ name: 'y' }],
      nodes,
    });
    expect((await infer(open)).typeOf('y')).toEqual({ elemType: 1, dims: [undefined, 4] });
    const constant = { name: 'condition', type: 'BOOL' as const, dims: [], data: [0] };
    const fixed = makeModel({ outputs: [{ name: 'y' }], nodes, initializers: [constant] });
    expect((await infer(fixed)).typeOf('y')).toEqual({ elemType: 1, dims: [3, 4] });
  });

  it('tells nothing of custom operators but what the model declares', async () => {
    const spec = (valueInfo: ModelSpec['valueInfo']) =>
      modelOf(
        ['n', 4],
        [
          { op: 'Mystery', domain: 'com.example', inputs: ['x'], outputs: ['m'] },
          { op: 'Relu', inputs: ['m'], outputs: ['y'] },
        ],
        { valueInfo, opset: { '': 17, 'com.example': 1 } },
      );
    expect((await infer(spec([]))).typeOf('m')).toBeUndefined();
    const types = await infer(spec([{ name: 'm', dims: ['n', 9] }]));
    expect(types.typeOf('y')).toEqual({ elemType: 1, dims: ['n', 9] });
    const alone = await infer(spec([{ name: 'm', dims: ['n', 9] }]), { declared: false });
    expect(alone.typeOf('m')).toBeUndefined();
  });

  it('does not take names that exporters give to any unknown size for symbols', async () => {
    const types = await infer(dynamicModel(['?', 'None', 3]));
    expect(types.typeOf('y')!.dims).toEqual([undefined, undefined, 3]);
  });

  it('does not take an initializer that callers may replace for a constant', async () => {
    const spec: ModelSpec = {
      inputs: [
        { name: 'x', dims: [2, 6] },
        { name: 's', type: 'INT64', dims: [2] },
      ],
      outputs: [{ name: 'y' }],
      nodes: [{ op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }],
      initializers: [ints('s', 3, 4)],
    };
    expect((await infer(makeModel(spec))).typeOf('y')!.dims).toEqual([undefined, undefined]);
    expect((await infer(makeModel({ ...spec, irVersion: 3 }))).typeOf('y')!.dims).toEqual([3, 4]);
  });

  it('writes what it knows into value_info', async () => {
    const model = await loadModel(residualModel());
    const types = inferShapes(model);
    expect(types.annotate(model)).toBe(model.graph.node.length - 1);
    const declared = model.graph.valueInfo.find(({ name }) => name === 'p0')!;
    expect(declared.type!.tensorType!.shape!.dim).toEqual([
      { dimParam: 'batch' },
      { dimValue: 16 },
      { dimValue: 4 },
      { dimValue: 4 },
    ]);
    const again = await loadModel(model.toBytes());
    inferShapes(again).annotate(again);
    expect(Buffer.compare(again.toBytes(), model.toBytes())).toBe(0);
  });
});
