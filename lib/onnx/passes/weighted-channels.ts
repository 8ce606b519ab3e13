// SPDX-License-Identifier: Apache-2.0
// Operators with constant weights, seen by the channels of their output.

import type { GraphScope } from '../graph/graph-scope';
import { attributeOf, intAttribute, isStandard } from '../graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { readFloats } from '../graph/tensor-values';
import { floatConstant, perChannel, type ChannelAffine, type ChannelLayout } from './channel-affine';

/** A Conv, ConvTranspose, Gemm or MatMul whose weights can be scaled per channel of the output. */
export interface WeightedChannels {
  readonly node: NodeMessage;
  readonly weight: TensorMessage;
  /** Of the output. */
  readonly layout: ChannelLayout;
  /** What it adds to each channel; zeros where it adds nothing. */
  readonly bias: Float64Array;
  /** Elements of the weights of one output channel that lie side by side. */
  readonly inner: number;
  /** Channels of a ConvTranspose follow each other group by group: weights of one group, 0 where there are none. */
  readonly groupElements: number;
}

/** The channels of a node's output; undefined where its weights or bias are no FLOAT constants. */
export function weightedChannels(node: NodeMessage, scope: GraphScope): WeightedChannels | undefined {
  if (!isStandard(node)) return undefined;
  const weight = floatConstant(scope, node.input[1]);
  const place = weight && placeOf(node, weight);
  if (weight === undefined || place === undefined) return undefined;
  const { axis, layout, groups } = place;
  const inner = weight.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const all = weight.dims.reduce((product, dim) => product * dim, 1);
  const bias = biasOf(node, scope, layout);
  return bias && { node, weight, layout, bias, inner, groupElements: groups > 1 ? all / groups : 0 };
}

interface Place {
  readonly axis: number;
  readonly layout: ChannelLayout;
  readonly groups: number;
}

function placeOf(node: NodeMessage, { dims }: TensorMessage): Place | undefined {
  const isMatrix = dims.length === 2;
  switch (node.opType) {
    case 'Conv':
      return { axis: 0, layout: { channels: dims[0] ?? 0, rank: dims.length }, groups: 1 };
    case 'ConvTranspose': {
      const groups = intAttribute(node, 'group', 1);
      return { axis: 1, layout: { channels: (dims[1] ?? 0) * groups, rank: dims.length }, groups };
    }
    case 'Gemm': {
      const axis = intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
      return isMatrix ? { axis, layout: { channels: dims[axis]!, rank: 2 }, groups: 1 } : undefined;
    }
    case 'MatMul':
      return isMatrix ? { axis: 1, layout: { channels: dims[1]!, rank: 2 }, groups: 1 } : undefined;
    default:
      return undefined;
  }
}

function biasOf(node: NodeMessage, scope: GraphScope, layout: ChannelLayout): Float64Array | undefined {
  const name = node.input[2] ?? '';
  if (name === '') return new Float64Array(layout.channels);
  const tensor = floatConstant(scope, name);
  if (node.opType !== 'Gemm') return tensor && Float64Array.from(readFloats(tensor));
  const beta = attributeOf(node, 'beta')?.f ?? 1;
  return tensor && perChannel(tensor, layout)?.map((value) => value * beta);
}

/** Weights and bias of an operator that does what it did, then the affine step; both in the order they had. */
export function foldAffine(
  { weight, layout, bias, inner, groupElements }: WeightedChannels,
  { scale, shift }: ChannelAffine,
): { weights: Float32Array; bias: Float32Array } {
  const weights = readFloats(weight);
  const groups = groupElements === 0 ? 1 : weights.length / groupElements;
  const inGroup = layout.channels / groups;
  let channel = 0;
  for (let start = 0; start < weights.length; start += inner) {
    const group = groupElements === 0 ? 0 : Math.floor(start / groupElements);
    const factor = scale[group * inGroup + channel]!;
    for (let i = start; i < start + inner; i++) weights[i]! *= factor;
    channel = (channel + 1) % inGroup;
  }
  return { weights, bias: Float32Array.from(bias, (value, index) => value * scale[index]! + shift[index]!) };
}
