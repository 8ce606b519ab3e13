// SPDX-License-Identifier: Apache-2.0
// Layers with constant weights, seen as matrices: what pruning, factorisation and reconstruction work on.
//
//   prepareLayers(model)         prepare-layers.ts the form in which most layers are found
//   findLayers(graph)            weight-layer.ts   the layers of a graph, and why others are none
//   readMatrix, writeMatrix      layer-matrix.ts   weights as [outputs][inputs], group by group
//   biasOf, writeBias            layer-bias.ts     what a layer adds to each output
//   LayerSamples                 layer-samples.ts  rows of inputs and of outputs of one run, as least squares needs them
//   layerLevels                  layer-order.ts    which layers come before which
//   bandsOf                      layer-bands.ts    parts of a layer that is too large to be treated at once
//
// A layer computes y = W x for each sample: W is [outputs][inputs], and inputs are channels times taps, the elements of
// a kernel, with the taps of a channel side by side. A convolution in groups has a matrix for each group.

import { GraphScope } from '../../onnx/graph/graph-scope';
import { allGraphs, attributeOf, intAttribute, isStandard, nodeLabel } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { elementsOf } from '../../onnx/graph/tensor-values';
import { ValueUses } from '../../onnx/graph/value-uses';
import type { KeptNode } from '../../onnx/passes/cast-values';
import { isWeighted, reductionAxis } from './weighted-operators';

/** How weights form a matrix for each group. Steps are in elements of the tensor. */
export interface MatrixView {
  readonly groups: number;
  /** Rows of the matrix of one group. */
  readonly outputs: number;
  /** Channels that are summed for one output. */
  readonly channels: number;
  /** Elements of the kernel; 1 for products of matrices. */
  readonly taps: number;
  readonly groupStep: number;
  readonly outputStep: number;
  readonly channelStep: number;
  readonly tapStep: number;
  /** There where the view shows some channels of each group only: see `layer-bands.ts`. */
  readonly band?: ChannelBand;
}

/** Which channels of each group a view shows. */
export interface ChannelBand {
  readonly first: number;
  /** How many the group has. */
  readonly of: number;
}

/** A node that reads the weights of a layer. */
export interface LayerUse {
  readonly node: NodeMessage;
  /** Position of the weights among the inputs of the node. */
  readonly weightIndex: number;
  /** The tensor that the weights are multiplied with. */
  readonly input: string;
  /** What the node makes, with its bias if it has one itself. */
  readonly output: string;
}

/** Constant weights and the nodes that read them: nobody else does. */
export interface WeightLayer {
  /** Label of the first node. */
  readonly label: string;
  /** Its operator. */
  readonly op: string;
  /** The weights as they were when the layer was found. */
  readonly weight: TensorMessage;
  readonly view: MatrixView;
  /** At least one; several share the weights. */
  readonly uses: readonly LayerUse[];
}

/** Layers in the order of the graph, and what is left alone. */
export interface FoundLayers {
  readonly layers: readonly WeightLayer[];
  readonly kept: readonly KeptNode[];
}

const FLOAT = 1;
/** Other operators with weights, which have no matrix of this form. */
const OTHER_WEIGHTS = /^(LSTM|GRU|RNN|Einsum|DeformConv|Gather|Attention|MultiHeadAttention|Scan)$/;

/** Values that a row sums. */
export function inputsOf({ channels, taps }: MatrixView): number {
  return channels * taps;
}

/**
 * Finds the layers of the main graph; it is expected to be prepared by `prepareLayers`:
 *
 * 1. Conv of any rank, in groups too; ConvTranspose;
 * 2. Gemm and MatMul with constant weights on either side;
 * 3. weights that several such nodes read in the same way: one layer.
 *
 * Left alone, each with its reason: weights that are computed, given by callers, not FLOAT, empty, or vectors; products
 * with a matrix for each sample of the batch; weights that others read too, e.g. tied embeddings; nodes inside bodies of
 * If, Loop and Scan; operators that are none of these.
 */
export function findLayers(graph: GraphMessage): FoundLayers {
  const scope = new GraphScope(graph);
  const uses = new ValueUses(graph);
  const found = new Map<string, { weight: TensorMessage; view: MatrixView; uses: LayerUse[] }>();
  const kept: KeptNode[] = [];
  const keep = (node: NodeMessage, reason: string) =>
    kept.push({ node: nodeLabel(node), op: node.opType, reason });
  for (const node of graph.node) {
    const judged = judge(node, scope);
    if (judged === undefined) continue;
    if (typeof judged === 'string') {
      keep(node, judged);
      continue;
    }
    const name = judged.weight.name!;
    const known = found.get(name);
    if (known === undefined) {
      found.set(name, { weight: judged.weight, view: judged.view, uses: [judged.use] });
    } else if (isSameView(known.view, judged.view)) known.uses.push(judged.use);
    else keep(node, `its weights "${name}" are read in another way by "${nodeLabel(known.uses[0]!.node)}"`);
  }
  const layers: WeightLayer[] = [];
  for (const [name, layer] of found) {
    const others = uses.reads(name) - layer.uses.length;
    if (others === 0)
      layers.push({ ...layer, label: nodeLabel(layer.uses[0]!.node), op: layer.uses[0]!.node.opType });
    else
      for (const { node } of layer.uses)
        keep(node, `its weights "${name}" are read by others too${firstOther(name, layer.uses, uses)}`);
  }
  return { layers, kept: [...kept, ...innerNodes(graph)] };
}

function firstOther(name: string, own: readonly LayerUse[], uses: ValueUses): string {
  const other = uses.readers(name).find((node) => own.every((use) => use.node !== node));
  return other === undefined ? '' : `: ${other.opType} "${nodeLabel(other)}"`;
}

interface Judged {
  readonly weight: TensorMessage;
  readonly view: MatrixView;
  readonly use: LayerUse;
}

/** The layer of a node, why it is none, or undefined for an operator without weights. */
function judge(node: NodeMessage, scope: GraphScope): Judged | string | undefined {
  if (!isWeighted(node))
    return hasOtherWeights(node, scope) ? `the weights of ${node.opType} form no matrix here` : undefined;
  const isConvolution = node.opType.startsWith('Conv');
  const positions = isConvolution ? [1] : [1, 0];
  const weightIndex = positions.find((index) => scope.constants.has(node.input[index] ?? ''));
  if (weightIndex === undefined)
    return isConvolution ? 'its weights are not a constant' : 'neither of its inputs is a constant';
  const weight = scope.constants.get(node.input[weightIndex]!)!;
  const input = node.input[1 - weightIndex] ?? '';
  if (weight.dataType !== FLOAT) return 'its weights are not FLOAT';
  if (scope.constantOf(input) !== undefined) return 'both of its inputs are constants';
  const view = matrixView(node, weight, weightIndex);
  if (typeof view === 'string') return view;
  const alpha = attributeOf(node, 'alpha')?.f ?? 1;
  if (node.opType === 'Gemm' && alpha !== 1) return `its product is multiplied by alpha = ${alpha}`;
  return { weight, view, use: { node, weightIndex, input, output: node.output[0]! } };
}

/** True for operators with weights that are none of the four, custom ones among them. */
export function hasOtherWeights(node: NodeMessage, scope: GraphScope): boolean {
  if (isStandard(node) && !OTHER_WEIGHTS.test(node.opType)) return false;
  return node.input.some((name) => {
    const tensor = scope.constants.get(name);
    return tensor?.dataType === FLOAT && tensor.dims.length >= 2;
  });
}

/** How the weights of a node form matrices, or the reason why they do not. */
export function matrixView(
  node: NodeMessage,
  weight: TensorMessage,
  weightIndex: number,
): MatrixView | string {
  const { dims } = weight;
  if (elementsOf(weight) === 0) return `its weights are empty: [${dims.join(', ')}]`;
  return node.opType.startsWith('Conv')
    ? convolutionView(node, dims)
    : productView(node, weight, weightIndex);
}

function convolutionView(node: NodeMessage, dims: readonly number[]): MatrixView | string {
  const groups = intAttribute(node, 'group', 1);
  const taps = dims.slice(2).reduce((product, dim) => product * dim, 1);
  const [first = 1, second = 1] = dims;
  if (dims.length < 3) return `its weights are [${dims.join(', ')}]: a kernel has one dimension or more`;
  if (first % groups !== 0) return `its ${first} channels do not divide into ${groups} groups`;
  const perGroup = (first / groups) * second * taps;
  if (node.opType === 'Conv')
    return {
      groups,
      outputs: first / groups,
      channels: second,
      taps,
      groupStep: perGroup,
      outputStep: second * taps,
      channelStep: taps,
      tapStep: 1,
    };
  // Of a transposed convolution the first axis are the inputs.
  return {
    groups,
    outputs: second,
    channels: first / groups,
    taps,
    groupStep: perGroup,
    outputStep: taps,
    channelStep: second * taps,
    tapStep: 1,
  };
}

function productView(node: NodeMessage, weight: TensorMessage, weightIndex: number): MatrixView | string {
  const { dims } = weight;
  const shown = `its weights are [${dims.join(', ')}]`;
  if (dims.length < 2) return `${shown}: a vector`;
  if (dims.slice(0, -2).some((dim) => dim !== 1)) return `${shown}: a matrix for each sample of the batch`;
  const reduced = reductionAxis(node, weight, weightIndex);
  const isRowMajor = reduced === dims.length - 1;
  const [channels, outputs] = [dims[reduced]!, dims[isRowMajor ? reduced - 1 : reduced + 1]!];
  const steps = isRowMajor
    ? { outputStep: channels, channelStep: 1 }
    : { outputStep: 1, channelStep: outputs };
  return { groups: 1, outputs, channels, taps: 1, groupStep: channels * outputs, tapStep: 1, ...steps };
}

function isSameView(a: MatrixView, b: MatrixView): boolean {
  return (Object.keys(a) as (keyof MatrixView)[]).every((key) => a[key] === b[key]);
}

/** Weighted nodes inside bodies, which are left alone. */
export function innerNodes(graph: GraphMessage): KeptNode[] {
  const [, ...inner] = allGraphs(graph);
  return inner
    .flatMap(({ node }) => node)
    .filter(isWeighted)
    .map((node) => ({
      node: nodeLabel(node),
      op: node.opType,
      reason: 'it is inside the body of a control flow node',
    }));
}
