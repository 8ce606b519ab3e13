// SPDX-License-Identifier: Apache-2.0
// Rounding weights and cutting off activations shifts the mean of what an operator makes. Its bias can take that back.
// Source: Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.2,
// here with means over data.

import { valueNames } from '../../onnx/extract/tensor-names';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { removeDeadNodes } from '../../onnx/passes/remove-dead-nodes';
import { firstRuns } from '../calibrate/split-feeds';
import type { OutputJudge, OutputScore } from '../output-judge';
import type { FeedSource, Runner } from '../runner';
import { addToBias, findBiasSites, type BiasSite } from './bias-sites';
import { collectChannelMeans } from './channel-means';

/** What to hold a quantised model against, and on which data. */
export interface CorrectBiasesOptions<Feeds> {
  /** The model in floating point that was quantised: equalised, if it was. */
  readonly source: OnnxModel;
  readonly feeds: FeedSource<Feeds>;
  readonly runner: Runner<Feeds>;
  /** Means settle on few runs: the first so many are used. Default 16. */
  readonly runs?: number;
  readonly signal?: AbortSignal;
  /** Called before each pass through the data. */
  readonly onProgress?: (step: string) => void;
}

/** What was added to the bias of an operator. */
export interface BiasDelta {
  /** Label of the operator. */
  readonly node: string;
  /** One number per output channel. */
  readonly delta: readonly number[];
}

/**
 * Corrects biases by `mean(y_float - y_quantised)` per output channel, from front to back: each operator is measured
 * with those before it corrected already. It takes a pass through the data for each operator on the longest way through
 * the network. The quantised model is changed in place; it must not have been cast to FP16 yet.
 *
 * @returns what was added to which biases, for `applyBiasDeltas`
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION without data; ERR_TRT_RUN_ABORTED
 */
export async function correctBiases<Feeds>(
  quantized: OnnxModel,
  { source, feeds, runner, runs = 16, signal, onProgress }: CorrectBiasesOptions<Feeds>,
): Promise<BiasDelta[]> {
  const known = new Set(valueNames(source));
  const sites = findBiasSites(quantized.graph).filter(({ tensor }) => known.has(tensor));
  if (sites.length === 0) return [];
  const data = { feeds: firstRuns(feeds, runs), runner, ...(signal === undefined ? {} : { signal }) };
  onProgress?.('looking at the means of channels');
  const expected = await collectChannelMeans(source, axesOf(sites), data);
  const corrected: BiasDelta[] = [];
  const depths = [...new Set(sites.map(({ depth }) => depth))].sort((a, b) => a - b);
  for (const depth of depths) {
    onProgress?.(`correcting biases at depth ${depth} of ${depths.at(-1)!}`);
    const level = sites.filter((site) => site.depth === depth);
    const actual = await collectChannelMeans(quantized, axesOf(level), data);
    for (const site of level) {
      const delta = expected
        .get(site.tensor)!
        .map((mean, channel) => mean - actual.get(site.tensor)![channel]!);
      if (delta.every(Number.isFinite) && addToBias(quantized.graph, site, delta))
        corrected.push({ node: nodeLabel(site.node), delta: [...delta] });
    }
  }
  removeDeadNodes(quantized.graph);
  return corrected;
}

/**
 * Adds to biases what an earlier correction of the same quantised model found out; no data is needed. In place.
 *
 * @returns how many operators were found and corrected
 */
export function applyBiasDeltas(quantized: OnnxModel, deltas: readonly BiasDelta[]): number {
  const byNode = new Map(deltas.map(({ node, delta }) => [node, delta]));
  let count = 0;
  for (const site of findBiasSites(quantized.graph)) {
    const delta = byNode.get(nodeLabel(site.node));
    if (delta !== undefined && addToBias(quantized.graph, site, Float64Array.from(delta))) count++;
  }
  removeDeadNodes(quantized.graph);
  return count;
}

/** What correcting biases led to. */
export interface BiasCorrection {
  /** The model given, or a corrected copy of it. */
  readonly model: OnnxModel;
  readonly kept: boolean;
  /** Operators that were corrected, kept or not. */
  readonly corrected: readonly BiasDelta[];
  readonly before: OutputScore;
  readonly after: OutputScore;
}

/**
 * Corrects the biases of a copy and keeps it only if its outputs are nearer to the source's: it helps convolutional
 * networks and ruins some transformers.
 *
 * @throws {TensorRTError} what `correctBiases` throws
 */
export async function correctBiasesIfBetter<Feeds>({
  quantized,
  judge,
  ...options
}: CorrectBiasesOptions<Feeds> & {
  /** Not changed. */
  readonly quantized: OnnxModel;
  /** Best with data that the means are not taken from. */
  readonly judge: OutputJudge<Feeds>;
}): Promise<BiasCorrection> {
  const candidate = quantized.clone();
  const before = await judge.score(quantized);
  const corrected = await correctBiases(candidate, options);
  const after = corrected.length === 0 ? before : await judge.score(candidate);
  const kept = after.sqnrDb > before.sqnrDb;
  return { model: kept ? candidate : quantized, kept, corrected, before, after };
}

function axesOf(sites: readonly BiasSite[]): Map<string, 1 | -1> {
  return new Map(sites.map(({ tensor, axis }) => [tensor, axis]));
}
