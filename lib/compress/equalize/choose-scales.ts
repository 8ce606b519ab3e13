// SPDX-License-Identifier: Apache-2.0
// How much each channel is divided by. Source: the migration of SmoothQuant (Xiao et al. 2023, section 4),
// `s = max|X|^a / |W|^(1 - a)`, with weights measured as shares of their outputs (see `weightShares`). Depth-wise weights
// have scales of their own, which leaves `s = max|X|` whatever the exponent: classical cross-layer equalisation.

import type { TensorMessage } from '../../onnx/graph/onnx-messages';
import { readFloats } from '../../onnx/graph/tensor-values';
import { weightShares } from './channel-grid';
import type { WeightedReader } from './channel-analysis';
import type { ChannelBlock } from './channel-map';

/** Factors beyond these are no good for anything but running out of FLOAT. */
const [SMALLEST, LARGEST] = [1e-4, 1e4];

/** Sizes of channels that are scaled together: of the values and of the weights that they meet. */
export class ChannelSizes {
  private readonly activations: Float64Array;
  private readonly weights: Float64Array;

  /** @param count - Number of channels or of groups of them. */
  constructor(count: number) {
    this.activations = new Float64Array(count);
    this.weights = new Float64Array(count);
  }

  /**
   * Adds a tensor and one of its readers.
   *
   * @param maxima - Largest absolute value of each channel.
   * @param groupOf - Group of each channel.
   */
  add(maxima: ArrayLike<number>, groupOf: ArrayLike<number>, { weight, grid }: ReaderWeight): void {
    // Tensors of one group may have sizes of their own: only the differences between their channels count.
    const mean = geometricMean(maxima);
    const sizes = Float64Array.from(maxima, (value) => value / mean);
    const shares = sharesOf(weight, grid, sizes);
    for (let channel = 0; channel < sizes.length; channel++) {
      const group = groupOf[channel]!;
      this.activations[group] = Math.max(this.activations[group]!, sizes[channel]!);
      this.weights[group] = Math.hypot(this.weights[group]!, shares[channel]!);
    }
  }

  /** The scale of a group before normalisation; undefined for one that is always zero or that no weight reads. */
  scaleOf(group: number, exponent: number): number | undefined {
    const [activation, weight] = [this.activations[group]!, this.weights[group]!];
    return activation > 0 && weight > 0 ? activation ** exponent / weight ** (1 - exponent) : undefined;
  }
}

interface KnownShares {
  readonly grid: string;
  readonly sizes: Float64Array;
  readonly shares: Float64Array;
}

/** The last answer for each weight in memory: all strengths of equalisation ask for the same. */
const known = new WeakMap<object, KnownShares>();

function sharesOf(weight: TensorMessage, grid: WeightedReader['grid'], sizes: Float64Array): Float64Array {
  const before = weight.rawData === undefined ? undefined : known.get(weight.rawData);
  const text = JSON.stringify(grid);
  const isSame = before?.grid === text && before.sizes.every((size, channel) => size === sizes[channel]);
  if (isSame && before.sizes.length === sizes.length) return before.shares;
  const shares = weightShares(readFloats(weight), grid, sizes);
  if (weight.rawData !== undefined) known.set(weight.rawData, { grid: text, sizes, shares });
  return shares;
}

/** The weight that reads a tensor. */
export interface ReaderWeight extends Pick<WeightedReader, 'grid'> {
  readonly weight: TensorMessage;
}

/** Scales around one: divided by their geometric mean, between 1e-4 and 1e4; 1 where there is none. */
export function normalizeScales(raw: readonly (number | undefined)[]): Float64Array {
  const mean = geometricMean(raw.map((value) => value ?? 0));
  return Float64Array.from(raw, (value) =>
    value === undefined ? 1 : Math.max(SMALLEST, Math.min(LARGEST, value / mean)),
  );
}

/** Numbers of the channels of a block from zero on. */
export function ownChannels({ count }: Pick<ChannelBlock, 'count'>): Int32Array {
  return Int32Array.from({ length: count }, (_, channel) => channel);
}

/** Of the values above zero; 1 where there is none. */
function geometricMean(values: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! > 0)) continue;
    sum += Math.log(values[i]!);
    count++;
  }
  return count === 0 ? 1 : Math.exp(sum / count);
}

/** Largest of the values above zero by the smallest; 1 where there are none. */
export function spread(values: ArrayLike<number>): number {
  let [smallest, largest] = [Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! > 0)) continue;
    smallest = Math.min(smallest, values[i]!);
    largest = Math.max(largest, values[i]!);
  }
  return largest === 0 ? 1 : largest / smallest;
}
