// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import { GraphScope } from '../graph/graph-scope';
import { nodeLabel, UniqueNames } from '../graph/graph-walk';
import { makeNode } from '../graph/make-node';
import type { NodeMessage, TensorMessage } from '../graph/onnx-messages';
import type { OnnxModel } from '../graph/onnx-model';
import { makeTensor } from '../graph/tensor-values';
import { findLayerNormalizations, type LayerNormalizationMatch } from './patterns/layer-normalizations';
import { PatternGraph } from './patterns/pattern-graph';
import { raiseOpset } from './raise-opset';
import { removeDeadNodes } from './remove-dead-nodes';
import { declaredDims, fixedDims, type DimsOf } from './value-dims';

/** How layer normalisations are fused. */
export interface FuseLayerNormalizationOptions {
  /** Raise an older opset to 17, the first with the operator, if there is something to fuse. Default false. */
  readonly raise?: boolean;
  /** Dims of the main graph's values. Default: as declared. */
  readonly dimsOf?: DimsOf;
}

const FIRST_OPSET = 17;

/**
 * Puts one LayerNormalization in the place of the nodes that compute it, which runtimes compute in FP32 inside whatever
 * type goes in, and which keeps squares and their means out of half precision.
 *
 * 1. What `findLayerNormalizations` finds of FLOAT values.
 * 2. Without a gamma: one of ones, where the normalised dims are known.
 * 3. A gamma or beta with leading dims of 1 loses them.
 * 4. The same in the graphs inside nodes.
 *
 * Left alone: models of an opset older than 17, unless they may be raised and can be.
 *
 * @returns how many were fused
 */
export function fuseLayerNormalization(
  model: OnnxModel,
  { raise = false, dimsOf = declaredDims(model.graph) }: FuseLayerNormalizationOptions = {},
): number {
  if (model.opset < FIRST_OPSET) {
    const isWorthIt = raise && decomposedIn(new GraphScope(model.graph), dimsOf) > 0;
    if (!isWorthIt || raiseOpset(model, FIRST_OPSET) !== undefined) return 0;
  }
  const fused = fuseIn(new GraphScope(model.graph), dimsOf, new UniqueNames(model.graph));
  if (fused > 0) removeDeadNodes(model.graph);
  return fused;
}

function decomposedIn(scope: GraphScope, dimsOf: DimsOf): number {
  const pattern = new PatternGraph(scope);
  let count = findLayerNormalizations(scope.graph, dimsOf, pattern).filter(({ isFused }) => !isFused).length;
  for (const [inner, innerScope] of scope.inner)
    count += decomposedIn(innerScope, declaredDims(inner, dimsOf));
  return count;
}

function fuseIn(scope: GraphScope, dimsOf: DimsOf, names: UniqueNames): number {
  const { graph } = scope;
  let count = 0;
  const replaced = new Map<NodeMessage, NodeMessage[]>();
  for (const [inner, innerScope] of scope.inner)
    count += fuseIn(innerScope, declaredDims(inner, dimsOf), names);
  const place = { scope, dimsOf, names };
  for (const match of findLayerNormalizations(graph, dimsOf, new PatternGraph(scope))) {
    const node = match.isFused ? undefined : fusedNode(match, place);
    if (node === undefined) continue;
    for (const one of match.nodes) replaced.set(one, one === match.nodes.at(-1) ? [node] : []);
    count++;
  }
  graph.node = graph.node.flatMap((node) => replaced.get(node) ?? node);
  return count;
}

interface Place {
  readonly scope: GraphScope;
  readonly dimsOf: DimsOf;
  readonly names: UniqueNames;
}

function fusedNode(match: LayerNormalizationMatch, place: Place): NodeMessage | undefined {
  const { input, output, axis, epsilon } = match;
  const { scope, dimsOf, names } = place;
  if (scope.typeOf(input) !== DATA_TYPE.FLOAT || !(epsilon > 0)) return undefined;
  const gammaTensor = match.gamma === undefined ? undefined : scope.constantOf(match.gamma);
  const dims = gammaTensor?.dims.slice(axis) ?? fixedDims(dimsOf(input)?.slice(axis));
  if (dims?.length !== -axis) return undefined;
  const gamma = gammaTensor === undefined ? addOnes(dims, place) : trimmed(gammaTensor, axis, place);
  const betaTensor = match.beta === undefined ? undefined : scope.constantOf(match.beta);
  const beta = betaTensor === undefined ? [] : [trimmed(betaTensor, axis, place)];
  const name = names.make(`${nodeLabel(match.nodes.at(-1)!)}_layer_normalization`);
  const node = makeNode({
    op: 'LayerNormalization',
    name,
    inputs: [input, gamma, ...beta],
    outputs: [output],
    ints: { axis },
  });
  node.attribute.push({ name: 'epsilon', type: 1, f: epsilon, floats: [], ints: [], graphs: [] });
  return node;
}

function addOnes(dims: readonly number[], { scope, names }: Place): string {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const name = names.make('layer_normalization_ones');
  scope.graph.initializer.push(makeTensor(name, 'FLOAT', dims, new Float32Array(count).fill(1)));
  return name;
}

function trimmed(tensor: TensorMessage, axis: number, { scope, names }: Place): string {
  if (tensor.dims.length === -axis) return tensor.name!;
  const name = names.make(`${tensor.name!}_trimmed`);
  scope.graph.initializer.push({ ...tensor, name, dims: tensor.dims.slice(axis) });
  return name;
}
