// SPDX-License-Identifier: Apache-2.0
// Windows that move over spatial dimensions: convolutions and pooling.

import type { Dim, DimAlgebra, Dims } from '../dim-algebra';
import { ruleFor, type NodeView, type ShapeRules } from '../node-view';

type Five = [number, number, number, number, number];

/** How windows lie along one dimension. */
interface Window {
  /** Elements from the first to the last that a window covers. */
  readonly extent: Dim;
  readonly stride: number;
  /** Elements added before and after. */
  readonly padBefore: number;
  readonly padAfter: number;
  readonly autoPad: string;
  readonly ceil: boolean;
}

function windows(node: NodeView, kernel: Dims): Window[] {
  const strides = node.ints('strides') ?? [];
  const dilations = node.ints('dilations') ?? [];
  const pads = node.ints('pads') ?? [];
  return kernel.map((size, index) => ({
    extent: extentOf(node.algebra, size, dilations[index] ?? 1),
    stride: strides[index] ?? 1,
    padBefore: pads[index] ?? 0,
    padAfter: pads[index + kernel.length] ?? 0,
    autoPad: node.text('auto_pad', 'NOTSET'),
    ceil: node.int('ceil_mode', 0) === 1,
  }));
}

function extentOf(algebra: DimAlgebra, kernel: Dim, dilation: number): Dim {
  return dilation === 1
    ? kernel
    : algebra.apply('extent', [kernel, dilation], (size, step) => (size - 1) * step + 1);
}

/** How many windows lie along a dimension. */
function windowCount(node: NodeView, size: Dim, window: Window): Dim {
  const { extent, stride, autoPad, ceil, padBefore, padAfter } = window;
  const { algebra } = node;
  if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
    if (stride === 1) return size;
    return algebra.apply('same', [size, stride], (input, step) => Math.ceil(input / step));
  }
  const isValid = autoPad === 'VALID';
  const [before, after] = isValid ? [0, 0] : [padBefore, padAfter];
  if (stride === 1 && typeof extent === 'number' && before + after === extent - 1) return size;
  const operands = [size, extent, stride, before, after, ceil ? 1 : 0];
  const count = algebra.apply('windows', operands, (...[input, covered, step, front, back]: Five) => {
    const steps = (input + front + back - covered) / step;
    if (!ceil) return Math.floor(steps) + 1;
    const windowsUp = Math.ceil(steps) + 1;
    // A window that would start in the padding behind is left out.
    return (windowsUp - 1) * step >= input + front ? windowsUp - 1 : windowsUp;
  });
  if (typeof count === 'number' && count <= 0 && typeof size === 'number' && size > 0) {
    node.conflict(`a window of ${extent} does not fit into a dimension of ${size}`);
    return algebra.fresh();
  }
  return count;
}

function slide(node: NodeView, spatial: Dims, kernel: Dims): Dim[] | undefined {
  if (kernel.length !== spatial.length) {
    node.conflict(`a kernel of ${kernel.length} dimensions does not fit ${spatial.length} spatial ones`);
    return undefined;
  }
  return windows(node, kernel).map((window, index) => windowCount(node, spatial[index]!, window));
}

/** Dims of a convolution whose weights are input `weightIndex`. */
function convolution(node: NodeView, weightIndex: number): Dims | undefined {
  const dims = node.dims(0);
  const weight = node.dims(weightIndex);
  const rank = dims?.length ?? weight?.length;
  if (rank === undefined || rank < 2) return undefined;
  const channels = weight?.[0] ?? node.algebra.fresh();
  const kernel = node.ints('kernel_shape') ?? weight?.slice(2);
  if (dims === undefined) return [node.algebra.fresh(), channels, ...node.algebra.freshDims(rank - 2)];
  checkChannels(node, dims[1]!, weight?.[1]);
  const spatial =
    kernel === undefined ? node.algebra.freshDims(rank - 2) : slide(node, dims.slice(2), kernel);
  return spatial && [dims[0]!, channels, ...spatial];
}

function checkChannels(node: NodeView, channels: Dim, ofWeight: Dim | undefined): void {
  const groups = node.int('group', 1);
  if (typeof channels !== 'number' || typeof ofWeight !== 'number' || ofWeight * groups === channels) return;
  node.conflict(
    `the input has ${channels} channels, the weights are for ${ofWeight * groups} (${ofWeight} in each of ${groups} groups)`,
  );
}

function transposedConvolution(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const weight = node.dims(1);
  if (dims === undefined || dims.length < 2) return undefined;
  const { algebra } = node;
  const channels =
    weight === undefined ? algebra.fresh() : algebra.multiply([weight[1]!, node.int('group', 1)]);
  const kernel = node.ints('kernel_shape') ?? weight?.slice(2);
  const given = node.ints('output_shape');
  const spatial = dims.slice(2);
  if (given !== undefined) return [dims[0]!, channels, ...given.slice(-spatial.length)];
  if (kernel?.length !== spatial.length) return [dims[0]!, channels, ...algebra.freshDims(spatial.length)];
  const extra = node.ints('output_padding') ?? [];
  const sizes = windows(node, kernel).map((window, index) =>
    transposedSize(node, spatial[index]!, window, extra[index] ?? 0),
  );
  return [dims[0]!, channels, ...sizes];
}

function transposedSize(node: NodeView, size: Dim, window: Window, extra: number): Dim {
  const { extent, stride, autoPad } = window;
  if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') return node.algebra.multiply([size, stride]);
  const pads = autoPad === 'VALID' ? 0 : window.padBefore + window.padAfter;
  if (stride === 1 && typeof extent === 'number' && extent - 1 === pads - extra) return size;
  if (typeof extent === 'number' && extent + extra - pads === stride)
    return node.algebra.multiply([size, stride]);
  const operands = [size, extent, stride, pads, extra];
  return node.algebra.apply(
    'transposed',
    operands,
    (...[input, covered, step, cut, more]: Five) => (input - 1) * step + more + covered - cut,
  );
}

function pooling(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const kernel = node.ints('kernel_shape');
  if (dims === undefined || dims.length < 2 || kernel === undefined) return undefined;
  const spatial = slide(node, dims.slice(2), kernel);
  return spatial && [...dims.slice(0, 2), ...spatial];
}

function unpooling(node: NodeView): Dims | undefined {
  if (node.has(2)) return node.values(2)?.items.map((item) => node.asSize(item));
  const dims = node.dims(0);
  const kernel = node.ints('kernel_shape');
  if (dims === undefined || kernel?.length !== dims.length - 2) return undefined;
  const sizes = windows(node, kernel).map((window, index) =>
    transposedSize(node, dims[index + 2]!, window, 0),
  );
  return [...dims.slice(0, 2), ...sizes];
}

function globalPooling(node: NodeView): Dims | undefined {
  return node.dims(0)?.map((dim, index) => (index < 2 ? dim : 1));
}

function regions(node: NodeView, roisIndex: number, sizes: Dims): Dims | undefined {
  const dims = node.dims(0);
  return dims === undefined || dims.length < 2
    ? undefined
    : [node.dims(roisIndex)?.[0] ?? node.algebra.fresh(), dims[1]!, ...sizes];
}

/** Blocks put back into an image. */
function columnsToImage(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const rank = node.dims(1)?.[0];
  const image = node.values(1)?.items ?? node.algebra.dimsOfRank(rank);
  if (dims?.length !== 3 || image === undefined) return undefined;
  const block = node.numbers(2);
  const channels =
    block &&
    node.algebra.divide(
      dims[1]!,
      block.reduce((product, size) => product * size, 1),
    );
  return [dims[0]!, channels ?? node.algebra.fresh(), ...image.map((item) => node.asSize(item))];
}

export const CONVOLUTION_RULES: ShapeRules = {
  ...ruleFor('Conv ConvInteger DeformConv', (node) => [convolution(node, 1)]),
  QLinearConv: (node) => [convolution(node, 3)],
  ConvTranspose: (node) => [transposedConvolution(node)],
  ...ruleFor('AveragePool MaxPool LpPool', (node) => {
    const dims = pooling(node);
    return [dims, dims];
  }),
  ...ruleFor('GlobalAveragePool GlobalMaxPool GlobalLpPool', (node) => [globalPooling(node)]),
  MaxUnpool: (node) => [unpooling(node)],
  MaxRoiPool: (node) => [regions(node, 1, node.ints('pooled_shape') ?? node.algebra.freshDims(2))],
  RoiAlign: (node) => [regions(node, 1, [node.int('output_height', 1), node.int('output_width', 1)])],
  Col2Im: (node) => [columnsToImage(node)],
  CausalConvWithState: (node) => {
    const [dims, weight] = [node.dims(0), node.dims(1)];
    const kernel = weight?.[2];
    const kept = typeof kernel === 'number' ? kernel - 1 : node.algebra.fresh();
    return [dims, dims?.length === 3 ? [dims[0]!, dims[1]!, kept] : undefined];
  },
};
