// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { readModelInfo } from '../../../../lib/onnx';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import type { GraphMessage } from '../../../../lib/onnx/graph/onnx-messages';
import { castModel, type CastOptions, type CastReport } from '../../../../lib/onnx/passes/cast-model';
import { makeModel, type GraphSpec, type ModelSpec, type NodeSpec } from '../../../onnx-builder';
import { branchModel, convModel, quantizedModel } from '../../../onnx-models';
import { attentionModel, loopModel, weight } from '../../../precision-models';

/** `Cast(x)->y` and so on, a line per node. */
function lines(graph: GraphMessage): string[] {
  return graph.node.map(
    ({ opType, input, output }) => `${opType}(${input.join(', ')}) -> ${output.join(', ')}`,
  );
}

async function cast(bytes: Uint8Array, options: Partial<CastOptions> = {}) {
  const model = await loadModel(bytes);
  const report: CastReport = castModel(model, { to: 'fp16', ...options });
  const initializers = model.graph.initializer.map(({ name, dataType }) => `${name!}:${dataType}`);
  return { model, report, lines: lines(model.graph), initializers };
}

/** `x` [4, 4] as `d`, behind a Q/DQ pair, and INT8 weights as `wd`, in front of more nodes. */
function quantized(nodes: NodeSpec[], weightScale = 0.5): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: [4, 4] }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, dims: [4, 4] }],
    nodes: [
      node('QuantizeLinear', ['x', 'scale', 'zero'], 'q'),
      node('DequantizeLinear', ['q', 'scale', 'zero'], 'd'),
      node('DequantizeLinear', ['w', 'w_scale', 'zero'], 'wd'),
      ...nodes,
    ],
    initializers: [
      { name: 'scale', dims: [], data: [0.5] },
      { name: 'w_scale', dims: [], data: [weightScale] },
      { name: 'zero', type: 'INT8', dims: [], data: [0] },
      { name: 'w', type: 'INT8', dims: [4, 4] },
    ],
  });
}

/** A model on `x` [4] with the outputs of the last node, scalars by name as initializers. */
function chain(
  nodes: NodeSpec[],
  constants: Record<string, number> = {},
  more: Partial<ModelSpec> = {},
): Uint8Array {
  return makeModel({
    inputs: [{ name: 'x', dims: [4] }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, dims: [4] }],
    nodes,
    initializers: Object.entries(constants).map(([name, value]) => ({ name, dims: [], data: [value] })),
    ...more,
  });
}
const node = (
  op: string,
  inputs: string[],
  output: string,
  attributes?: NodeSpec['attributes'],
): NodeSpec => ({
  op,
  name: output,
  inputs,
  outputs: [output],
  attributes,
});

describe('casting to FP16', () => {
  it('puts a Cast at each border and changes all in between', async () => {
    const { lines: nodes, initializers, report, model } = await cast(convModel());
    expect(nodes).toEqual([
      'Cast(images) -> images_fp16',
      'Conv(images_fp16, w1_fp16, b1_fp16) -> c1_fp16',
      'Relu(c1_fp16) -> r1_fp16',
      'Conv(r1_fp16, w2_fp16) -> c2_fp16',
      'GlobalAveragePool(c2_fp16) -> p_fp16',
      'Flatten(p_fp16) -> f_fp16',
      'Gemm(f_fp16, w3_fp16, b3_fp16) -> logits_fp16',
      'Cast(logits_fp16) -> logits',
    ]);
    expect(initializers.every((one) => one.endsWith('_fp16:10'))).toBe(true);
    expect(report).toMatchObject({
      reduced: 6,
      kept: [],
      casts: 2,
      initializers: 5,
      duplicatedInitializers: 0,
    });
    const info = await readModelInfo(model.toBytes());
    expect(info.typeCensus.compute).toEqual({ FLOAT16: 3 });
    expect([info.inputs[0]!.type, info.outputs[0]!.type]).toEqual(['float32', 'float32']);
  });

  it('changes inputs and outputs too where it is told to', async () => {
    const { lines: nodes, model } = await cast(convModel(), { keepIo: false });
    expect(nodes.some((one) => one.startsWith('Cast'))).toBe(false);
    const info = await readModelInfo(model.toBytes());
    expect([info.inputs[0]!.type, info.outputs[0]!.type]).toEqual(['float16', 'float16']);
    expect([info.inputs[0]!.name, info.outputs[0]!.name]).toEqual(['images', 'logits']);
    const around = await cast(chain([node('Exp', ['x'], 'y')]), { keepIo: false });
    expect(around.lines).toEqual(['Cast(x) -> x_fp32', 'Exp(x_fp32) -> y_fp32', 'Cast(y_fp32) -> y']);
  });

  it('shares one Cast among all readers, and has a constant twice where both sides read it', async () => {
    const bytes = chain(
      [
        node('Exp', ['x'], 'e'),
        node('Pow', ['e', 'c'], 'p'),
        node('Mul', ['x', 'c'], 'a'),
        node('Mul', ['x', 'a'], 'b'),
        node('Add', ['a', 'b'], 'y'),
      ],
      { c: 2 },
    );
    const { lines: nodes, initializers, report } = await cast(bytes);
    expect(nodes.filter((one) => one.startsWith('Cast'))).toEqual(['Cast(x) -> x_fp16', 'Cast(y_fp16) -> y']);
    expect(initializers).toEqual(['c:1', 'c_fp16:10']);
    expect(report.duplicatedInitializers).toBe(1);
  });

  it.each([
    'Softmax',
    'ReduceMean',
    'Exp',
    'Log',
    'Sqrt',
    'LayerNormalization',
    'InstanceNormalization',
    'CumSum',
    'Range',
    'Celu',
  ])('leaves %s alone', async (op) => {
    const { lines: nodes, report } = await cast(
      chain([node('Relu', ['x'], 'r'), node(op, ['r'], 's'), node('Relu', ['s'], 'y')]),
    );
    expect(nodes).toContain(`${op}(r) -> s`);
    expect(report.kept[0]).toEqual({ node: 's', op, reason: `${op} stays FP32 by rule` });
  });

  it('leaves operators of other domains and those whose types are not sure alone', async () => {
    const custom = { ...node('Magic', ['x'], 'm'), domain: 'vendor' };
    const { lines: nodes, report } = await cast(
      chain(
        [custom, node('Relu', ['m'], 'r'), node('Mul', ['r', 'x'], 'y')],
        {},
        { opset: { '': 17, vendor: 1 } },
      ),
    );
    expect(nodes).toEqual(['Magic(x) -> m', 'Relu(m) -> r', 'Mul(r, x) -> y']);
    expect(report.kept.map(({ reason }) => reason).join()).toContain(
      'the type of its input "r" is not known',
    );
  });

  it('keeps what is computed from a constant beyond the range until an operator bounds it', async () => {
    const { lines: nodes, report } = await cast(
      chain(
        [
          node('Mul', ['x', 'low'], 'a'),
          node('Add', ['a', 'x'], 'b'),
          node('Sigmoid', ['b'], 'c'),
          node('Mul', ['c', 'c'], 'y'),
        ],
        { low: -3.4e38 },
      ),
    );
    expect(nodes.slice(0, 3)).toEqual(['Mul(x, low) -> a', 'Add(a, x) -> b', 'Sigmoid(b) -> c']);
    expect(nodes).toContain('Mul(c_fp16, c_fp16) -> y_fp16');
    expect(report.kept.map((one) => one.node)).toEqual(['a', 'b', 'c']);
  });

  it.each(['fp16', 'bf16'] as const)('moves what only masks a softmax into the range of %s', async (to) => {
    const { lines: nodes, report, model } = await cast(attentionModel(), { to });
    expect(nodes).toContain(`Mul(hidden_${to}, low_${to}) -> bias_${to}`);
    expect(nodes).toContain(`Add(s_${to}, bias_${to}) -> sm_${to}`);
    expect(report.kept.map((one) => one.node)).toEqual(['norm', 'softmax']);
    expect(report.clamped).toEqual(['low']);
    const low = model.graph.initializer.find(({ name }) => name === `low_${to}`)!;
    expect(readFloats(low)[0]).toBe(to === 'fp16' ? -32752 : -(2 ** 127 * (1 - 2 ** -8)));
  });

  it('keeps the lowest FLOAT where something else reads the masked scores too', async () => {
    const bytes = chain(
      [
        node('Where', ['is', 'x', 'low'], 'm'),
        node('Softmax', ['m'], 's'),
        node('ReduceMax', ['m'], 'top', { keepdims: 1 }),
        node('Mul', ['s', 'top'], 'y'),
      ],
      { low: -3.4e38 },
      {
        inputs: [
          { name: 'x', dims: [4] },
          { name: 'is', type: 'BOOL', dims: [4] },
        ],
      },
    );
    const { lines: nodes, report } = await cast(bytes);
    expect(nodes[0]).toBe('Where(is, x, low) -> m');
    expect(report.clamped).toEqual([]);
  });

  it('does not let the far bounds of a Clip keep all that follows', async () => {
    const bytes = chain([node('Clip', ['x', 'low', 'high'], 'c'), node('Mul', ['c', 'c'], 'y')], {
      low: 0,
      high: 3e38,
    });
    expect((await cast(bytes)).lines).toContain('Mul(c_fp16, c_fp16) -> y_fp16');
  });

  it('keeps constants that would vanish', async () => {
    const { report } = await cast(
      chain([node('Add', ['x', 'epsilon'], 'a'), node('Mul', ['a', 'a'], 'y')], { epsilon: 1e-12 }),
    );
    expect(report.kept).toEqual([
      { node: 'a', op: 'Add', reason: 'a constant of it is too small for the type' },
    ]);
  });

  it('casts constants just below the normal values, where next to nothing is lost', async () => {
    const { report } = await cast(
      chain([node('Add', ['x', 'small'], 'a'), node('Mul', ['a', 'a'], 'y')], { small: 5.66e-5 }),
    );
    expect(report.kept).toEqual([]);
  });

  it('keeps the parts of a decomposed layer normalisation', async () => {
    const { report } = await cast(
      chain(
        [
          node('ReduceMean', ['x'], 'mean'),
          node('Sub', ['x', 'mean'], 'd'),
          node('Pow', ['d', 'two'], 'q'),
          node('ReduceMean', ['q'], 'v'),
          node('Add', ['v', 'epsilon'], 'e'),
          node('Sqrt', ['e'], 's'),
          node('Div', ['d', 's'], 'n'),
          node('Mul', ['n', 'gamma'], 'y'),
        ],
        { two: 2, epsilon: 1e-5, gamma: 1.5 },
      ),
    );
    expect(report.kept.map((one) => one.node)).toEqual(['mean', 'd', 'q', 'v', 'e', 's', 'n']);
    expect(report.reduced).toBe(1);
  });

  it('keeps tensors that came near the end of the range on data', async () => {
    const bytes = chain([node('Mul', ['x', 'x'], 'a'), node('Relu', ['x'], 'y')]);
    const { report } = await cast(bytes, { largest: { a: 9000, x: 94 } });
    expect(report.kept).toEqual([{ node: 'a', op: 'Mul', reason: '"a" reached 9.00e+3 on the data' }]);
    expect((await cast(bytes, { largest: { a: 9000 }, to: 'bf16' })).report.kept).toEqual([]);
  });

  it('leaves out what the caller excludes', async () => {
    const { report } = await cast(convModel(), { exclude: { ops: ['Gemm'], names: ['conv2'] } });
    expect(report.kept.map(({ node: name, reason }) => [name, reason])).toEqual([
      ['conv2', 'excluded by name'],
      ['fc', 'excluded by operator'],
    ]);
  });

  it('lets operators that move values follow where those come from, and never touches integers', async () => {
    const { lines: nodes } = await cast(
      chain([
        node('Shape', ['x'], 's'),
        node('Concat', ['s', 's'], 'ss', { axis: 0 }),
        node('Exp', ['x'], 'e'),
        node('Reshape', ['e', 's'], 'r'),
        node('Relu', ['r'], 'q'),
        node('Reshape', ['q', 's'], 'y'),
      ]),
    );
    expect(nodes).toEqual([
      'Shape(x) -> s',
      'Concat(s, s) -> ss',
      'Exp(x) -> e',
      'Reshape(e, s) -> r',
      'Cast(r) -> r_fp16',
      'Relu(r_fp16) -> q_fp16',
      'Reshape(q_fp16, s) -> y_fp16',
      'Cast(y_fp16) -> y',
    ]);
  });

  it('keeps the scales of a Resize in FLOAT', async () => {
    const bytes = makeModel({
      inputs: [{ name: 'x', dims: [1, 1, 2, 2] }],
      outputs: [{ name: 'y' }],
      nodes: [node('Relu', ['x'], 'r'), node('Resize', ['r', '', 'scales'], 'y')],
      initializers: [{ name: 'scales', dims: [4], data: [1, 1, 2, 2] }],
    });
    const { lines: nodes, initializers } = await cast(bytes);
    expect(nodes).toContain('Resize(r_fp16, , scales) -> y_fp16');
    expect(initializers).toEqual(['scales:1']);
  });

  it('turns constants of nodes into initializers and folds batch normalisations', async () => {
    const parameters = ['g', 'b', 'm', 'v'].map((name) => ({ name, dims: [4], data: [1, 2, 3, 4] }));
    const bytes = makeModel({
      inputs: [{ name: 'x', dims: [1, 2, 4, 4] }],
      outputs: [{ name: 'y', dims: [1, 4, 4, 4] }],
      nodes: [
        {
          op: 'Constant',
          inputs: [],
          outputs: ['w'],
          attributes: { value: { tensor: weight('w', [4, 2, 1, 1], 1) } },
        },
        node('Conv', ['x', 'w'], 'c'),
        node('BatchNormalization', ['c', 'g', 'b', 'm', 'v'], 'y'),
      ],
      initializers: parameters,
    });
    const { lines: nodes, initializers } = await cast(bytes);
    expect(nodes[1]).toBe('Conv(x_fp16, w_folded_fp16, w_folded_bias_fp16) -> y_fp16');
    expect(nodes).toHaveLength(3);
    expect(initializers).toEqual(['w_folded_fp16:10', 'w_folded_bias_fp16:10']);
  });

  it('updates what is declared of inner values', async () => {
    const bytes = chain(
      [node('Relu', ['x'], 'r'), node('Relu', ['r'], 'y')],
      {},
      { valueInfo: [{ name: 'r', dims: [4] }] },
    );
    const { model } = await cast(bytes);
    expect(model.graph.valueInfo.map(({ name, type }) => [name, type?.tensorType?.elemType])).toEqual([
      ['r_fp16', 10],
    ]);
  });

  it('removes a Cast to FLOAT and back that the model had around FP32 parts', async () => {
    const bytes = chain([
      node('Relu', ['x'], 'r'),
      node('Cast', ['r'], 'h', { to: 10 }),
      node('Neg', ['h'], 'n'),
      node('Cast', ['n'], 'y', { to: 1 }),
    ]);
    expect((await cast(bytes)).lines).toEqual([
      'Cast(x) -> x_fp16',
      'Relu(x_fp16) -> r_fp16',
      'Neg(r_fp16) -> n',
      'Cast(n) -> y',
    ]);
  });

  it('refuses operators that quantise and compute in one', async () => {
    const model = await loadModel(chain([node('DynamicQuantizeLinear', ['x'], 'y')]));
    const refused = expect.objectContaining({ code: 'ERR_TRT_QUANT_UNSUPPORTED' });
    expect(() => castModel(model, { to: 'fp16' })).toThrow(refused);
  });
});

describe('graphs inside nodes', () => {
  it('change inside a loop, with constants of the graph around them', async () => {
    const { model, initializers } = await cast(loopModel());
    const body = model.graph.node[0]!.attribute[0]!.g!;
    expect(lines(body)).toEqual([
      'Cast(value) -> value_fp16',
      'Identity(go) -> go_out',
      'MatMul(value_fp16, w_fp16) -> product_fp16',
      'Relu(product_fp16) -> value_out_fp16',
      'Cast(value_out_fp16) -> value_out',
    ]);
    expect(initializers).toContain('w_fp16:10');
  });

  it('stay FP32 in a Scan, inside of which TensorRT-RTX takes no Cast', async () => {
    const body: GraphSpec = {
      inputs: [
        { name: 'sum', dims: [4] },
        { name: 'row', dims: [4] },
      ],
      outputs: [
        { name: 'next', dims: [4] },
        { name: 'seen', dims: [4] },
      ],
      nodes: [node('Add', ['sum', 'row'], 'next'), node('Identity', ['next'], 'seen')],
    };
    const scan = {
      op: 'Scan',
      inputs: ['x', 'rows'],
      outputs: ['last', 'all'],
      attributes: { num_scan_inputs: 1, body: { graph: body } },
    };
    const { lines: outer, report } = await cast(
      makeModel({
        inputs: [
          { name: 'x', dims: [4] },
          { name: 'rows', dims: [3, 4] },
        ],
        outputs: [
          { name: 'y', dims: [4] },
          { name: 'all', dims: [3, 4] },
        ],
        nodes: [scan, node('Mul', ['last', 'last'], 'y')],
      }),
    );
    expect(report.kept).toContainEqual({ node: 'next', op: 'Add', reason: 'it is in the body of a Scan' });
    expect(outer).toContain('Mul(last_fp16, last_fp16) -> y_fp16');
  });

  it('read a value of the graph around them through one Cast there', async () => {
    const { model, lines: outer } = await cast(branchModel());
    expect(outer).toEqual(['Cast(x) -> x_fp16', 'If(flag) -> y']);
    const branches = model.graph.node[1]!.attribute.map(({ g }) => lines(g!));
    expect(branches[0]).toEqual(['Add(x_fp16, Add_w_fp16) -> Add_out_fp16', 'Cast(Add_out_fp16) -> Add_out']);
  });

  it('keep their own values apart from those of the same name outside', async () => {
    const branch = (op: string): GraphSpec => ({
      outputs: [{ name: 'r', dims: [4] }],
      nodes: [node(op, ['x'], 'r')],
    });
    const choice = node('If', ['flag'], 'i', {
      then_branch: { graph: branch('Relu') },
      else_branch: { graph: branch('Exp') },
    });
    const bytes = makeModel({
      inputs: [
        { name: 'x', dims: [4] },
        { name: 'flag', type: 'BOOL', dims: [] },
      ],
      outputs: [{ name: 'y', dims: [4] }],
      nodes: [choice, node('Relu', ['i'], 'r'), node('Mul', ['r', 'r'], 'y')],
    });
    const { model } = await cast(bytes);
    for (const { g } of model.graph.node.find(({ opType }) => opType === 'If')!.attribute)
      expect(g!.output[0]!.name).toBe('r');
    await expect(readModelInfo(model.toBytes())).resolves.toBeDefined();
  });
});

describe('casting what is quantised', () => {
  it('gives half-wide values from integers without a Cast, and raises the opset for it', async () => {
    const { lines: nodes, model, report, initializers } = await cast(quantizedModel());
    expect(nodes).toEqual([
      'QuantizeLinear(x, scale, zero) -> xq',
      'DequantizeLinear(xq, scale_fp16, zero) -> xd_fp16',
      'DequantizeLinear(w, scale_fp16, zero_w) -> wd_fp16',
      'MatMul(xd_fp16, wd_fp16) -> y_fp16',
      'Cast(y_fp16) -> y',
    ]);
    expect([model.opset, report.reduced, report.kept]).toEqual([19, 1, []]);
    expect(initializers).toEqual(['scale:1', 'zero:3', 'zero_w:3', 'w:3', 'scale_fp16:10']);
    const [float, half] = ['scale', 'scale_fp16'].map((name) =>
      readFloats(model.graph.initializer.find((one) => one.name === name)!),
    );
    expect(half).toEqual(float);
  });

  it('dequantises twice for an operator that stays FP32 beside one that does not', async () => {
    const { lines: nodes } = await cast(
      quantized([node('MatMul', ['d', 'wd'], 'a'), node('Exp', ['d'], 'b'), node('Mul', ['a', 'b'], 'y')]),
    );
    expect(nodes).toContain('DequantizeLinear(q, scale_fp16, zero) -> d_fp16');
    expect(nodes).toContain('DequantizeLinear(q, scale, zero) -> d');
    expect(nodes).toContain('MatMul(d_fp16, wd_fp16) -> a_fp16');
    expect(nodes).toContain('Exp(d) -> b');
    expect(nodes.filter((one) => /^Cast\((d|q|wd)/.test(one))).toEqual([]);
  });

  it('reads the half-wide side of what is computed there', async () => {
    const { lines: nodes } = await cast(
      quantized([
        node('MatMul', ['d', 'wd'], 'a'),
        node('QuantizeLinear', ['a', 'scale', 'zero'], 'aq'),
        node('DequantizeLinear', ['aq', 'scale', 'zero'], 'ad'),
        node('MatMul', ['ad', 'wd'], 'y'),
      ]),
    );
    expect(nodes).toContain('QuantizeLinear(a_fp16, scale_fp16, zero) -> aq');
  });

  it('keeps what a scale that is not normal in FP16 belongs to in FP32, weights and activations alike', async () => {
    const bytes = quantized([node('MatMul', ['d', 'wd'], 'a'), node('Relu', ['a'], 'y')], 3e-5);
    const { lines: nodes, report } = await cast(bytes);
    expect(nodes).toContain('MatMul(d, wd) -> a');
    expect(nodes).toContain('Relu(a_fp16) -> y_fp16');
    expect(report.kept).toEqual([
      { node: 'a', op: 'MatMul', reason: 'the scale of its input "wd" is not a normal value of the type' },
    ]);
    expect((await cast(bytes, { to: 'bf16' })).report.kept).toEqual([]);
  });
});

describe('casting to BF16', () => {
  it('raises the opset for operators that had no BFLOAT16 before', async () => {
    const { model, report } = await cast(convModel(), { to: 'bf16' });
    expect([model.opset, model.message.irVersion, report.kept]).toEqual([22, 10, []]);
  });

  it('keeps them where the opset cannot be raised, and says so', async () => {
    const pool = node('AveragePool', ['images'], 'pooled', { kernel_shape: [3, 3], ceil_mode: 1 });
    const bytes = makeModel({
      inputs: [{ name: 'images', dims: [1, 1, 8, 8] }],
      outputs: [{ name: 'y' }],
      nodes: [pool, node('Conv', ['images', 'w'], 'y')],
      initializers: [weight('w', [1, 1, 3, 3], 1)],
    });
    const { model, report } = await cast(bytes, { to: 'bf16' });
    expect(model.opset).toBe(17);
    expect(report.kept.at(-1)!.reason).toBe('Conv has no BFLOAT16 before opset 22, the model has 17');
  });
});
