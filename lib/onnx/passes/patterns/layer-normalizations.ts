// SPDX-License-Identifier: Apache-2.0
import { attributeOf, intAttribute, isStandard } from '../../graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../graph/onnx-messages';
import { declaredDims, type DimsOf } from '../value-dims';
import { PatternGraph } from './pattern-graph';

/** A layer normalisation, as one node or as the nodes it is made of. */
export interface LayerNormalizationMatch {
  /** In the order in which they compute. */
  readonly nodes: readonly NodeMessage[];
  readonly input: string;
  /** Names of constants; undefined where there is none. */
  readonly gamma: string | undefined;
  readonly beta: string | undefined;
  readonly output: string;
  /** The first normalised axis, from the end: -1 is the last alone. */
  readonly axis: number;
  readonly epsilon: number;
  /** True for the operator LayerNormalization. */
  readonly isFused: boolean;
}

/**
 * Finds layer normalisations in one graph, not in the graphs inside its nodes.
 *
 * 1. LayerNormalization nodes.
 * 2. `d = x - ReduceMean(x)`, `v = ReduceMean(d^2 or d d)`, then `d / Sqrt(v + epsilon)` or `d Reciprocal(Sqrt(...))`, over
 *    the last axes; with a Mul of a constant gamma and then an Add of a constant beta, of the normalised axes, behind it.
 *
 * Not found: means over other axes, or over axes of which it is not known that they are the last; values between that
 * others read too.
 *
 * @param dimsOf - For axes counted from the front. Default: as declared.
 */
export function findLayerNormalizations(
  graph: GraphMessage,
  dimsOf: DimsOf = declaredDims(graph),
  pattern = PatternGraph.of(graph),
): LayerNormalizationMatch[] {
  return graph.node.flatMap((node) => {
    if (!isStandard(node)) return [];
    if (node.opType === 'LayerNormalization') return [fused(node, dimsOf)];
    return node.opType === 'Sqrt' ? (decomposed(node, pattern, dimsOf) ?? []) : [];
  });
}

function fused(node: NodeMessage, dimsOf: DimsOf): LayerNormalizationMatch {
  const rank = dimsOf(node.input[0]!)?.length ?? 0;
  const axis = intAttribute(node, 'axis', -1);
  return {
    nodes: [node],
    input: node.input[0]!,
    gamma: node.input[1],
    beta: node.input[2] === '' ? undefined : node.input[2],
    output: node.output[0]!,
    axis: axis < 0 ? axis : axis - rank,
    epsilon: attributeOf(node, 'epsilon')?.f ?? 1e-5,
    isFused: true,
  };
}

interface Core {
  readonly nodes: readonly NodeMessage[];
  readonly input: string;
  /** The difference to the mean. */
  readonly centred: string;
  readonly epsilon: number;
  readonly axis: number;
}

function decomposed(
  root: NodeMessage,
  pattern: PatternGraph,
  dimsOf: DimsOf,
): LayerNormalizationMatch | undefined {
  const core = coreBefore(root, pattern, dimsOf);
  if (core === undefined) return undefined;
  const quotient = quotientBehind(root, core, pattern);
  if (quotient === undefined) return undefined;
  const nodes = [...core.nodes, root, ...quotient];
  let output = quotient.at(-1)!.output[0]!;
  const gamma = parameterBehind(output, 'Mul', core.axis, pattern);
  if (gamma !== undefined) nodes.push(gamma.node);
  output = nodes.at(-1)!.output[0]!;
  const beta = parameterBehind(output, 'Add', core.axis, pattern);
  if (beta !== undefined) nodes.push(beta.node);
  return {
    nodes,
    input: core.input,
    gamma: gamma?.name,
    beta: beta?.name,
    output: nodes.at(-1)!.output[0]!,
    axis: core.axis,
    epsilon: core.epsilon,
    isFused: false,
  };
}

/** The mean, the difference, the square, the variance and the sum with epsilon that a square root is taken of. */
function coreBefore(root: NodeMessage, pattern: PatternGraph, dimsOf: DimsOf): Core | undefined {
  const { uses } = pattern;
  const sum = pattern.scalarStep(pattern.producer(root.input[0], 'Add'));
  const variance = pattern.producer(sum?.value, 'ReduceMean');
  const square = pattern.producer(variance?.input[0], 'Pow', 'Mul');
  const centred = square?.input[0];
  const difference = pattern.producer(centred, 'Sub');
  const mean = pattern.producer(difference?.input[1], 'ReduceMean');
  const input = difference?.input[0];
  if (sum === undefined || mean === undefined || input === undefined || mean.input[0] !== input)
    return undefined;
  const isSquare =
    square!.opType === 'Pow' ? pattern.scalar(square!.input[1]) === 2 : square!.input[1] === centred;
  const inner = [mean, square!, variance!, sum.node].map(({ output }) => output[0]);
  if (!isSquare || !inner.every((name) => uses.isInner(name)) || uses.isOutput(centred)) return undefined;
  const axes = [mean, variance!].map((node) => lastAxis(node, dimsOf(input)?.length, pattern));
  if (axes[0] === undefined || axes[0] !== axes[1]) return undefined;
  const nodes = [mean, difference!, square!, variance!, sum.node];
  return { nodes, input, centred: centred!, epsilon: sum.scalar, axis: axes[0] };
}

/** The first of the axes from the end, if they are the last ones and stay. */
function lastAxis(node: NodeMessage, rank: number | undefined, pattern: PatternGraph): number | undefined {
  const axes = pattern.axesOf(node);
  if (axes === undefined || axes.length === 0 || intAttribute(node, 'keepdims', 1) !== 1) return undefined;
  if (rank === undefined && axes.some((axis) => axis >= 0)) return undefined;
  const fromEnd = axes.map((axis) => (axis < 0 ? axis : axis - rank!)).sort((a, b) => a - b);
  return fromEnd.every((axis, index) => axis === index - axes.length) ? fromEnd[0] : undefined;
}

/** The division by the root, or the product with its reciprocal; nobody else reads what goes in. */
function quotientBehind(
  root: NodeMessage,
  { centred, nodes }: Core,
  pattern: PatternGraph,
): NodeMessage[] | undefined {
  const { uses } = pattern;
  const square = nodes[2]!;
  const reciprocal = pattern.onlyReader(root.output[0], 'Reciprocal');
  const factor = (reciprocal ?? root).output[0]!;
  const last = pattern.onlyReader(factor, reciprocal === undefined ? 'Div' : 'Mul');
  if (last === undefined || !last.input.includes(centred)) return undefined;
  if (reciprocal === undefined && last.input[1] !== factor) return undefined;
  const squareReads = square.opType === 'Mul' ? 2 : 1;
  if (uses.reads(centred) !== squareReads + 1) return undefined;
  return reciprocal === undefined ? [last] : [reciprocal, last];
}

function parameterBehind(
  value: string,
  op: 'Mul' | 'Add',
  axis: number,
  pattern: PatternGraph,
): { node: NodeMessage; name: string } | undefined {
  const node = pattern.onlyReader(value, op);
  if (node?.input.length !== 2) return undefined;
  const name = node.input[0] === value ? node.input[1]! : node.input[0]!;
  const tensor = pattern.constant(name);
  return tensor !== undefined && isOfNormalizedAxes(tensor, axis) ? { node, name } : undefined;
}

function isOfNormalizedAxes({ dims }: TensorMessage, axis: number): boolean {
  const own = dims.slice(Math.max(0, dims.length + axis));
  return own.length === -axis && dims.slice(0, dims.length + axis).every((dim) => dim === 1);
}
