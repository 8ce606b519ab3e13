// SPDX-License-Identifier: Apache-2.0
import { dataTypeName } from './data-type';
import type { GraphDraft } from './model-draft';
import type { OnnxNodeInfo, OnnxTensorInfo, QuantizationNode, TypeCensus, TypeShare } from './model-info';
import { quantizedType, type TypeLookup } from './value-types';

/** Operators that do nearly all of a network's arithmetic. */
const COMPUTE_OPERATORS = new Set(
  'Conv ConvTranspose Gemm MatMul Einsum LSTM GRU RNN Attention DeformConv'.split(' '),
);

/** A census of the element types of a model's weights and nodes. */
export function takeTypeCensus(graphs: readonly GraphDraft[], lookup: TypeLookup): TypeCensus {
  const weights = countWeights(graphs);
  const compute: Record<string, number> = {};
  const quantizedCompute: Record<string, number> = {};
  const quantize: Record<string, number> = {};
  const casts: Record<string, number> = {};
  for (const graph of graphs) {
    const typeOf = (name: string) => lookup(graph, name);
    const dequantized = new Map<string, string>();
    for (const node of graph.nodes) {
      if (node.domain !== '') continue;
      if (node.opType === 'Cast' && node.typeAttribute !== undefined)
        add(casts, dataTypeName(node.typeAttribute));
      if (isQuantization(node)) {
        const type = quantizedType(node, typeOf) ?? 'UNDEFINED';
        add(quantize, type);
        if (node.opType === 'DequantizeLinear') dequantized.set(node.outputs[0] ?? '', type);
      }
      if (!COMPUTE_OPERATORS.has(node.opType)) continue;
      add(compute, typeOf(node.inputs[0] ?? '') ?? 'UNDEFINED');
      const quantized = node.inputs.map((input) => dequantized.get(input)).find((type) => type !== undefined);
      if (quantized !== undefined) add(quantizedCompute, quantized);
    }
  }
  return { weights, compute, quantizedCompute, quantize, casts };
}

/** The quantising and dequantising nodes of one graph. */
export function listQuantization(
  graph: GraphDraft,
  typeOf: (name: string) => string | undefined,
): QuantizationNode[] {
  return graph.nodes.filter(isQuantization).map((node) => ({
    name: node.name,
    opType: node.opType,
    scope: node.scope,
    output: node.outputs[0] ?? '',
    onnxType: quantizedType(node, typeOf) ?? 'UNDEFINED',
  }));
}

/** True for the two nodes that change between real numbers and quantised ones. */
export function isQuantization(node: OnnxNodeInfo): boolean {
  return node.domain === '' && (node.opType === 'QuantizeLinear' || node.opType === 'DequantizeLinear');
}

function countWeights(graphs: readonly GraphDraft[]): Record<string, TypeShare> {
  const shares: Record<string, TypeShare> = {};
  const count = (tensor: OnnxTensorInfo) => {
    const share = (shares[tensor.onnxType] ??= { tensors: 0, elements: 0, bytes: 0 });
    share.tensors++;
    share.elements += tensor.elements;
    share.bytes += tensor.bytes;
  };
  for (const graph of graphs) {
    graph.initializers.forEach(count);
    graph.constants.forEach(count);
  }
  return shares;
}

function add(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
