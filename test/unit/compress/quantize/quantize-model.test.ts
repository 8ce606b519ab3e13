// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { TensorRanges } from '../../../../lib/compress/calibrate/collect-ranges';
import type { PlanOptions } from '../../../../lib/compress/quantize/plan-quantization';
import { listCalibrationTensors, quantizeModel } from '../../../../lib/compress/quantize/quantize-model';
import { readModelInfo } from '../../../../lib/onnx';
import { loadModel, type OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { makeModel, type NodeSpec, type TensorSpec } from '../../../onnx-builder';
import { quantizedModel } from '../../../onnx-models';
import { attentionModel, residualModel, weight } from '../../../precision-models';

/** The same range for every tensor that needs one, or its own. */
async function quantize(bytes: Uint8Array, own: Record<string, number> = {}, options: PlanOptions = {}) {
  const model = await loadModel(bytes);
  const tensors = listCalibrationTensors(model, options);
  const entries = tensors.map((name) => [name, { min: 0, max: 1, amplitude: own[name] ?? 127 }] as const);
  const ranges: TensorRanges = Object.fromEntries(entries);
  return { model, tensors, report: quantizeModel(model, { ranges, ...options }) };
}

function inputsOf(model: OnnxModel, name: string): string[] {
  return model.graph.node.find((node) => node.name === name)!.input;
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

/** A model on `x` [1, 16, 8, 8] whose last node makes the output. */
function network(nodes: NodeSpec[], initializers: TensorSpec[], opset = 17): Uint8Array {
  const outputs = [{ name: nodes.at(-1)!.outputs[0]! }];
  return makeModel({ opset, inputs: [{ name: 'x', dims: [1, 16, 8, 8] }], outputs, nodes, initializers });
}
const filter = (name: string) => weight(name, [16, 16, 1, 1], 0.5);

describe('quantising a residual network', () => {
  it('quantises inputs and weights of weighted operators, and the skip input of the addition alone', async () => {
    const { model, tensors, report } = await quantize(residualModel());
    expect(tensors).toEqual(['images', 's1', 'l1', 'f0']);
    expect(report.quantized.map((one) => one.node)).toEqual(['stem', 'left', 'right', 'head']);
    expect(inputsOf(model, 'left')).toEqual(['s1_dequantized', 'left_w_dequantized', 'left_b']);
    expect(inputsOf(model, 'join')).toEqual(['r0', 's1_dequantized']);
    expect(inputsOf(model, 'relu0')).toEqual(['s0']);
    const pairs = model.graph.node.filter(({ opType }) => opType === 'QuantizeLinear');
    expect(pairs.map(({ input }) => input[0]).sort()).toEqual(['f0', 'images', 'l1', 's1']);
  });

  it('writes a model in order, with INT8 weights, positive scales and no bias behind a DequantizeLinear', async () => {
    const { model, report } = await quantize(residualModel());
    const known = new Set(['', 'images', ...model.graph.initializer.map(({ name }) => name)]);
    for (const { input, output } of model.graph.node) {
      expect(input.filter((name) => !known.has(name))).toEqual([]);
      for (const name of output) known.add(name);
    }
    const info = await readModelInfo(model.toBytes());
    expect(info.typeCensus.quantizedCompute).toEqual({ INT8: 4 });
    expect(new Set(info.quantization.map(({ onnxType }) => onnxType))).toEqual(new Set(['INT8']));
    const scales = model.graph.initializer.filter(({ name }) => name!.endsWith('_scale'));
    expect(scales.flatMap((tensor) => [...readFloats(tensor)]).every((scale) => scale > 0)).toBe(true);
    expect(model.graph.initializer.map(({ name }) => name)).not.toContain('left_w');
    expect(report.weightBytes.after).toBeLessThan(report.weightBytes.before / 3);
  });

  it('leaves out what the caller excludes', async () => {
    const { model, report } = await quantize(
      residualModel(),
      {},
      { exclude: { ops: ['Gemm'], names: ['join'] } },
    );
    expect(report.kept).toEqual([{ node: 'head', op: 'Gemm', reason: 'excluded' }]);
    expect(inputsOf(model, 'join')).toEqual(['r0', 's1']);
  });

  it('quantises the shorter way where both inputs of an addition come from convolutions', async () => {
    const nodes = [
      node('Relu', ['x'], 'r'),
      node('Conv', ['r', 'a'], 'long1'),
      node('Relu', ['long1'], 'long2'),
      node('Conv', ['long2', 'b'], 'long3'),
      node('Conv', ['r', 'c'], 'short'),
      node('Add', ['long3', 'short'], 'y'),
    ];
    const { model } = await quantize(network(nodes, ['a', 'b', 'c'].map(filter)));
    expect(inputsOf(model, 'y')).toEqual(['long3', 'short_dequantized']);
  });
});

describe('quantising a transformer', () => {
  it('quantises products with weights and nothing else', async () => {
    const { model, report } = await quantize(attentionModel());
    expect(report.quantized.map((one) => one.node)).toEqual(['query', 'key', 'value', 'up', 'down']);
    expect(inputsOf(model, 'join')).toEqual(['m', 'x']);
    expect(inputsOf(model, 'norm')[0]).toBe('x');
    expect(report.kept.map((one) => [one.node, one.reason])).toEqual([
      ['scores', 'neither of its inputs is a constant'],
      ['mix', 'neither of its inputs is a constant'],
    ]);
  });
});

describe('weights', () => {
  const axisOf = async (one: NodeSpec, dims: number[]) => {
    const input = one.op.startsWith('Conv') ? 'x' : 'f';
    const nodes = [
      ...(input === 'f' ? [node('Flatten', ['x'], 'f', { axis: 2 })] : []),
      { ...one, inputs: [input, 'w'] },
    ];
    const { model } = await quantize(network(nodes, [weight('w', dims, 1)]));
    const dequantize = model.graph.node.find(({ name }) => name === 'w_dequantized')!;
    const scale = model.graph.initializer.find(({ name }) => name === 'w_scale')!;
    return [dequantize.attribute[0]?.i, scale.dims];
  };

  it('have one scale per output channel, on the axis of the operator', async () => {
    expect(await axisOf(node('Conv', [], 'y'), [24, 16, 3, 3])).toEqual([0n, [24]]);
    expect(await axisOf(node('ConvTranspose', [], 'y'), [16, 24, 2, 2])).toEqual([1n, [24]]);
    expect(
      await axisOf(node('ConvTranspose', [], 'y', { group: 4 }), [16, 8, 2, 2]).catch(() => 'float'),
    ).toBe('float');
    expect(await axisOf(node('Gemm', [], 'y'), [64, 24])).toEqual([1n, [24]]);
    expect(await axisOf(node('Gemm', [], 'y', { transB: 1 }), [24, 64])).toEqual([0n, [24]]);
    expect(await axisOf(node('MatMul', [], 'y'), [64, 24])).toEqual([1n, [24]]);
  });

  it('that two operators share are stored once', async () => {
    const nodes = [node('Conv', ['x', 'w'], 'a'), node('Conv', ['a', 'w'], 'y')];
    const { model } = await quantize(network(nodes, [filter('w')]));
    expect(
      model.graph.initializer.filter(({ dataType, dims }) => dataType === 3 && dims.length === 4),
    ).toHaveLength(1);
  });

  it('that a float operator reads too stay as well', async () => {
    const nodes = [node('Conv', ['x', 'w'], 'a'), node('Mul', ['a', 'w'], 'y')];
    const { model } = await quantize(network(nodes, [filter('w')]));
    expect(model.graph.initializer.map(({ name }) => name)).toContain('w');
  });
});

describe('scales', () => {
  it('are shared through operators that move values, and MaxPool reads the quantised value', async () => {
    const nodes = [
      node('Conv', ['x', 'a'], 'c'),
      node('MaxPool', ['x'], 'p', { kernel_shape: [2, 2] }),
      node('Conv', ['p', 'b'], 'd'),
      node('GlobalAveragePool', ['c'], 'g'),
      node('Mul', ['g', 'd'], 'y'),
    ];
    const { model, report } = await quantize(network(nodes, [filter('a'), filter('b')]), { x: 254, p: 127 });
    expect(report.scales).toEqual({ x: 2, p: 2 });
    expect(inputsOf(model, 'p')).toEqual(['x_dequantized']);
  });

  it('are the largest of a Concat and what it joins', async () => {
    const nodes = [
      node('Conv', ['x', 'a'], 'c'),
      node('Concat', ['x', 'c'], 'j', { axis: 1 }),
      node('Conv', ['j', 'b'], 'y'),
    ];
    const wide = weight('b', [16, 32, 1, 1], 1);
    const { report } = await quantize(network(nodes, [filter('a'), wide]), { x: 12.7, j: 127 });
    expect(report.scales).toEqual({ x: 1, j: 1 });
  });
});

describe('a model', () => {
  it('of an older opset is raised to 13, or refused with the node that keeps it', async () => {
    const old = await quantize(residualModel(11));
    expect(old.model.opset).toBe(13);
    const model = await loadModel(
      network([node('Mystery', ['x'], 's'), node('Conv', ['s', 'w'], 'y')], [filter('w')], 11),
    );
    const refused = {
      code: 'ERR_TRT_QUANT_UNSUPPORTED',
      details: expect.objectContaining({ node: 's' }) as object,
    };
    expect(() => listCalibrationTensors(model)).toThrow(expect.objectContaining(refused));
  });

  it('that is quantised already, has nothing to quantise or lacks a range is refused', async () => {
    const code = (expected: string) => expect.objectContaining({ code: expected });
    const done = await loadModel(quantizedModel());
    expect(() => listCalibrationTensors(done)).toThrow(code('ERR_TRT_QUANT_UNSUPPORTED'));
    const tiny = await loadModel(network([node('MatMul', ['x', 'w'], 'y')], [weight('w', [8, 4], 1)]));
    expect(() => listCalibrationTensors(tiny)).toThrow(code('ERR_TRT_QUANT_UNSUPPORTED'));
    const model = await loadModel(residualModel());
    expect(() => quantizeModel(model, {})).toThrow(/Tensor "images" needs a calibrated range/);
  });

  it('keeps convolutions with few channels in groups, and quantises depth-wise ones', async () => {
    const grouped = node('Conv', ['x', 'g'], 'a', { group: 4 });
    const depthwise = node('Conv', ['a', 'd'], 'y', { group: 16 });
    const tensors = [weight('g', [16, 4, 3, 3], 1), weight('d', [16, 1, 3, 3], 1)];
    const { report } = await quantize(network([grouped, depthwise], tensors));
    expect(report.quantized.map((one) => one.node)).toEqual(['y']);
    expect(report.kept[0]!.reason).toContain('16 input and 16 output channels in 4 groups');
  });
});
