// SPDX-License-Identifier: Apache-2.0
// Ranges of channels that differ ruin INT8: a tensor has one scale, and what is small beside its largest channel is
// rounded away. Dividing channels where they are made and multiplying the weights that read them changes nothing in
// floating point and makes the ranges alike.

import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { expandConstants } from '../../onnx/passes/expand-constants';
import { analyzeChannels, type ChannelAnalysis, type WeightedReader } from './channel-analysis';
import { ChannelSizes, normalizeScales, spread } from './choose-scales';
import { reportOf, type ChannelMaxima, type EqualizedPlace, type EqualizeReport } from './equalize-report';
import { insertMultiplications } from './insert-multiplications';
import { OPERATOR_RULES } from './operator-rules';
import { scaleParameters } from './scale-parameters';

/** How to equalise. */
export interface EqualizeOptions {
  /** How much of the differences goes from activations into weights, 0 to 1. Default 0.5. */
  readonly exponent?: number;
  /** Inserts multiplications where nothing before a tensor can take the factors up. Default true. */
  readonly explicit?: boolean;
  /** Operators that will compute on quantised values; only they are of interest. Default: all with weights. */
  readonly isQuantized?: (node: NodeMessage) => boolean;
}

/**
 * The tensors whose channel maxima `equalizeModel` needs: what operators with constant weights read. Constants become
 * initializers.
 *
 * @returns the axis of the channels of each: 1 for convolutions, -1 for products
 */
export function listEqualizationTensors(model: OnnxModel): Map<string, 1 | -1> {
  expandConstants(model.graph);
  const { readers } = analyzeChannels(model, OPERATOR_RULES);
  return new Map(readers.map(({ tensor, node }) => [tensor, node.opType.startsWith('Conv') ? 1 : -1]));
}

/**
 * Makes the ranges of channels alike, without a change of what the model computes in floating point but for rounding.
 * Each channel c of a tensor X is divided by `s_c = max|X_c|^a / |W_c|^(1 - a)`, by whatever takes it up first:
 *
 * 1. weights and biases of all that make X, or a tensor tied to it by additions, ReLUs, pools, concatenations and the
 *    like, if all of them and all readers can be scaled; attention's values are made by their projection;
 * 2. gamma and beta of a normalisation that only operators with weights read;
 * 3. else a multiplication in front of the quantised readers, if the factors differ by more than 4 times.
 *
 * Left alone: what callers see (inputs and outputs), channels that were always zero, weights that several nodes read,
 * what passes an operator that is not homogeneous, graphs inside nodes. Doing it twice changes next to nothing.
 *
 * Normalisations are to be folded and shared weights to be split before, as `simplifyModel` does. The model is changed
 * in place; weights are replaced, not written into.
 *
 * @param maxima - Of the tensors that `listEqualizationTensors` names; others are left alone.
 */
export function equalizeModel(
  model: OnnxModel,
  maxima: ChannelMaxima,
  { exponent = 0.5, explicit = true, isQuantized = () => true }: EqualizeOptions = {},
): EqualizeReport {
  expandConstants(model.graph);
  const analysis = analyzeChannels(model, OPERATOR_RULES);
  const readers = analysis.readers.filter(
    ({ tensor, node }) => maxima.get(tensor)?.length === analysis.map.of(tensor)!.count && isQuantized(node),
  );
  const scales = chooseSharedScales(analysis, readers, { maxima, exponent });
  scaleParameters(model.graph, analysis, scales);
  const now = divideMaxima(analysis, maxima, scales);
  const places = describePlaces(analysis, readers, { before: maxima, now });
  const inserted = explicit ? insertMultiplications(model, { analysis, readers, maxima: now, exponent }) : [];
  return reportOf([
    ...places.filter(({ tensor }) => inserted.every((one) => one.tensor !== tensor)),
    ...inserted,
  ]);
}

interface ScaleRequest {
  readonly maxima: ChannelMaxima;
  readonly exponent: number;
}

/** The scale of every channel of the analysis; 1 for those that cannot be scaled. */
function chooseSharedScales(
  { map, scope }: ChannelAnalysis,
  readers: readonly WeightedReader[],
  { maxima, exponent }: ScaleRequest,
): Float64Array {
  const sizes = new ChannelSizes(map.size);
  const free = readers.filter(({ tensor }) => !map.isWhollyBlocked(tensor));
  for (const { tensor, weight, grid } of free) {
    const { base, count } = map.of(tensor)!;
    const groups = Int32Array.from({ length: count }, (_, channel) => map.find(base + channel));
    sizes.add(maxima.get(tensor)!, groups, { weight: scope.constants.get(weight)!, grid });
  }
  const scales = new Float64Array(map.size).fill(1);
  for (const groups of map.components(free.map(({ tensor }) => tensor))) {
    const raw = groups.map((group) => (map.isBlocked(group) ? undefined : sizes.scaleOf(group, exponent)));
    normalizeScales(raw).forEach((scale, index) => (scales[groups[index]!] = scale));
  }
  return scales.map((_, channel) => scales[map.find(channel)]!);
}

function divideMaxima({ map }: ChannelAnalysis, maxima: ChannelMaxima, scales: Float64Array): ChannelMaxima {
  const divided = [...maxima].map(([tensor, values]) => {
    const base = map.of(tensor)?.base;
    const now = base === undefined ? values : values.map((value, channel) => value / scales[base + channel]!);
    return [tensor, now] as const;
  });
  return new Map(divided);
}

function describePlaces(
  { map, normalized }: ChannelAnalysis,
  readers: readonly WeightedReader[],
  { before, now }: { before: ChannelMaxima; now: ChannelMaxima },
): EqualizedPlace[] {
  const tensors = [...new Set(readers.map(({ tensor }) => tensor))].filter(
    (name) => !map.isWhollyBlocked(name),
  );
  return tensors.map((tensor) => ({
    tensor,
    readers: readers.filter((one) => one.tensor === tensor).map(({ node }) => nodeLabel(node)),
    channels: map.of(tensor)!.count,
    by: normalized.has(tensor) ? 'normalization' : 'weights',
    spreadBefore: spread(before.get(tensor)!),
    spreadAfter: spread(now.get(tensor)!),
  }));
}
