// SPDX-License-Identifier: Apache-2.0
// Where in a network the error of a quantised model comes from and how it goes on: what each layer makes, held against
// the same tensor of the source.

import { exposeTensors } from '../../onnx/extract/expose-tensors';
import { valueNames } from '../../onnx/extract/tensor-names';
import { isStandard, nodeLabel } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { asNumbers, SimilaritySums } from '../../tensor/similarity';
import { planPasses } from '../observe/observation-passes';
import { throwIfAborted } from '../observe/stop-work';
import { runModel } from '../run-model';
import type { FeedSource, Runner } from '../runner';
import { ChannelAligner } from './channel-aligner';

/** How far what a layer makes is from the source. */
export interface LayerError {
  /** Name of the node of the source. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** Its output. */
  readonly tensor: string;
  /** Signal-to-noise ratio in dB, errors of the layers before included; Infinity where nothing differs. */
  readonly sqnrDb: number;
  /** Cosine between the two. */
  readonly cosine: number;
  /** Largest absolute difference. */
  readonly largestError: number;
  /** True if its channels were equalised: they were brought back to the source's sizes before they were compared. */
  readonly rescaled: boolean;
}

/** A layer to look at. */
export interface LayerPair {
  /** Name of its node in the source. */
  readonly node: string;
  /** The operator of that node. */
  readonly op: string;
  /** Name of its output in both models. */
  readonly tensor: string;
  /** Axis of its channels. */
  readonly axis: 1 | -1;
}

/** Which models to compare, and on which data. */
export interface ProfileLayersOptions<Feeds> {
  /** The model as it was. */
  readonly source: OnnxModel;
  /** The model that was made of it. */
  readonly quantized: OnnxModel;
  /** Inputs to run both on. */
  readonly feeds: FeedSource<Feeds>;
  /** Runs models. */
  readonly runner: Runner<Feeds>;
  /** Default: `listLayerPairs(source, quantized)`. */
  readonly pairs?: readonly LayerPair[];
  /** Bytes of inner tensors of one model that one run may hand out. Default 128 MiB. */
  readonly passBytes?: number;
  /** Stops between two runs. */
  readonly signal?: AbortSignal;
}

const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** Operators with weights or of products in the quantised model whose outputs the source has under the same name. */
export function listLayerPairs(source: OnnxModel, quantized: OnnxModel): LayerPair[] {
  const known = new Set(valueNames(source));
  return quantized.graph.node
    .filter((node) => WEIGHTED.has(node.opType) && isStandard(node) && known.has(node.output[0]!))
    .map((node) => ({
      node: nodeLabel(node),
      op: node.opType,
      tensor: node.output[0]!,
      axis: node.opType.startsWith('Conv') ? 1 : -1,
    }));
}

/**
 * Runs both models side by side and compares what their layers make. Memory holds one run of each; tensors that are too
 * large to be handed out together take several passes through the data.
 *
 * @returns the layers in the order of the graph
 * @throws {TensorRTError} ERR_TRT_RUN_ABORTED; ERR_TRT_ARG_VALUE for tensors that a model does not have; what the runner
 * throws
 */
export async function profileLayers<Feeds>(options: ProfileLayersOptions<Feeds>): Promise<LayerError[]> {
  const { source, quantized, feeds, runner, passBytes = 128 * 2 ** 20 } = options;
  const pairs = options.pairs ?? listLayerPairs(source, quantized);
  const layers = new Map(
    pairs.map(({ tensor, axis }) => [
      tensor,
      { sums: new SimilaritySums(), aligner: new ChannelAligner(axis) },
    ]),
  );
  for (const tensors of await planPasses(source, { tensors: [...layers.keys()], feeds, runner, passBytes })) {
    await comparePass(tensors, layers, options);
  }
  return pairs.map(({ node, op, tensor }) => {
    const { sums, aligner } = layers.get(tensor)!;
    const { sqnrDb, cosine, largestDifference } = sums;
    return {
      node,
      op,
      tensor,
      sqnrDb,
      cosine,
      largestError: largestDifference,
      rescaled: aligner.isRescaled,
    };
  });
}

async function comparePass<Feeds>(
  tensors: readonly string[],
  layers: ReadonlyMap<string, { sums: SimilaritySums; aligner: ChannelAligner }>,
  { source, quantized, feeds, runner, signal }: ProfileLayersOptions<Feeds>,
): Promise<void> {
  const [one, other] = [exposeTensors(source, tensors), exposeTensors(quantized, tensors)];
  const others = runModel(other.model, feeds, runner)[Symbol.asyncIterator]();
  try {
    for await (const expected of runModel(one.model, feeds, runner)) {
      throwIfAborted(signal);
      const actual = await others.next();
      if (actual.done === true) return;
      for (const tensor of tensors) {
        const { data, dims } = expected[one.outputs.get(tensor)!]!;
        const [wanted, found] = [asNumbers(data), asNumbers(actual.value[other.outputs.get(tensor)!]!.data)];
        const { sums, aligner } = layers.get(tensor)!;
        sums.add(wanted, aligner.align(wanted, found, dims));
      }
    }
  } finally {
    await others.return?.();
  }
}
