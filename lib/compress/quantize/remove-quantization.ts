// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import { allGraphs } from '../../onnx/graph/graph-walk';
import { toHalf } from '../../onnx/graph/half-floats';
import { makeNode } from '../../onnx/graph/make-node';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { makeTensor } from '../../onnx/graph/tensor-values';
import { dequantizeTensor } from './dequantize-tensor';

const FLOAT16 = 10;
const BFLOAT16 = 16;

/**
 * Takes quantisation out of a model again, in place: what is left computes what the source did, but for the rounding of
 * the weights.
 *
 * 1. Readers of a Q/DQ pair read what was quantised; through a Cast where the two have scales of different types.
 * 2. A DequantizeLinear of a constant becomes an initializer of the type of its scale.
 *
 * Left alone: nodes whose scale is not a constant, and the graphs inside nodes.
 *
 * @returns how many DequantizeLinear nodes went
 */
export function removeQuantization(model: OnnxModel): number {
  const producers = new Map(
    model.graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)),
  );
  const pairs = replaceDequantized(model, (node, scope) => bridge(node, producers, scope));
  return pairs + foldDequantizedWeights(model);
}

/**
 * Turns each DequantizeLinear of a constant into an initializer, in place.
 *
 * @returns how many went
 */
export function foldDequantizedWeights(model: OnnxModel): number {
  return replaceDequantized(model, (node, { constants, graph }) => {
    const [values, scale] = node.input.map((name) => constants.get(name));
    if (values === undefined || scale === undefined) return undefined;
    graph.initializer.push(dequantizedTensor(node, values, scale));
    return 'gone';
  });
}

type Replacement = NodeMessage | 'gone' | undefined;

function replaceDequantized(
  { graph }: OnnxModel,
  replace: (node: NodeMessage, scope: GraphScope) => Replacement,
): number {
  const scope = new GraphScope(graph);
  const gone = new Set<NodeMessage>();
  graph.node = graph.node.flatMap((node) => {
    const replaced = node.opType === 'DequantizeLinear' ? replace(node, scope) : undefined;
    if (replaced === undefined) return [node];
    gone.add(node);
    return replaced === 'gone' ? [] : [replaced];
  });
  if (gone.size > 0) removeUnread(graph, gone);
  return gone.size;
}

/** What joins the readers of a pair with what was quantised. */
function bridge(
  node: NodeMessage,
  producers: ReadonlyMap<string, NodeMessage>,
  scope: GraphScope,
): Replacement {
  const scale = scope.constants.get(node.input[1] ?? '');
  const quantize = producers.get(node.input[0] ?? '');
  if (scale === undefined || quantize?.opType !== 'QuantizeLinear') return undefined;
  const output = node.output[0]!;
  const names = { name: node.name ?? output, inputs: [quantize.input[0]!], outputs: [output] };
  const isSameType = scope.typeOf(quantize.input[1]!) === scale.dataType;
  return isSameType
    ? makeNode({ op: 'Identity', ...names })
    : makeNode({ op: 'Cast', ...names, ints: { to: scale.dataType } });
}

function dequantizedTensor(node: NodeMessage, values: TensorMessage, scale: TensorMessage): TensorMessage {
  const floats = dequantizeTensor(node, values, scale);
  const isHalf = scale.dataType === FLOAT16 || scale.dataType === BFLOAT16;
  const data = isHalf ? toHalf(floats, scale.dataType === FLOAT16 ? 'fp16' : 'bf16') : floats;
  return makeTensor(node.output[0]!, scale.dataType, values.dims, data);
}

/** Constants and QuantizeLinear nodes that only the nodes which are gone read. */
function removeUnread(graph: GraphMessage, gone: ReadonlySet<NodeMessage>): void {
  const released = new Set([...gone].flatMap(({ input }) => input));
  const isRead = readerTest(graph);
  graph.node = graph.node.filter((node) => {
    const output = node.output[0] ?? '';
    if (node.opType !== 'QuantizeLinear' || !released.has(output) || isRead(output)) return true;
    for (const name of node.input) released.add(name);
    return false;
  });
  const isStillRead = readerTest(graph);
  graph.initializer = graph.initializer.filter(({ name = '' }) => !released.has(name) || isStillRead(name));
}

function readerTest(graph: GraphMessage): (name: string) => boolean {
  const read = new Set(graph.output.map(({ name }) => name));
  for (const { node } of allGraphs(graph))
    for (const { input } of node) for (const name of input) read.add(name);
  return (name) => read.has(name);
}
