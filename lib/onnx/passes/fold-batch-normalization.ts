// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../graph/graph-scope';
import { nodeLabel, UniqueNames } from '../graph/graph-walk';
import { makeNode } from '../graph/make-node';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import { makeTensor } from '../graph/tensor-values';
import { ValueUses } from '../graph/value-uses';
import { arithmeticAffine, composeAffine, normalizationAffine, type ChannelAffine } from './channel-affine';
import { removeDeadNodes } from './remove-dead-nodes';
import { declaredDims, type DimsOf } from './value-dims';
import { foldAffine, weightedChannels, type WeightedChannels } from './weighted-channels';

/**
 * Computes a BatchNormalization into the weights of the operator before it, which is exact up to rounding:
 * `w' = w s` and `b' = (b - mean) s + beta` with `s = gamma / sqrt(variance + epsilon)` per output channel. Weights then
 * have the range that they have at run time, and nothing has to change type between the two.
 *
 * 1. Conv and ConvTranspose, with groups too.
 * 2. Gemm, whose `beta` becomes 1.
 * 3. MatMul of a matrix where its result has two axes, as is or with an Add of a constant; the bias is an Add then.
 * 4. Any of them with Mul, Div, Add or Sub of a constant per channel between it and the normalisation.
 * 5. Such steps behind the normalisation as well, which older frameworks scale and shift with.
 * 6. The same in the graphs inside nodes.
 *
 * Left alone: normalisations for training; with parameters that are no FLOAT constants, or of which a scale would not be
 * finite; after an operator, or a step between, whose result others read too.
 *
 * @param dimsOf - Dims of the main graph's values, for case 3. Default: as declared.
 * @returns how many were folded
 */
export function foldBatchNormalization(graph: GraphMessage, dimsOf: DimsOf = declaredDims(graph)): number {
  let folded = 0;
  // A normalisation behind a folded one is behind an operator with weights now.
  for (let count = -1; count !== 0; folded += count)
    count = foldIn(new GraphScope(graph), dimsOf, new UniqueNames(graph));
  if (folded > 0) removeDeadNodes(graph);
  return folded;
}

interface Chain {
  readonly source: WeightedChannels;
  /** All that goes; the last of them makes the result. */
  readonly steps: readonly NodeMessage[];
  readonly affine: ChannelAffine;
}

function foldIn(scope: GraphScope, dimsOf: DimsOf, names: UniqueNames): number {
  const { graph } = scope;
  let count = 0;
  for (const [inner, innerScope] of scope.inner)
    count += foldIn(innerScope, declaredDims(inner, dimsOf), names);
  const uses = new ValueUses(graph);
  const gone = new Set<NodeMessage>();
  const added = new Map<NodeMessage, NodeMessage>();
  for (const node of graph.node) {
    const chain = node.opType === 'BatchNormalization' ? findChain(node, { scope, uses, dimsOf }) : undefined;
    if (chain === undefined) continue;
    for (const step of chain.steps) gone.add(step);
    const last = chain.steps.at(-1)!;
    const add = rewrite(chain, { scope, names, result: last.output[0]! });
    if (add !== undefined) added.set(last, add);
    count++;
  }
  graph.node = graph.node.flatMap((node) => added.get(node) ?? (gone.has(node) ? [] : node));
  return count;
}

interface Context {
  readonly scope: GraphScope;
  readonly uses: ValueUses;
  readonly dimsOf: DimsOf;
}

function findChain(normalization: NodeMessage, context: Context): Chain | undefined {
  const { scope, uses, dimsOf } = context;
  const steps: NodeMessage[] = [normalization];
  let value = normalization.input[0]!;
  for (;;) {
    const producer = uses.isInner(value) ? uses.producer(value) : undefined;
    if (producer === undefined) return undefined;
    const source = weightedChannels(producer, scope);
    if (source !== undefined) {
      const isOther = producer.opType === 'MatMul' && dimsOf(value)?.length !== 2;
      return isOther ? undefined : completeChain(source, steps, context);
    }
    const before = variableInput(producer, scope);
    if (before === undefined || !STEPS.includes(producer.opType)) return undefined;
    steps.unshift(producer);
    value = before;
  }
}

/** The chain with the steps behind it; undefined where what is before it is not one step per channel. */
function completeChain(
  source: WeightedChannels,
  steps: NodeMessage[],
  { scope, uses }: Context,
): Chain | undefined {
  let affine: ChannelAffine | undefined;
  for (const step of steps) {
    const next = affineOf(step, source, scope);
    if (next === undefined) return undefined;
    affine = affine === undefined ? next : composeAffine(affine, next);
  }
  for (let value = steps.at(-1)!.output[0]!; uses.isInner(value); value = steps.at(-1)!.output[0]!) {
    const reader = uses.readers(value)[0]!;
    const next = STEPS.includes(reader.opType) ? affineOf(reader, source, scope) : undefined;
    if (next === undefined) break;
    affine = composeAffine(affine!, next);
    steps.push(reader);
  }
  return { source, steps, affine: affine! };
}

const STEPS: readonly string[] = ['Mul', 'Div', 'Add', 'Sub'];

function variableInput(node: NodeMessage, scope: GraphScope): string | undefined {
  return node.input.find((name) => scope.constantOf(name) === undefined);
}

function affineOf(
  step: NodeMessage,
  { layout }: WeightedChannels,
  scope: GraphScope,
): ChannelAffine | undefined {
  if (!STEPS.includes(step.opType)) return normalizationAffine(step, scope, layout.channels);
  const value = variableInput(step, scope);
  return value === undefined ? undefined : arithmeticAffine(step, value, scope, layout);
}

/** @returns the Add that takes the place of the normalisation, for an operator without a bias */
function rewrite(
  { source, affine }: Chain,
  { scope, names, result }: { scope: GraphScope; names: UniqueNames; result: string },
): NodeMessage | undefined {
  const { node, weight } = source;
  const folded = foldAffine(source, affine);
  const weightName = names.make(`${weight.name ?? ''}_folded`);
  const biasName = names.make(`${weightName}_bias`);
  scope.graph.initializer.push(
    makeTensor(weightName, 'FLOAT', weight.dims, folded.weights),
    makeTensor(biasName, 'FLOAT', [folded.bias.length], folded.bias),
  );
  if (node.opType === 'MatMul') {
    node.input = [node.input[0]!, weightName];
    const name = names.make(`${nodeLabel(node)}_bias`);
    return makeNode({ op: 'Add', name, inputs: [node.output[0]!, biasName], outputs: [result] });
  }
  node.input = [node.input[0]!, weightName, biasName];
  node.output = [result];
  // The bias has it in itself.
  node.attribute = node.attribute.filter(({ name }) => name !== 'beta');
  return undefined;
}
