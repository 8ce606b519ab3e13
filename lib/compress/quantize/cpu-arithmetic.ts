// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime's CPU library changes what some quantised graphs compute (seen with 1.30): Q/DQ pairs of FP8 are taken for
// INT8, and a product with dequantised weights alone quantises its activations too, which no GPU does. What is measured
// on it is therefore written without those.

import { GraphScope } from '../../onnx/graph/graph-scope';
import { isStandard, UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { foldDequantizedWeights } from './remove-quantization';

const FLOAT8 = 17;

/**
 * A model that computes on the CPU runtime what a quantised model means:
 *
 * 1. pairs of activations in FP8 become division, two casts and multiplication;
 * 2. weights become floating-point initializers with the values that they are rounded to.
 *
 * Left alone: INT8 with quantised activations, which the CPU computes as it should.
 *
 * @returns the model itself where there is nothing to do, a copy otherwise
 */
export function asCpuModel(model: OnnxModel): OnnxModel {
  const { node } = model.graph;
  if (!node.some(({ opType }) => opType === 'DequantizeLinear')) return model;
  const scope = new GraphScope(model.graph);
  const pairs = node.filter((one) => one.opType === 'QuantizeLinear' && isStandard(one));
  if (pairs.some(({ output }) => scope.typeOf(output[0]!) !== FLOAT8)) return model;
  const copy = model.clone();
  foldDequantizedWeights(copy);
  simulateFloat8(copy);
  return copy;
}

function simulateFloat8({ graph }: OnnxModel): void {
  const scope = new GraphScope(graph);
  const names = new UniqueNames(graph);
  graph.node = graph.node.flatMap((node) => (isStandard(node) ? rewrite(node, scope, names) : [node]));
}

function rewrite(node: NodeMessage, scope: GraphScope, names: UniqueNames): NodeMessage[] {
  const isQuantize = node.opType === 'QuantizeLinear';
  if (!isQuantize && node.opType !== 'DequantizeLinear') return [node];
  const [input = '', scale = ''] = node.input;
  const output = node.output[0]!;
  const name = node.name ?? output;
  const inner = names.make(`${output}_float`);
  if (isQuantize) {
    return [
      makeNode({ op: 'Div', name: inner, inputs: [input, scale], outputs: [inner] }),
      makeNode({ op: 'Cast', name, inputs: [inner], outputs: [output], ints: { to: FLOAT8 } }),
    ];
  }
  const to = scope.typeOf(scale)!;
  return [
    makeNode({ op: 'Cast', name: inner, inputs: [input], outputs: [inner], ints: { to } }),
    makeNode({ op: 'Mul', name, inputs: [inner, scale], outputs: [output] }),
  ];
}
