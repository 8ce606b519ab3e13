// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../../onnx/data-type';
import { allGraphs, attributeOf, isStandard, nodeLabel } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { elementsOf } from '../../onnx/graph/tensor-values';
import { inferShapes } from '../../onnx/infer/infer-shapes';
import { fixedDims } from '../../onnx/passes/value-dims';

/** What a node with weights, or a product of two values, takes. */
export interface NodeWork {
  /** Name of the node, or of its first output. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** Multiplications that are added up, of one run. */
  readonly multiplyAdds: number;
}

/** Size of a model's weights and of its arithmetic. */
export interface WorkCount {
  /** Elements of all constants but those of integers of 16 bits and more, texts and truth values: shapes and indices. */
  readonly parameters: number;
  /** Of Conv, ConvTranspose, Gemm and MatMul, of one run with inputs of `inputs`. */
  readonly multiplyAdds: number;
  /** Dims of the inputs that were taken. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Nodes in the order of the graph, those of bodies of If, Loop and Scan as if they ran once. */
  readonly nodes: readonly NodeWork[];
  /** Nodes whose work is not counted, as their shapes are not known or as of their operator, e.g. recurrent ones. */
  readonly unknown: readonly string[];
}

const UINT64 = 13;
const NO_PARAMETERS: readonly number[] = [
  DATA_TYPE.INT16,
  DATA_TYPE.UINT16,
  DATA_TYPE.INT32,
  DATA_TYPE.UINT32,
  DATA_TYPE.INT64,
  UINT64,
  DATA_TYPE.BOOL,
  DATA_TYPE.STRING,
];
const COUNTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
/** Recurrent ones, products of a form that depends on an attribute, products of integers. */
const UNCOUNTED = new Set([
  'LSTM',
  'GRU',
  'RNN',
  'Einsum',
  'Attention',
  'DeformConv',
  'ConvInteger',
  'MatMulInteger',
  'QLinearConv',
  'QLinearMatMul',
]);

/**
 * Counts the parameters of a model and the multiply-adds of one run.
 *
 * @param inputs - Dims of inputs by name; dynamic dimensions that they do not tell are 1.
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for dims of an input that the model does not have, or of another rank
 */
export function countWork(
  model: OnnxModel,
  inputs: Readonly<Record<string, readonly number[]>> = {},
): WorkCount {
  const dims = inputDims(model.graph, inputs);
  const types = inferShapes(model, { inputs: dims });
  const nodes: NodeWork[] = [];
  const unknown: string[] = [];
  for (const graph of allGraphs(model.graph)) {
    const constants = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor.dims]));
    const sizesOf: SizesOf = (name) => {
      const found = constants.get(name ?? '') ?? types.typeOf(name ?? '', graph)?.dims;
      return fixedDims(found);
    };
    for (const node of graph.node) {
      if (!isStandard(node)) continue;
      if (UNCOUNTED.has(node.opType)) unknown.push(nodeLabel(node));
      if (!COUNTED.has(node.opType)) continue;
      const multiplyAdds = multiplyAddsOf(node, sizesOf);
      if (multiplyAdds === undefined) unknown.push(nodeLabel(node));
      else nodes.push({ node: nodeLabel(node), op: node.opType, multiplyAdds });
    }
  }
  const multiplyAdds = nodes.reduce((sum, node) => sum + node.multiplyAdds, 0);
  return { parameters: countParameters(model), multiplyAdds, inputs: dims, nodes, unknown };
}

/** Elements of the constants that are weights. */
export function countParameters(model: OnnxModel): number {
  const weights = allGraphs(model.graph)
    .flatMap(storedTensors)
    .filter(({ dataType }) => !NO_PARAMETERS.includes(dataType));
  return weights.reduce((sum, tensor) => sum + elementsOf(tensor), 0);
}

/** Tensors that a graph holds: initializers, and what its Constant nodes give. */
export function storedTensors(graph: GraphMessage): TensorMessage[] {
  const constants = graph.node.flatMap((node) => {
    const value = node.opType === 'Constant' ? attributeOf(node, 'value')?.t : undefined;
    return value === undefined ? [] : [{ ...value, name: node.output[0]! }];
  });
  return [...graph.initializer, ...constants];
}

/** Dims of all inputs of fixed rank: as given, as declared, 1 for what is dynamic. */
function inputDims(
  graph: GraphMessage,
  given: Readonly<Record<string, readonly number[]>>,
): Record<string, readonly number[]> {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const declared = graph.input
    .filter(({ name }) => !constants.has(name))
    .flatMap(({ name, type }) => {
      const dims = type?.tensorType?.shape?.dim.map(({ dimValue }) => dimValue ?? 1);
      return dims === undefined ? [] : [[name, dims] as const];
    });
  return { ...Object.fromEntries(declared), ...given };
}

type SizesOf = (name: string | undefined) => readonly number[] | undefined;

function multiplyAddsOf(node: NodeMessage, sizesOf: SizesOf): number | undefined {
  const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);
  const [data, weight, output] = [sizesOf(node.input[0]), sizesOf(node.input[1]), sizesOf(node.output[0])];
  if (data === undefined || weight === undefined) return undefined;
  // What each value of one side is multiplied with: a kernel in the channels of a group, a row of a matrix.
  if (node.opType === 'ConvTranspose') return product(data) * product(weight.slice(1));
  if (output === undefined) return undefined;
  if (node.opType === 'Conv') return product(output) * product(weight.slice(1));
  const isTurned = node.opType === 'Gemm' && attributeOf(node, 'transA')?.i === 1n;
  return product(output) * (data[isTurned ? data.length - 2 : data.length - 1] ?? 1);
}
