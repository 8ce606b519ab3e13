// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import type { GraphScope } from '../graph/graph-scope';
import { attributeOf, intAttribute, isStandard } from '../graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../graph/onnx-messages';
import { elementsOf, readFloats } from '../graph/tensor-values';

const DEFAULT_EPSILON = 1e-5;

/** `y = x scale + shift`, one of each per channel. */
export interface ChannelAffine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** The channels of a value: axis 1 of `rank` axes. */
export interface ChannelLayout {
  readonly channels: number;
  readonly rank: number;
}

/** First `inner`, then `outer`. */
export function composeAffine(inner: ChannelAffine, outer: ChannelAffine): ChannelAffine {
  return {
    scale: inner.scale.map((value, channel) => value * outer.scale[channel]!),
    shift: inner.shift.map((value, channel) => value * outer.scale[channel]! + outer.shift[channel]!),
  };
}

/** A FLOAT constant, not replaceable by callers. */
export function floatConstant(scope: GraphScope, name: string | undefined): TensorMessage | undefined {
  const tensor = name === undefined || name === '' ? undefined : scope.constantOf(name);
  return tensor?.dataType === DATA_TYPE.FLOAT ? tensor : undefined;
}

/** A BatchNormalization for inference as what it does to each channel: `scale = gamma / sqrt(variance + epsilon)`. */
export function normalizationAffine(
  node: NodeMessage,
  scope: GraphScope,
  channels: number,
): ChannelAffine | undefined {
  const isForInference =
    node.opType === 'BatchNormalization' &&
    isStandard(node) &&
    node.output.filter((name) => name !== '').length === 1 &&
    intAttribute(node, 'training_mode', 0) === 0 &&
    intAttribute(node, 'spatial', 1) === 1;
  if (!isForInference) return undefined;
  const parameters = node.input.slice(1, 5).flatMap((name) => floatConstant(scope, name) ?? []);
  if (parameters.length !== 4 || parameters.some((one) => elementsOf(one) !== channels)) return undefined;
  const [gamma, beta, mean, variance] = parameters.map(readFloats);
  const epsilon = attributeOf(node, 'epsilon')?.f ?? DEFAULT_EPSILON;
  const scale = Float64Array.from(
    gamma!,
    (value, channel) => value / Math.sqrt(variance![channel]! + epsilon),
  );
  const shift = scale.map((value, channel) => beta![channel]! - mean![channel]! * value);
  return scale.every(Number.isFinite) && shift.every(Number.isFinite) ? { scale, shift } : undefined;
}

/**
 * Mul, Div, Add or Sub of a constant as what it does to each channel.
 *
 * @param value - Name of the input that is no constant; Div and Sub need it first.
 */
export function arithmeticAffine(
  node: NodeMessage,
  value: string,
  scope: GraphScope,
  layout: ChannelLayout,
): ChannelAffine | undefined {
  const { opType } = node;
  if (!isStandard(node) || node.input.length !== 2 || !/^(Mul|Div|Add|Sub)$/.test(opType)) return undefined;
  const position = node.input.indexOf(value);
  if (position === 1 && (opType === 'Div' || opType === 'Sub')) return undefined;
  const constant = floatConstant(scope, node.input[1 - position]);
  const numbers = constant && perChannel(constant, layout);
  if (numbers === undefined) return undefined;
  const isScale = opType === 'Mul' || opType === 'Div';
  const effect = Float64Array.from(numbers, (number) => {
    if (opType === 'Div') return 1 / number;
    return opType === 'Sub' ? -number : number;
  });
  if (!effect.every(Number.isFinite)) return undefined;
  const { channels } = layout;
  return isScale
    ? { scale: effect, shift: new Float64Array(channels) }
    : { scale: new Float64Array(channels).fill(1), shift: effect };
}

/** One number per channel of a constant that is broadcast to the other axes; undefined if it differs along them. */
export function perChannel(
  tensor: TensorMessage,
  { channels, rank }: ChannelLayout,
): Float64Array | undefined {
  const { dims } = tensor;
  const axis = dims.length - rank + 1;
  const isBroadcast =
    dims.length <= rank && dims.every((dim, index) => dim === 1 || (index === axis && dim === channels));
  if (!isBroadcast || elementsOf(tensor) === 0) return undefined;
  const values = readFloats(tensor);
  return Float64Array.from({ length: channels }, (_, channel) => values[values.length === 1 ? 0 : channel]!);
}
