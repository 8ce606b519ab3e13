// SPDX-License-Identifier: Apache-2.0
import { attributeOf, isStandard } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import type { GraphWriter } from './graph-writer';
import { unsupportedNode, type KnownDims } from './node-gradient';

/** Statistics of a normalisation that a run of training has found. */
export interface BatchStatistics {
  /** Names of the constants that an inference takes them from. */
  readonly mean: string;
  readonly variance: string;
  /** Values `[c]` of the batch. */
  readonly batchMean: string;
  readonly batchVariance: string;
  /** How much of the old value stays: `old * momentum + new * (1 - momentum)`. */
  readonly momentum: number;
}

/** A forward pass in which normalisations take the statistics of their batch. */
export interface TrainedForward {
  /** The nodes to differentiate: a normalisation is one of them, not the nodes that it became. */
  readonly tape: NodeMessage[];
  readonly kept: Map<NodeMessage, Readonly<Record<string, string>>>;
  readonly statistics: BatchStatistics[];
}

/** ONNX's default; frameworks write 1 - 0.1. */
const MOMENTUM = 0.9;

/**
 * Writes BatchNormalization nodes out with mean and variance of the batch, over the batch and all places. The variance is
 * that of the population, as ONNX has it in training mode.
 *
 * @see https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
 */
export function takeBatchStatistics(
  write: GraphWriter,
  dimsOf: (name: string) => KnownDims | undefined,
  isFrozen: (node: NodeMessage) => boolean = () => false,
): TrainedForward {
  const { graph } = write;
  const forward: TrainedForward = { tape: [...graph.node], kept: new Map(), statistics: [] };
  graph.node = [];
  for (const node of forward.tape) {
    const isTaken = isStandard(node) && node.opType === 'BatchNormalization' && !isFrozen(node);
    if (isTaken) writeOut(node, write, { dimsOf, forward });
    else graph.node.push(node);
  }
  return forward;
}

function writeOut(
  node: NodeMessage,
  write: GraphWriter,
  {
    dimsOf,
    forward,
  }: { readonly dimsOf: (name: string) => KnownDims | undefined; readonly forward: TrainedForward },
): void {
  const [x, scale, bias, mean, variance] = node.input as [string, string, string, string, string];
  const rank = dimsOf(x)?.length;
  if (rank === undefined) throw unsupportedNode(node, 'the number of dimensions of its input is not known');
  const spatial = Array.from({ length: Math.max(0, rank - 2) }, (_, axis) => axis + 1);
  const axes = write.ints([0, ...spatial.map((axis) => axis + 1)]);
  const wide = (name: string): string =>
    spatial.length === 0 ? name : write.node('Unsqueeze', [name, write.ints(spatial)]);
  const average = (name: string): string => write.node('ReduceMean', [name, axes], { keepdims: 1 });
  const flat = (name: string): string => write.node('Reshape', [name, write.ints([-1])]);
  const batchMean = average(x);
  const centred = write.node('Sub', [x, batchMean]);
  const batchVariance = average(write.node('Mul', [centred, centred]));
  const epsilon = write.float(attributeOf(node, 'epsilon')?.f ?? 1e-5);
  const inverse = write.node('Reciprocal', [
    write.node('Sqrt', [write.node('Add', [batchVariance, epsilon])]),
  ]);
  const normal = write.node('Mul', [centred, inverse]);
  const scaled = write.node('Mul', [normal, wide(scale)]);
  write.node('Add', [scaled, wide(bias)]);
  write.graph.node.at(-1)!.output = [node.output[0]!];
  forward.kept.set(node, { normal, inverse });
  forward.statistics.push({
    mean,
    variance,
    batchMean: flat(batchMean),
    batchVariance: flat(batchVariance),
    momentum: attributeOf(node, 'momentum')?.f ?? MOMENTUM,
  });
}
