// SPDX-License-Identifier: Apache-2.0
// Operators on quantised weights, where their biases are, and in which order their errors build up.

import { GraphScope } from '../../onnx/graph/graph-scope';
import { attributeOf, isStandard, UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { elementsOf, makeTensor, readFloats } from '../../onnx/graph/tensor-values';

/** An operator whose bias can be corrected. */
export interface BiasSite {
  readonly node: NodeMessage;
  /** What it makes, before a bias that is added by itself. */
  readonly tensor: string;
  /** Axis of its output channels. */
  readonly axis: 1 | -1;
  /** Number of quantised operators on the longest way to it. */
  readonly depth: number;
}

const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const FLOAT = 1;

/** The operators of the main graph with weights behind a DequantizeLinear, in order. */
export function findBiasSites(graph: GraphMessage): BiasSite[] {
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const constants = new GraphScope(graph).constants;
  const depths = new Map<string, number>();
  const sites: BiasSite[] = [];
  for (const node of graph.node) {
    const dequantize = producers.get(node.input[1] ?? '');
    const isSite =
      WEIGHTED.has(node.opType) &&
      isStandard(node) &&
      dequantize?.opType === 'DequantizeLinear' &&
      constants.has(dequantize.input[0]!);
    let depth = 0;
    for (const name of node.input) depth = Math.max(depth, depths.get(name) ?? 0);
    for (const name of node.output) depths.set(name, depth + (isSite ? 1 : 0));
    if (isSite)
      sites.push({ node, tensor: node.output[0]!, axis: node.opType.startsWith('Conv') ? 1 : -1, depth });
  }
  return sites;
}

/**
 * Adds to the bias of an operator, in FP32:
 *
 * 1. a constant bias is replaced;
 * 2. where there is none, Conv, ConvTranspose and Gemm get one;
 * 3. MatMul: the constant that is added behind it is replaced, or an Add is inserted.
 *
 * Left alone: a bias that is computed or that is no vector, and Gemm with a factor for it.
 *
 * @returns whether it was corrected
 */
export function addToBias(graph: GraphMessage, { node }: BiasSite, delta: Float64Array): boolean {
  const names = new UniqueNames(graph);
  const { constants } = new GraphScope(graph);
  if (node.opType === 'MatMul') return addBehind(graph, node, { delta, names, constants });
  const old = node.input[2] ?? '';
  const factor = attributeOf(node, 'beta')?.f ?? 1;
  const values = correctedVector(constants.get(old), delta);
  if (factor !== 1 || (old !== '' && values === undefined)) return false;
  node.input[2] = addInitializer(
    graph,
    names.make(`${node.output[0]}_corrected_bias`),
    values ?? Float32Array.from(delta),
  );
  return true;
}

interface Correction {
  readonly delta: Float64Array;
  readonly names: UniqueNames;
  readonly constants: ReadonlyMap<string, TensorMessage>;
}

function addBehind(graph: GraphMessage, node: NodeMessage, { delta, names, constants }: Correction): boolean {
  const output = node.output[0]!;
  const readers = graph.node.filter(({ input }) => input.includes(output));
  const isOutput = graph.output.some(({ name }) => name === output);
  const add = readers.length === 1 && !isOutput && readers[0]!.opType === 'Add' ? readers[0] : undefined;
  const index = add?.input.findIndex((name) => name !== output && constants.has(name)) ?? -1;
  const values = index === -1 ? undefined : correctedVector(constants.get(add!.input[index]!), delta);
  if (values !== undefined) {
    add!.input[index] = addInitializer(graph, names.make(`${add!.output[0]}_corrected_bias`), values);
    return true;
  }
  const bias = addInitializer(graph, names.make(`${output}_corrected_bias`), Float32Array.from(delta));
  const before = names.make(`${output}_uncorrected`);
  node.output[0] = before;
  const added = makeNode({
    op: 'Add',
    name: names.make(`${output}_correction`),
    inputs: [before, bias],
    outputs: [output],
  });
  graph.node.splice(graph.node.indexOf(node) + 1, 0, added);
  return true;
}

function correctedVector(bias: TensorMessage | undefined, delta: Float64Array): Float32Array | undefined {
  if (bias?.dataType !== FLOAT || bias.dims.at(-1) !== delta.length || elementsOf(bias) !== delta.length)
    return undefined;
  return readFloats(bias).map((value, channel) => value + delta[channel]!);
}

/** Always a new one: others may read the old. */
function addInitializer(graph: GraphMessage, name: string, values: Float32Array): string {
  graph.initializer.push(makeTensor(name, 'FLOAT', [values.length], values));
  return name;
}
