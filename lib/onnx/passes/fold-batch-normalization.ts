// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../graph/graph-scope';
import { allGraphs, attributeOf, intAttribute, isStandard, UniqueNames } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { makeTensor, readFloats } from '../graph/tensor-values';

const FLOAT = 1;
const DEFAULT_EPSILON = 1e-5;

/**
 * Computes a BatchNormalization into the weights of the convolution before it, which is exact up to rounding:
 * `w' = w s` and `b' = (b - mean) s + beta` with `s = gamma / sqrt(variance + epsilon)` per output channel. Weights then
 * have the range that they have at run time, and nothing has to change type between the two.
 *
 * Left alone: normalisations for training, of anything but a Conv or an ungrouped ConvTranspose, with parameters that
 * are no FLOAT constants, and after a convolution that others read too; the graphs inside nodes.
 *
 * @returns how many were folded
 */
export function foldBatchNormalization(graph: GraphMessage): number {
  const scope = new GraphScope(graph);
  const names = new UniqueNames(graph);
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const readers = countReaders(graph);
  const folded = new Set<NodeMessage>();
  for (const node of graph.node) {
    const convolution = producers.get(node.input[0] ?? '');
    const parts = convolution && findParts(node, convolution, scope);
    if (parts === undefined || readers.get(node.input[0]!) !== 1) continue;
    const { weight, bias } = foldParts(parts);
    weight.name = names.make(`${weight.name!}_folded`);
    bias.name = names.make(`${weight.name}_bias`);
    graph.initializer.push(weight, bias);
    convolution!.input = [convolution!.input[0]!, weight.name, bias.name];
    convolution!.output = [node.output[0]!];
    folded.add(node);
  }
  graph.node = graph.node.filter((node) => !folded.has(node));
  if (folded.size > 0) removeUnread(graph, scope);
  return folded.size;
}

interface Parts {
  readonly weight: TensorMessage;
  /** Axis of the output channels. */
  readonly axis: 0 | 1;
  readonly bias: TensorMessage | undefined;
  /** gamma, beta, mean, variance. */
  readonly parameters: readonly TensorMessage[];
  readonly epsilon: number;
}

function findParts(node: NodeMessage, convolution: NodeMessage, scope: GraphScope): Parts | undefined {
  const isTransposed = convolution.opType === 'ConvTranspose';
  const isFoldable =
    node.opType === 'BatchNormalization' &&
    [node, convolution].every(isStandard) &&
    node.output.length === 1 &&
    intAttribute(node, 'training_mode', 0) === 0 &&
    (convolution.opType === 'Conv' || (isTransposed && intAttribute(convolution, 'group', 1) === 1));
  if (!isFoldable) return undefined;
  const constant = (name: string | undefined) => {
    const tensor = scope.constants.get(name ?? '');
    return tensor?.dataType === FLOAT ? tensor : undefined;
  };
  const weight = constant(convolution.input[1]);
  const biasName = convolution.input[2] ?? '';
  const bias = constant(biasName);
  const parameters = node.input.slice(1, 5).flatMap((name) => constant(name) ?? []);
  if (weight === undefined || parameters.length !== 4 || (biasName !== '' && bias === undefined))
    return undefined;
  const epsilon = attributeOf(node, 'epsilon')?.f ?? DEFAULT_EPSILON;
  return { weight, axis: isTransposed ? 1 : 0, bias, parameters, epsilon };
}

function foldParts({ weight, axis, bias, parameters, epsilon }: Parts): {
  weight: TensorMessage;
  bias: TensorMessage;
} {
  const [gamma, beta, mean, variance] = parameters.map(readFloats) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const scales = Float64Array.from(
    gamma,
    (value, channel) => value / Math.sqrt(variance[channel]! + epsilon),
  );
  const inner = weight.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const weights = readFloats(weight).map(
    (value, index) => value * scales[Math.floor(index / inner) % scales.length]!,
  );
  const old = bias && readFloats(bias);
  const biases = Float32Array.from(scales, (scale, channel) => {
    return ((old?.[channel] ?? 0) - mean[channel]!) * scale + beta[channel]!;
  });
  return {
    weight: makeTensor(weight.name ?? '', 'FLOAT', weight.dims, weights),
    bias: makeTensor('', 'FLOAT', [biases.length], biases),
  };
}

function countReaders(graph: GraphMessage): Map<string, number> {
  const readers = new Map<string, number>();
  for (const { node, output } of allGraphs(graph)) {
    const names = [...node.flatMap(({ input }) => input), ...output.map(({ name }) => name)];
    for (const name of names) readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  return readers;
}

/** Drops constants that nobody reads any more, and what is declared of values that are gone. */
function removeUnread(graph: GraphMessage, { constants }: GraphScope): void {
  const readers = countReaders(graph);
  const made = new Set(graph.node.flatMap(({ output }) => output));
  graph.initializer = graph.initializer.filter(({ name = '' }) => readers.has(name) || !constants.has(name));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => made.has(name));
}
