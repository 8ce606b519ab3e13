// SPDX-License-Identifier: Apache-2.0
import type { NodeGradient } from '../node-gradient';

/** How a window slides over the last axes. */
export interface Window {
  readonly strides: number[];
  readonly dilations: number[];
  /** Undefined where the weights' sizes are not known. */
  readonly kernel: number[] | undefined;
  /** Padding in front of each axis, and behind it. */
  readonly begin: number[];
  readonly end: number[];
}

/** The window of a convolution. */
export function convolutionWindow(node: NodeGradient): Window {
  const sizes = node.dims(node.input(1))?.slice(2);
  const known = sizes?.every((size) => typeof size === 'number') === true ? sizes : undefined;
  return windowOf(node, node.ints('kernel_shape') ?? known, node.rank(node.input(0)) - 2);
}

/** The window of a pooling operator. */
export function poolingWindow(node: NodeGradient): Window {
  return windowOf(node, node.ints('kernel_shape'), node.rank(node.input(0)) - 2);
}

function windowOf(node: NodeGradient, kernel: number[] | undefined, count: number): Window {
  const ones = Array.from({ length: count }, () => 1);
  const strides = node.ints('strides') ?? ones;
  const dilations = node.ints('dilations') ?? ones;
  const pads = node.ints('pads') ?? [...ones, ...ones].map(() => 0);
  const explicit = { begin: pads.slice(0, count), end: pads.slice(count) };
  const { begin, end } = autoPads(node, { strides, dilations, kernel }) ?? explicit;
  return { strides, dilations, kernel, begin, end };
}

/** SAME_UPPER and SAME_LOWER put out `ceil(size / stride)`; the odd row of padding is behind or in front. */
function autoPads(
  node: NodeGradient,
  { strides, dilations, kernel }: Pick<Window, 'strides' | 'dilations' | 'kernel'>,
): Pick<Window, 'begin' | 'end'> | undefined {
  const way = node.text('auto_pad') ?? 'NOTSET';
  if (way === 'NOTSET') return undefined;
  if (way === 'VALID') return { begin: strides.map(() => 0), end: strides.map(() => 0) };
  const sizes = node.dims(node.input(0))?.slice(2);
  const totals = strides.map((stride, axis) => {
    const size = sizes?.[axis];
    if (typeof size !== 'number' || kernel === undefined)
      return node.refuse('its padding depends on sizes that are not known before it runs');
    const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size);
  });
  const [less, more] = [
    totals.map((total) => Math.floor(total / 2)),
    totals.map((total) => Math.ceil(total / 2)),
  ];
  return way === 'SAME_UPPER' ? { begin: less, end: more } : { begin: more, end: less };
}

/** The last `count` sizes of a value as a list: a constant where they are known. */
export function spatialSizes(node: NodeGradient, value: string, count: number): string {
  const sizes = node.dims(value)?.slice(-count);
  if (sizes?.length === count && sizes.every((size) => typeof size === 'number'))
    return node.write.ints(sizes);
  return node.op('Slice', [node.shape(value), node.write.ints([-count]), node.write.ints([2 ** 31 - 1])]);
}
