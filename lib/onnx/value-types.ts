// SPDX-License-Identifier: Apache-2.0
// Element types of the values between nodes: enough of ONNX's type rules to tell what a node computes in.

import { DATA_TYPE, dataTypeName } from './data-type';
import type { GraphDraft } from './model-draft';
import type { OnnxNodeInfo } from './model-info';

/** Looks up the ONNX type name of a value as a node of `graph` sees it. */
export type TypeLookup = (graph: GraphDraft, name: string) => string | undefined;

const BOOL = dataTypeName(DATA_TYPE.BOOL);
const INT64 = dataTypeName(DATA_TYPE.INT64);
const FLOAT = dataTypeName(DATA_TYPE.FLOAT);
const UINT8 = dataTypeName(DATA_TYPE.UINT8);

const TO_BOOL = new Set(
  'And Or Xor Not Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf'.split(' '),
);
const TO_INT64 = new Set('Shape Size NonZero ArgMax ArgMin NonMaxSuppression'.split(' '));
/** Operators whose outputs have the type of an input other than the first. */
const SAME_AS_INPUT = new Map([
  ['Where', 1],
  ['CastLike', 1],
  ['OneHot', 2],
  ['DequantizeLinear', 1],
]);
/** Operators whose `dtype` or `to` attribute decides. */
const FROM_ATTRIBUTE = new Map<string, string | undefined>([
  ['Cast', undefined],
  ['RandomNormal', FLOAT],
  ['RandomUniform', FLOAT],
  ['EyeLike', FLOAT],
  ['HannWindow', FLOAT],
  ['HammingWindow', FLOAT],
  ['BlackmanWindow', FLOAT],
]);

/** Types of all values of a model: declared ones as declared, the rest by the rules of the operators. */
export function inferValueTypes(graphs: readonly GraphDraft[]): TypeLookup {
  const types = new Map<GraphDraft, Map<string, string>>(
    graphs.map((graph) => [graph, declaredTypes(graph)]),
  );
  const lookup: TypeLookup = (graph, name) => {
    for (let at: GraphDraft | undefined = graph; at !== undefined; at = at.parent) {
      const type = types.get(at)?.get(name);
      if (type !== undefined) return type;
    }
    return undefined;
  };
  for (const graph of graphs) {
    const known = types.get(graph)!;
    for (const node of graph.nodes) {
      const type = outputType(node, (name) => lookup(graph, name));
      if (type === undefined) continue;
      for (const output of node.outputs) if (!known.has(output)) known.set(output, type);
    }
  }
  return lookup;
}

function declaredTypes(graph: GraphDraft): Map<string, string> {
  const types = new Map<string, string>();
  for (const value of [...graph.valueInfo, ...graph.outputs, ...graph.inputs]) {
    if (value.kind === 'tensor') types.set(value.name, value.onnxType);
  }
  for (const tensor of graph.initializers) types.set(tensor.name, tensor.onnxType);
  return types;
}

function outputType(node: OnnxNodeInfo, typeOf: (name: string) => string | undefined): string | undefined {
  if (node.domain !== '') return typeOf(node.inputs[0] ?? '');
  if (TO_BOOL.has(node.opType)) return BOOL;
  if (TO_INT64.has(node.opType)) return INT64;
  const attribute = node.typeAttribute === undefined ? undefined : dataTypeName(node.typeAttribute);
  if (FROM_ATTRIBUTE.has(node.opType)) return attribute ?? FROM_ATTRIBUTE.get(node.opType);
  switch (node.opType) {
    case 'Constant':
      return node.value?.onnxType;
    case 'ConstantOfShape':
      return node.value?.onnxType ?? FLOAT;
    case 'QuantizeLinear':
      return typeOf(node.inputs[2] ?? '') ?? attribute ?? UINT8;
    case 'DequantizeLinear':
      return attribute ?? typeOf(node.inputs[1] ?? '');
    default:
      return typeOf(node.inputs[SAME_AS_INPUT.get(node.opType) ?? 0] ?? '');
  }
}

/** The quantised type of a QuantizeLinear or DequantizeLinear node, by the rules of the ONNX standard. */
export function quantizedType(
  node: OnnxNodeInfo,
  typeOf: (name: string) => string | undefined,
): string | undefined {
  const zeroPoint =
    node.inputs[2] === undefined || node.inputs[2] === '' ? undefined : typeOf(node.inputs[2]);
  if (node.opType === 'DequantizeLinear') return zeroPoint ?? typeOf(node.inputs[0] ?? '');
  return zeroPoint ?? (node.typeAttribute === undefined ? UINT8 : dataTypeName(node.typeAttribute));
}
