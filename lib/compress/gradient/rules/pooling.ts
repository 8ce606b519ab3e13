// SPDX-License-Identifier: Apache-2.0
import type { GradientRule, NodeGradient } from '../node-gradient';
import { inputGradient } from './convolutions';
import { scatterBack } from './selection';
import { poolingWindow, spatialSizes, type Window } from './windows';

/** Each gradient goes to the place that its value was taken from. */
function maxPool(node: NodeGradient): string[] {
  if (node.int('storage_order', 0) !== 0) node.refuse('its indices are in column order');
  return [scatterBack(node, { places: node.extraOutput(1), gradient: node.gradient, like: node.input(0) })];
}

/** A convolution with equal weights, channel by channel. */
function averagePool(node: NodeGradient): string[] {
  const window = poolingWindow(node);
  if (node.int('ceil_mode', 0) !== 0) refusePartWindows(node, window);
  const area = window.kernel!.reduce((product, size) => product * size, 1);
  const weights = node.write.filled(1 / area, [1, 1, ...window.kernel!]);
  const input = node.input(0);
  const share = node.int('count_include_pad', 0) !== 0 ? node.gradient : byCount(node, window);
  const flat = asOneChannel(node, share, node.output);
  const spread = inputGradient(node, { gradient: flat, weights }, { window, like: input, group: 1 });
  return [node.reshapeLike(spread, input)];
}

/** Padding does not count: a window at the border shares among fewer. The share of padding is that of zeros. */
function byCount(node: NodeGradient, { strides, dilations, kernel, begin, end }: Window): string {
  if (begin.every((size) => size === 0) && end.every((size) => size === 0)) return node.gradient;
  const input = node.input(0);
  const sizes = node.op('Concat', [node.write.ints([1, 1]), spatialSizes(node, input, strides.length)], {
    axis: 0,
  });
  const ones = node.op('Expand', [node.write.float(1), sizes]);
  const inside = node.op('AveragePool', [ones], {
    kernel_shape: kernel!,
    strides,
    pads: [...begin, ...end],
    count_include_pad: 1,
    // An attribute of opset 19; older models have no dilated windows.
    ...(dilations.some((step) => step !== 1) ? { dilations } : {}),
  });
  return node.div(node.gradient, inside);
}

function asOneChannel(node: NodeGradient, value: string, like: string): string {
  const count = node.rank(node.input(0)) - 2;
  const target = node.op('Concat', [node.write.ints([-1, 1]), spatialSizes(node, like, count)], { axis: 0 });
  return node.op('Reshape', [value, target]);
}

function refusePartWindows(node: NodeGradient, { strides, dilations, kernel, begin, end }: Window): void {
  const sizes = node.dims(node.input(0))?.slice(2);
  const isWhole = strides.every((stride, axis) => {
    const size = sizes?.[axis];
    if (typeof size !== 'number') return false;
    return (size + begin[axis]! + end[axis]! - dilations[axis]! * (kernel![axis]! - 1) - 1) % stride === 0;
  });
  if (!isWhole) node.refuse('ceil_mode lets its last windows reach beyond the padding');
}

function globalAveragePool(node: NodeGradient): string[] {
  const input = node.input(0);
  const count = node.rank(input) - 2;
  const sizes = spatialSizes(node, input, count);
  const area = node.op('Cast', [node.op('ReduceProd', [sizes], { keepdims: 0 })], { to: 1 });
  return [node.op('Expand', [node.div(node.gradient, area), node.shape(input)])];
}

/** Largest elements that are equal share the gradient. */
function globalMaxPool(node: NodeGradient): string[] {
  const input = node.input(0);
  const axes = Array.from({ length: node.rank(input) - 2 }, (_, axis) => axis + 2);
  const mask = node.op('Cast', [node.op('Equal', [input, node.output])], { to: 1 });
  const count = node.op('ReduceSum', [mask, node.write.ints(axes)], { keepdims: 1 });
  return [node.mul(mask, node.div(node.gradient, count))];
}

/** Pooling. */
export const POOLING_RULES: Readonly<Record<string, GradientRule>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
};
