// SPDX-License-Identifier: Apache-2.0
// What the steps of a quantisation share.

import type { NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { castModel } from '../../onnx/passes/cast-model';
import type { TensorRanges } from '../calibrate/choose-ranges';
import { collectLargestValues, MOST_RANGE_RUNS } from '../calibrate/largest-values';
import { firstRuns } from '../calibrate/split-feeds';
import { throwIfAborted } from '../observe/stop-work';
import type { OutputJudge } from '../output-judge';
import type { QuantizationDecisions } from '../quantization-decisions';
import type { QuantizeOptions } from '../quantize-options';
import type { QuantizeModelOptions, QuantizeReport } from '../quantize/quantize-model';
import { quantizeModel } from '../quantize/quantize-model';
import type { FeedSource, Runner } from '../runner';

/** Data, split into what ranges come from and what choices are measured on. */
export interface WorkData<Feeds> {
  readonly all: FeedSource<Feeds>;
  readonly fit: FeedSource<Feeds>;
  readonly shared: boolean;
  readonly runner: Runner<Feeds>;
  readonly judge: OutputJudge<Feeds>;
}

/** One quantisation under way. */
export interface QuantizationWork<Feeds> {
  readonly options: QuantizeOptions<Feeds>;
  /** The source as it came. */
  readonly source: OnnxModel;
  readonly data: WorkData<Feeds>;
}

/** A quantised model and what was done to it. */
export interface Candidate {
  readonly model: OnnxModel;
  readonly report: QuantizeReport;
}

/** What a candidate differs in. */
export interface CandidateParts extends Pick<QuantizeModelOptions, 'rounded'> {
  readonly ranges?: TensorRanges;
  /** Nodes that stay float besides those that the caller excluded. */
  readonly keep?: Iterable<string>;
}

/** Quantises a copy of a prepared model; what is not quantised stays FP32. */
export function makeCandidate<Feeds>(
  base: OnnxModel,
  options: QuantizeOptions<Feeds>,
  { ranges, keep = [], rounded }: CandidateParts,
): Candidate {
  const model = base.clone();
  const { exclude } = options;
  const report = quantizeModel(model, {
    ...layerOptions(options),
    exclude: withNames(exclude, keep),
    ...(ranges === undefined ? {} : { ranges }),
    ...(rounded === undefined ? {} : { rounded }),
  });
  return { model, report };
}

/** The options that say what is quantised and how. */
export function layerOptions<Feeds>(options: QuantizeOptions<Feeds>): QuantizeModelOptions {
  const { type, weightOnly, blockSize, rounding, embeddings, attention, residual, exclude, smallLayers } =
    options;
  return {
    type,
    weightOnly,
    blockSize,
    // The other two need data and come as rounded weights.
    rounding: rounding === 'mse' ? 'mse' : 'nearest',
    embeddings,
    attention,
    residual,
    smallLayers: smallLayers === 'quantize',
    exclude,
  };
}

function withNames(exclude: NodeExclusion = {}, names: Iterable<string>): NodeExclusion {
  return { ...exclude, names: [...(exclude.names ?? []), ...names] };
}

/** Brings what is not quantised to the precision of the rest, in place; what is too large for FP16 stays FP32. */
export function castRest<Feeds>(
  model: OnnxModel,
  { rest = 'fp32' }: QuantizeOptions<Feeds>,
  largest: QuantizationDecisions['largest'] = {},
): void {
  if (rest !== 'fp32') castModel(model, { to: rest, largest });
}

/** Values beyond it leave little room in FP16, whose largest number is 65504; `castModel` draws the line above it. */
const LARGE = 4096;

/** What FP16 may be too narrow for, as far as the data tells; nothing where it does not compute the rest. */
export async function findLargest<Feeds>(
  model: OnnxModel,
  { options, data }: QuantizationWork<Feeds>,
): Promise<{ largest?: Record<string, number> }> {
  if (options.rest !== 'fp16') return {};
  nextStep(options, 'looking for values that FP16 does not hold');
  const { runner, all } = data;
  const found = await collectLargestValues(model, { feeds: firstRuns(all, MOST_RANGE_RUNS), runner });
  return { largest: Object.fromEntries(Object.entries(found).filter(([, value]) => value > LARGE)) };
}

/** Tells what is done next, and stops if that was asked for. */
export function nextStep<Feeds>({ onProgress, signal }: QuantizeOptions<Feeds>, step: string): void {
  throwIfAborted(signal);
  onProgress?.(step);
}
