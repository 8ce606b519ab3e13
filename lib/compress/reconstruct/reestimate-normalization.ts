// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import { intAttribute, isStandard, nodeLabel, UniqueNames } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import type { RunValues } from '../layers/layer-samples';
import type { ReconstructionData } from './gather-statistics';
import { visitPairs } from './paired-runs';

const FLOAT = 1;

/** BatchNormalization nodes of a graph with constant means and variances, in its order. */
export function findNormalizations(graph: GraphMessage): NodeMessage[] {
  const { constants } = new GraphScope(graph);
  return graph.node.filter(
    (node) =>
      node.opType === 'BatchNormalization' &&
      isStandard(node) &&
      intAttribute(node, 'training_mode', 0) === 0 &&
      [3, 4].every((index) => constants.get(node.input[index] ?? '')?.dataType === FLOAT),
  );
}

/**
 * Moves the running mean and variance of a BatchNormalization by what changed before it: `mean + (m' - m)` and
 * `variance v' / v`, with the mean and variance m, v of each channel on the data in the source and m', v' in the compressed
 * model. So they stay those of the training data where nothing changed, however few the data here are. A channel that is
 * constant in either model keeps its variance.
 *
 * @param node - Of the source.
 * @returns its label
 */
export async function reestimateNormalization<Feeds>(
  node: NodeMessage,
  data: ReconstructionData<Feeds>,
): Promise<string> {
  const tensors = [node.input[0]!];
  const [before, after] = [new ChannelMoments(), new ChannelMoments()];
  await visitPairs({ ...data, sourceTensors: tensors, compressedTensors: tensors }, (source, compressed) => {
    before.add(source.get(tensors[0]!)!);
    after.add(compressed.get(tensors[0]!)!);
    return Promise.resolve();
  });
  const { graph } = data.compressed;
  const own = graph.node.find(({ output }) => output[0] === node.output[0]);
  if (own !== undefined) move(graph, own, { before, after });
  return nodeLabel(node);
}

function move(
  graph: GraphMessage,
  node: NodeMessage,
  { before, after }: { before: ChannelMoments; after: ChannelMoments },
): void {
  const { constants } = new GraphScope(graph);
  const names = new UniqueNames(graph);
  const means = readFloats(constants.get(node.input[3]!)!);
  const variances = readFloats(constants.get(node.input[4]!)!);
  for (let channel = 0; channel < means.length; channel++) {
    const [was, is] = [before.of(channel), after.of(channel)];
    if (![was.mean, is.mean, was.variance, is.variance].every(Number.isFinite)) continue;
    means[channel]! += is.mean - was.mean;
    if (was.variance > 0 && is.variance > 0) variances[channel]! *= is.variance / was.variance;
  }
  for (const [index, values] of [means, variances].entries()) {
    const name = names.make(`${node.input[index + 3]!}_moved`);
    graph.initializer.push(makeTensor(name, 'FLOAT', [values.length], values));
    node.input[index + 3] = name;
  }
}

/** Mean and variance of each channel, axis 1. */
class ChannelMoments {
  private count = 0;
  private sums = new Float64Array(0);
  private squares = new Float64Array(0);

  add({ values, dims }: RunValues): void {
    const channels = dims[1] ?? 1;
    const inner = dims.slice(2).reduce((product, dim) => product * dim, 1);
    if (this.sums.length === 0)
      [this.sums, this.squares] = [new Float64Array(channels), new Float64Array(channels)];
    for (let at = 0, channel = 0; at < values.length; channel = (channel + 1) % channels) {
      for (const end = at + inner; at < end; at++) {
        this.sums[channel]! += values[at]!;
        this.squares[channel]! += values[at]! ** 2;
      }
    }
    this.count += values.length / channels;
  }

  of(channel: number): { mean: number; variance: number } {
    const mean = this.sums[channel]! / this.count;
    return { mean, variance: Math.max(0, this.squares[channel]! / this.count - mean ** 2) };
  }
}
