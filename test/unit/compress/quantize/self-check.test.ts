// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { asCpuModel } from '../../../../lib/compress/quantize/cpu-arithmetic';
import {
  listCalibrationTensors,
  quantizeModel,
  type QuantizeModelOptions,
} from '../../../../lib/compress/quantize/quantize-model';
import {
  foldDequantizedWeights,
  removeQuantization,
} from '../../../../lib/compress/quantize/remove-quantization';
import { checkQuantized } from '../../../../lib/compress/quantize/self-check';
import type { NodeMessage } from '../../../../lib/onnx/graph/onnx-messages';
import { loadModel, type OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { makeTensor, readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { castModel } from '../../../../lib/onnx/passes/cast-model';
import { attentionModel, residualModel } from '../../../precision-models';

async function quantized(bytes = residualModel(), options: QuantizeModelOptions = {}) {
  const source = await loadModel(bytes);
  const tensors = listCalibrationTensors(source, options);
  const model = source.clone();
  const ranges = Object.fromEntries(tensors.map((name) => [name, { min: -1, max: 1, amplitude: 1 }]));
  quantizeModel(model, { ...options, ranges });
  return { source, model };
}

const nodeOf = (model: OnnxModel, name: string): NodeMessage =>
  model.graph.node.find((node) => node.name === name)!;

const FORMS: [string, QuantizeModelOptions][] = [
  ['INT8', {}],
  ['weights in INT8', { weightOnly: true }],
  ['FP8', { type: 'fp8', attention: true }],
  ['INT4', { type: 'int4' }],
];

describe('the check of a quantised model', () => {
  it.each(FORMS)('passes what was written: %s', async (_, options) => {
    for (const bytes of options.type === undefined
      ? [residualModel(), attentionModel()]
      : [attentionModel()]) {
      const { model, source } = await quantized(bytes, options);
      expect(() => checkQuantized(model, source)).not.toThrow();
      castModel(model, { to: 'fp16' });
      expect(() => checkQuantized(model, source)).not.toThrow();
    }
  });

  const broken: [string, string, (model: OnnxModel) => void][] = [
    [
      'a scale that is not above zero',
      '"images_quantized" has a scale of 0',
      ({ graph }) => {
        const at = graph.initializer.findIndex(({ name }) => name === 'images_scale');
        graph.initializer[at] = makeTensor('images_scale', 'FLOAT', [], new Float32Array(1));
      },
    ],
    [
      'a zero point that is not zero',
      '"images_quantized" has a zero point that is not zero',
      ({ graph }) => {
        const at = graph.initializer.findIndex(({ name }) => name === 'images_zero_point');
        graph.initializer[at] = makeTensor('images_zero_point', 'INT8', [], Int8Array.of(3));
      },
    ],
    [
      'a scale that is computed',
      'the scale of "images_quantized" is not a constant',
      (model) => (nodeOf(model, 'images_quantized').input[1] = 'images'),
    ],
    [
      'weights that are not quantised',
      'node "left" (Conv) has one input quantised of two',
      (model) => {
        const { graph } = model;
        graph.initializer.push(makeTensor('float', 'FLOAT', [16, 16, 3, 3], new Float32Array(16 * 16 * 9)));
        nodeOf(model, 'left').input[1] = 'float';
      },
    ],
    [
      'a bias that is quantised',
      'the bias of node "left" (Conv) is quantised',
      (model) => (nodeOf(model, 'left').input[2] = 's1_dequantized'),
    ],
    [
      'an addition of two quantised values',
      'both inputs of node "join" (Add) are quantised',
      (model) => (nodeOf(model, 'join').input = ['s1_dequantized', 's1_dequantized']),
    ],
    [
      'integers that something else reads',
      'node "relu1" reads the integers "s1_quantized"',
      (model) => (nodeOf(model, 'relu1').input[0] = 's1_quantized'),
    ],
    [
      'nodes that are out of order',
      'node "images_quantized" reads',
      ({ graph }) => {
        graph.input = [];
      },
    ],
    [
      'two nodes of one name',
      'two nodes are called "left"',
      (model) => (nodeOf(model, 'right').name = 'left'),
    ],
    [
      'an output that got lost',
      'its outputs are , those of the source logits',
      ({ graph }) => {
        graph.output = [];
      },
    ],
  ];

  it.each(broken)('finds %s', async (_, problem, breakIt) => {
    const { model, source } = await quantized();
    breakIt(model);
    let problems: readonly string[] = [];
    try {
      checkQuantized(model, source);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_TRT_QUANT_CHECK' });
      problems = (error as { details: { problems: string[] } }).details.problems;
    }
    expect(problems.join('\n')).toContain(problem);
  });

  it('accepts old models that list weights as inputs, of which those that are folded go', async () => {
    const { model, source } = await quantized();
    const float = source.graph.input[0]!.type!;
    source.graph.input.push({ name: 'stem_w', type: float }, { name: 'left_b', type: float });
    expect(() => checkQuantized(model, source)).not.toThrow();
    model.graph.input.push({ name: 'left_b', type: float });
    expect(() => checkQuantized(model, source)).not.toThrow();
    source.graph.input.push({ name: 'extra', type: float });
    expect(() => checkQuantized(model, source)).toThrow('its inputs are images, those of the source images');
  });

  it('finds a quantised input of a softmax', async () => {
    const { model, source } = await quantized(attentionModel(), { attention: true });
    nodeOf(model, 'softmax').input[0] = 'q_dequantized';
    expect(() => checkQuantized(model, source)).toThrow(
      /an input of node "softmax" \(Softmax\) is quantised/,
    );
  });
});

describe('a model whose quantisation was removed', () => {
  it.each(FORMS)('has the nodes of the source and weights within half a step: %s', async (_, options) => {
    const { model, source } = await quantized(attentionModel(), options);
    expect(removeQuantization(model)).toBeGreaterThan(4);
    const ops = model.graph.node.map(({ opType }) => opType).filter((op) => op !== 'Identity');
    expect(ops).toEqual(source.graph.node.map(({ opType }) => opType));
    const before = readFloats(source.graph.initializer.find(({ name }) => name === 'up_w')!);
    const after = readFloats(model.graph.initializer.find(({ name }) => name === 'up_w_dequantized')!);
    const step =
      Math.max(...before.map(Math.abs)) / (options.type === 'int4' ? 7 : options.type === 'fp8' ? 14 : 127);
    before.forEach((value, i) => expect(Math.abs(value - after[i]!)).toBeLessThanOrEqual(step * 0.51));
    const names = model.graph.initializer.map(({ name }) => name!);
    expect(names.filter((name) => /_(scale|zero_point|int8|int4|fp8)$/.test(name))).toEqual([]);
  });

  it('has a Cast where a pair changed the type', async () => {
    const { model } = await quantized();
    castModel(model, { to: 'fp16' });
    removeQuantization(model);
    expect(nodeOf(model, 'images_dequantized').opType).toBe('Cast');
    expect(nodeOf(model, 's1_dequantized').opType).toBe('Identity');
  });
});

describe('a model for the CPU', () => {
  it('is the same where the CPU computes what is meant', async () => {
    const { model, source } = await quantized();
    expect(asCpuModel(model)).toBe(model);
    expect(asCpuModel(source)).toBe(source);
  });

  it('has float weights where those alone are quantised, and casts for FP8', async () => {
    const { model } = await quantized(attentionModel(), { type: 'int4' });
    const copy = asCpuModel(model);
    expect(copy.graph.node.map(({ opType }) => opType)).not.toContain('DequantizeLinear');
    expect(foldDequantizedWeights(model)).toBe(5);
    const { model: fp8 } = await quantized(attentionModel(), { type: 'fp8' });
    const ops = asCpuModel(fp8).graph.node.map(({ opType }) => opType);
    expect(ops.join()).toContain('Div,Cast,Cast,Mul');
    expect(ops.join()).not.toContain('QuantizeLinear');
  });
});
