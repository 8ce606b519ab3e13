// SPDX-License-Identifier: Apache-2.0
// What a layer adds to each of its outputs, where it lies and how it is changed.

import { GraphScope } from '../../onnx/graph/graph-scope';
import { attributeOf, UniqueNames } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { elementsOf, makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import { ValueUses } from '../../onnx/graph/value-uses';
import type { LayerUse, WeightLayer } from './weight-layer';

const FLOAT = 1;

/** Where the bias of a node is, and its values. */
export interface LayerBias {
  /** The node that adds it: the layer's own, or an Add behind it. */
  readonly node: NodeMessage;
  /** Position among the inputs of that node. */
  readonly index: number;
  /** What it adds to each output of all groups; zeros where there is none yet. */
  readonly values: Float64Array;
  /** Axes of the constant, the outputs last: fewer would change the rank of what is made. */
  readonly rank: number;
  /** True if the node of the layer adds it: what the node makes has it already. */
  readonly isOwn: boolean;
}

/**
 * The bias of a node:
 *
 * 1. Conv, ConvTranspose, Gemm: its third input, a constant with a value for each output, or none yet;
 * 2. MatMul: the constant that an Add behind it adds, where nobody else reads what the MatMul makes.
 *
 * @returns undefined where it is computed, has another form, or where there is no place for one
 */
export function biasOf(graph: GraphMessage, layer: WeightLayer, use: LayerUse): LayerBias | undefined {
  const { constants } = new GraphScope(graph);
  const outputs = layer.view.outputs * layer.view.groups;
  const node = graph.node.find(({ output }) => output[0] === use.output);
  if (node === undefined) return undefined;
  if (node.opType === 'MatMul')
    return use.weightIndex === 1 ? addedBehind(graph, node, { outputs, constants }) : undefined;
  const name = node.input[2] ?? '';
  if (name === '')
    return use.weightIndex === 1
      ? { node, index: 2, values: new Float64Array(outputs), rank: 1, isOwn: true }
      : undefined;
  const factor = node.opType === 'Gemm' ? (attributeOf(node, 'beta')?.f ?? 1) : 1;
  const values = use.weightIndex === 1 && factor === 1 ? vectorOf(constants.get(name), outputs) : undefined;
  return values && { node, index: 2, ...values, isOwn: true };
}

/** Gives a layer another bias, always in a tensor of its own: others may read the old one. */
export function writeBias(
  graph: GraphMessage,
  { node, index, rank }: LayerBias,
  values: ArrayLike<number>,
): void {
  const name = new UniqueNames(graph).make(`${node.output[0]!}_bias`);
  const dims = [...Array<number>(rank - 1).fill(1), values.length];
  graph.initializer.push(makeTensor(name, 'FLOAT', dims, Float32Array.from(values)));
  while (node.input.length < index) node.input.push('');
  node.input[index] = name;
}

function addedBehind(
  graph: GraphMessage,
  node: NodeMessage,
  { outputs, constants }: { outputs: number; constants: ReadonlyMap<string, TensorMessage> },
): LayerBias | undefined {
  const uses = new ValueUses(graph);
  const output = node.output[0]!;
  const [add] = uses.readers(output);
  if (add?.opType !== 'Add' || !uses.isInner(output)) return undefined;
  const index = add.input.findIndex((name) => name !== output);
  const values = vectorOf(constants.get(add.input[index] ?? ''), outputs);
  return values && { node: add, index, ...values, isOwn: false };
}

/** One value for each output along the last axis, or one for all. */
function vectorOf(
  tensor: TensorMessage | undefined,
  outputs: number,
): Pick<LayerBias, 'values' | 'rank'> | undefined {
  if (tensor?.dataType !== FLOAT) return undefined;
  const count = elementsOf(tensor);
  const isVector = count === outputs && (tensor.dims.at(-1) ?? 1) === outputs;
  if (!isVector && count !== 1) return undefined;
  const found = readFloats(tensor);
  const values = Float64Array.from({ length: outputs }, (_, index) => found[isVector ? index : 0]!);
  return { values, rank: Math.max(1, tensor.dims.length) };
}
