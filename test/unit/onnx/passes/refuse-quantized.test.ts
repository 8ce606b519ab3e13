// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { refuseFusedQuantization, refuseQuantized } from '../../../../lib/onnx/passes/refuse-quantized';
import { makeModel } from '../../../onnx-builder';
import { convModel } from '../../../onnx-models';

async function graphWith(op: string, domain = '') {
  const bytes = makeModel({
    opset: { '': 21, 'com.microsoft': 1 },
    inputs: [{ name: 'x', dims: [4] }],
    outputs: [{ name: 'y' }],
    nodes: [{ op, name: 'it', inputs: ['x'], outputs: ['y'], domain }],
  });
  return (await loadModel(bytes)).graph;
}
const refused = expect.objectContaining({
  code: 'ERR_TRT_QUANT_UNSUPPORTED',
  details: expect.objectContaining({ node: 'it' }) as object,
}) as Error;

describe('a model with quantised operators', () => {
  it.each(['QuantizeLinear', 'DequantizeLinear'])('may have %s where its precision is cast', async (op) => {
    const graph = await graphWith(op);
    expect(() => refuseQuantized(graph)).toThrow(refused);
    expect(() => refuseFusedQuantization(graph)).not.toThrow();
  });

  it.each([
    ['DynamicQuantizeLinear', ''],
    ['QLinearConv', ''],
    ['QLinearMatMul', ''],
    ['ConvInteger', ''],
    ['MatMulInteger', ''],
    ['DynamicQuantizeMatMul', 'com.microsoft'],
    ['MatMulNBits', 'com.microsoft'],
  ])('is refused for %s', async (op, domain) => {
    const graph = await graphWith(op, domain);
    expect(() => refuseQuantized(graph)).toThrow(refused);
    expect(() => refuseFusedQuantization(graph)).toThrow(refused);
  });

  it('is let through in floating point', async () => {
    const { graph } = await loadModel(convModel());
    expect(() => refuseQuantized(graph)).not.toThrow();
  });
});
