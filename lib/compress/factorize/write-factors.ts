// SPDX-License-Identifier: Apache-2.0
// Layers become two or three in a row. The last of them keeps the name of what the layer makes, its bias and its factors;
// what comes before has none, so that zeros of padding stay zeros.

import { attributeOf, intAttribute, nodeLabel, UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { AttributeMessage, GraphMessage, NodeMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor } from '../../onnx/graph/tensor-values';
import type { WeightLayer } from '../layers/weight-layer';
import { transposed } from './low-rank';
import type { FactorForm } from './rank-costs';

/** What a layer comes apart into, in the order of computation. */
export interface LayerFactors {
  readonly form: FactorForm;
  readonly ranks: readonly number[];
  /** Matrices `[outputs][inputs]`, with the taps of a channel side by side; two, and three of `'tucker'`. */
  readonly matrices: readonly Float64Array[];
}

/** A part of a layer. */
interface Part {
  readonly dims: readonly number[];
  readonly values: Float64Array;
  /** Attributes of a convolution; of a product none. */
  readonly attributes?: readonly AttributeMessage[];
}

/** Replaces the layer's node, which is its only use, in place; its weights stay among the initializers. */
export function writeFactors(graph: GraphMessage, layer: WeightLayer, factors: LayerFactors): void {
  const { output, weightIndex } = layer.uses[0]!;
  const node = graph.node.find((one) => one.output[0] === output)!;
  if (node.opType === 'Conv') writeConvolutions(graph, node, { layer, factors });
  else if (weightIndex === 1) writeProducts(graph, node, { layer, factors });
  else writeLeftProducts(graph, node, { layer, factors });
}

interface Writing {
  readonly layer: WeightLayer;
  readonly factors: LayerFactors;
}

/** x W = (x A^T) B^T: weights are stored `[inputs, outputs]`. */
function writeProducts(graph: GraphMessage, node: NodeMessage, { layer, factors }: Writing): void {
  const { outputs, channels } = layer.view;
  const [rank] = factors.ranks as [number];
  const names = namesOf(graph, layer, node);
  const ones = layer.weight.dims.slice(0, -2);
  const first = addWeights(
    graph,
    names.weights[0]!,
    [...ones, channels, rank],
    transposed(factors.matrices[0]!, { rows: rank, columns: channels }),
  );
  const second = addWeights(
    graph,
    names.weights[1]!,
    [...ones, rank, outputs],
    transposed(factors.matrices[1]!, { rows: outputs, columns: rank }),
  );
  const isTurned = node.opType === 'Gemm' && intAttribute(node, 'transA', 0) === 1;
  const before = makeNode({
    op: isTurned ? 'Gemm' : 'MatMul',
    name: names.nodes[0]!,
    inputs: [node.input[0]!, first],
    outputs: [names.values[0]!],
    ...(isTurned ? { ints: { transA: 1 } } : {}),
  });
  node.attribute = node.attribute.filter(({ name }) => name !== 'transA' && name !== 'transB');
  node.input[0] = names.values[0]!;
  node.input[1] = second;
  insertBefore(graph, node, [before]);
}

/** W x = B (A x). */
function writeLeftProducts(graph: GraphMessage, node: NodeMessage, { layer, factors }: Writing): void {
  const { outputs, channels } = layer.view;
  const [rank] = factors.ranks as [number];
  const names = namesOf(graph, layer, node);
  const ones = layer.weight.dims.slice(0, -2);
  const first = addWeights(graph, names.weights[0]!, [...ones, rank, channels], factors.matrices[0]!);
  const second = addWeights(graph, names.weights[1]!, [...ones, outputs, rank], factors.matrices[1]!);
  const before = makeNode({
    op: 'MatMul',
    name: names.nodes[0]!,
    inputs: [first, node.input[1]!],
    outputs: [names.values[0]!],
  });
  node.input = [second, names.values[0]!];
  insertBefore(graph, node, [before]);
}

function writeConvolutions(graph: GraphMessage, node: NodeMessage, { layer, factors }: Writing): void {
  const parts = convolutionParts(node, layer, factors);
  const names = namesOf(graph, layer, node);
  const before: NodeMessage[] = [];
  let input = node.input[0]!;
  parts.forEach(({ dims, values, attributes = [] }, index) => {
    const weights = addWeights(graph, names.weights[index]!, dims, values);
    if (index === parts.length - 1) {
      node.input[0] = input;
      node.input[1] = weights;
      node.attribute = [...attributes];
      return;
    }
    const value = names.values[index]!;
    const made = makeNode({
      op: 'Conv',
      name: names.nodes[index]!,
      inputs: [input, weights],
      outputs: [value],
    });
    made.attribute = [...attributes];
    before.push(made);
    input = value;
  });
  insertBefore(graph, node, before);
}

function convolutionParts(node: NodeMessage, { view, weight }: WeightLayer, factors: LayerFactors): Part[] {
  const { outputs, channels } = view;
  const kernel = weight.dims.slice(2);
  const [rank, outer] = factors.ranks as [number, number];
  const [first, second, third] = factors.matrices as [Float64Array, Float64Array, Float64Array];
  const ones = kernel.map(() => 1);
  const own = windowAttributes(node, kernel);
  const single = windowOf(kernel, () => ({ kernel: 1, stride: 1, dilation: 1, pads: [0, 0] }));
  if (factors.form === 'channel')
    return [
      { dims: [rank, channels, ...kernel], values: first, attributes: own },
      { dims: [outputs, rank, ...ones], values: second, attributes: single },
    ];
  if (factors.form === 'tucker')
    return [
      { dims: [rank, channels, ...ones], values: first, attributes: single },
      { dims: [outer, rank, ...kernel], values: second, attributes: own },
      { dims: [outputs, outer, ...ones], values: third, attributes: single },
    ];
  return [
    { dims: [rank, channels, kernel[0]!, 1], values: first, attributes: alongAxis(node, kernel, 0) },
    { dims: [outputs, rank, 1, kernel[1]!], values: second, attributes: alongAxis(node, kernel, 1) },
  ];
}

/** The attributes of a convolution, with its kernel said. */
function windowAttributes(node: NodeMessage, kernel: readonly number[]): AttributeMessage[] {
  const others = node.attribute.filter(({ name }) => name !== 'kernel_shape');
  return [...others, intsAttribute('kernel_shape', kernel)];
}

/** Its attributes along one axis; along the other it looks at one element. Automatic padding stays automatic. */
function alongAxis(node: NodeMessage, kernel: readonly number[], axis: number): AttributeMessage[] {
  const strides = intsOf(node, 'strides', [1, 1]);
  const dilations = intsOf(node, 'dilations', [1, 1]);
  const pads = intsOf(node, 'pads', [0, 0, 0, 0]);
  const automatic = attributeOf(node, 'auto_pad');
  const mode = automatic?.s === undefined ? 'NOTSET' : new TextDecoder().decode(automatic.s);
  const attributes = windowOf(kernel, (one) =>
    one === axis
      ? {
          kernel: kernel[one]!,
          stride: strides[one]!,
          dilation: dilations[one]!,
          pads: [pads[one]!, pads[one + 2]!],
        }
      : { kernel: 1, stride: 1, dilation: 1, pads: [0, 0] },
  );
  if (mode === 'NOTSET') return attributes;
  return [...attributes.filter(({ name }) => name !== 'pads'), automatic!];
}

interface AxisWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pads: readonly [number, number];
}

function windowOf(kernel: readonly number[], axisOf: (axis: number) => AxisWindow): AttributeMessage[] {
  const axes = kernel.map((_, axis) => axisOf(axis));
  return [
    intsAttribute(
      'kernel_shape',
      axes.map((axis) => axis.kernel),
    ),
    intsAttribute(
      'strides',
      axes.map(({ stride }) => stride),
    ),
    intsAttribute(
      'dilations',
      axes.map(({ dilation }) => dilation),
    ),
    intsAttribute('pads', [...axes.map(({ pads }) => pads[0]), ...axes.map(({ pads }) => pads[1])]),
  ];
}

const INTS = 7;

function intsAttribute(name: string, values: readonly number[]): AttributeMessage {
  return { name, type: INTS, ints: values.map(BigInt), floats: [], graphs: [] };
}

function intsOf(node: NodeMessage, name: string, absent: readonly number[]): readonly number[] {
  const ints = attributeOf(node, name)?.ints;
  return ints === undefined || ints.length === 0 ? absent : ints.map(Number);
}

function namesOf(graph: GraphMessage, { weight }: WeightLayer, node: NodeMessage) {
  const names = new UniqueNames(graph);
  const parts = ['first', 'second', 'third'];
  return {
    weights: parts.map((part) => names.make(`${weight.name ?? 'weight'}_${part}`)),
    nodes: parts.map((part) => names.make(`${nodeLabel(node)}_${part}`)),
    values: parts.map((part) => names.make(`${node.output[0]!}_${part}_out`)),
  };
}

function addWeights(
  graph: GraphMessage,
  name: string,
  dims: readonly number[],
  values: Float64Array,
): string {
  graph.initializer.push(makeTensor(name, 'FLOAT', dims, Float32Array.from(values)));
  return name;
}

function insertBefore(graph: GraphMessage, node: NodeMessage, added: readonly NodeMessage[]): void {
  graph.node.splice(graph.node.indexOf(node), 0, ...added);
}
