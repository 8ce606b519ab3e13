// SPDX-License-Identifier: Apache-2.0
// Operators that pick, join and repeat parts of tensors.

import type { Dim, Dims } from '../dim-algebra';
import type { NodeView, ShapeRules } from '../node-view';
import { sliceArguments, sliceSpan } from '../slice-span';

function slice(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined) return undefined;
  const cuts = sliceArguments(node, dims.length);
  if (cuts === undefined) return node.algebra.freshDims(dims.length);
  const result = [...dims];
  for (const cut of cuts) result[cut.axis] = slicedSize(node, dims[cut.axis]!, cut);
  return result;
}

function slicedSize(node: NodeView, dim: Dim, cut: { start?: Dim; end?: Dim; step?: Dim }): Dim {
  const { start, end, step } = cut;
  const { algebra } = node;
  if (start === undefined || end === undefined || step === undefined || step === 0) return algebra.fresh();
  const isWhole = typeof end === 'number' ? end >= 2 ** 31 - 1 : end === dim;
  if (start === 0 && step === 1 && isWhole) return dim;
  const isReversed = start === -1 && step === -1 && typeof end === 'number' && end <= -(2 ** 31 - 1);
  if (isReversed) return dim;
  return algebra.apply(
    'slice',
    [dim, start, end, step],
    (size, from, to, by) => sliceSpan(size, from, to, by).length,
  );
}

function gather(node: NodeView): Dims | undefined {
  const [dims, indices] = [node.dims(0), node.dims(1)];
  if (dims === undefined || indices === undefined) return undefined;
  const axis = node.axis(node.int('axis', 0), dims.length);
  return axis === undefined ? undefined : [...dims.slice(0, axis), ...indices, ...dims.slice(axis + 1)];
}

function gatherNd(node: NodeView): Dims | undefined {
  const [dims, indices] = [node.dims(0), node.dims(1)];
  const depth = indices?.at(-1);
  if (dims === undefined || indices === undefined || typeof depth !== 'number') return undefined;
  const batch = node.int('batch_dims', 0);
  if (batch + depth > dims.length) {
    node.conflict(`indices of ${depth} elements do not fit a tensor of ${dims.length} dimensions`);
    return undefined;
  }
  return [...indices.slice(0, -1), ...dims.slice(batch + depth)];
}

function concat(node: NodeView): Dims | undefined {
  const all = node.node.input.map((_, index) => node.dims(index));
  const first = all.find((dims) => dims !== undefined);
  if (first === undefined) return undefined;
  const axis = node.axis(node.int('axis', 1), first.length);
  if (axis === undefined) return undefined;
  if (all.some((dims) => dims !== undefined && dims.length !== first.length)) {
    node.conflict('inputs have different numbers of dimensions');
    return undefined;
  }
  return first.map((_, index) => {
    if (index === axis)
      return joinedSize(
        node,
        all.map((dims) => dims?.[index]),
      );
    return all.reduce<Dim>(
      (known, dims) =>
        dims === undefined ? known : node.same(known, dims[index]!, `dimension ${index} of all inputs`),
      first[index]!,
    );
  });
}

function joinedSize(node: NodeView, sizes: readonly (Dim | undefined)[]): Dim {
  let sum: Dim = 0;
  for (const size of sizes) {
    if (size === undefined) return node.algebra.fresh();
    sum = node.algebra.add(sum, size);
  }
  return sum;
}

function split(node: NodeView): (Dims | undefined)[] {
  const dims = node.dims(0);
  const axis = dims === undefined ? undefined : node.axis(node.int('axis', 0), dims.length);
  if (dims === undefined || axis === undefined) return [];
  const sizes = splitSizes(node, dims[axis]!);
  return node.node.output.map((_, index) => dims.map((dim, at) => (at === axis ? sizes[index]! : dim)));
}

function splitSizes(node: NodeView, size: Dim): Dim[] {
  const count = node.outputCount;
  const { algebra } = node;
  if (node.has(1)) {
    const items = node.values(1)?.items;
    return Array.from({ length: count }, (_, index) => node.asSize(items?.[index]));
  }
  const given = node.ints('split');
  if (given?.length === count) return given;
  const equal = algebra.divide(size, count);
  if (equal !== undefined) return Array.from({ length: count }, () => equal);
  if (typeof size !== 'number' || node.opset < 18) return algebra.freshDims(count);
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, index) => Math.max(0, Math.min(part, size - part * index)));
}

function tile(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const repeats = node.values(1)?.items;
  return dims?.map((dim, index) => {
    const count = repeats?.[index];
    return count === undefined ? node.algebra.fresh() : node.algebra.multiply([dim, node.asSize(count)]);
  });
}

function pad(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined) return undefined;
  const pads = node.values(1)?.items ?? node.ints('pads');
  const given = node.has(3) ? node.numbers(3) : dims.map((_, index) => index);
  const axes = given?.map((axis) => (axis < 0 ? axis + dims.length : axis));
  if (pads?.length !== (axes?.length ?? 0) * 2) return node.algebra.freshDims(dims.length);
  return dims.map((dim, index) => {
    const position = axes!.indexOf(index);
    if (position < 0) return dim;
    const [before, after] = [pads[position], pads[position + axes!.length]];
    if (before === undefined || after === undefined) return node.algebra.fresh();
    return node.asSize(node.algebra.add(dim, node.algebra.add(before, after)));
  });
}

function compress(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const given = node.node.attribute.find(({ name }) => name === 'axis');
  if (given === undefined) return [node.algebra.fresh()];
  const axis = dims === undefined ? undefined : node.axis(Number(given.i), dims.length);
  return axis === undefined ? undefined : dims!.map((dim, at) => (at === axis ? node.algebra.fresh() : dim));
}

function oneHot(node: NodeView): Dims | undefined {
  const indices = node.dims(0);
  if (indices === undefined) return undefined;
  const axis = node.axis(node.int('axis', -1), indices.length + 1);
  return axis === undefined ? undefined : [...indices.slice(0, axis), node.sizeAt(1), ...indices.slice(axis)];
}

function centerCropPad(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined) return undefined;
  const axes = node.axes(node.ints('axes') ?? dims.map((_, index) => index), dims.length);
  const order = (node.ints('axes') ?? axes)?.map((axis) => (axis < 0 ? axis + dims.length : axis));
  const sizes = node.values(1)?.items;
  if (order === undefined) return undefined;
  return dims.map((dim, index) => {
    const position = order.indexOf(index);
    return position < 0 ? dim : node.asSize(sizes?.[position]);
  });
}

export const SELECTION_RULES: ShapeRules = {
  Slice: (node) => [slice(node)],
  Gather: (node) => [gather(node)],
  GatherElements: (node) => [node.dims(1)],
  GatherND: (node) => [gatherNd(node)],
  Concat: (node) => [concat(node)],
  Split: split,
  Tile: (node) => [tile(node)],
  Pad: (node) => [pad(node)],
  Compress: (node) => [compress(node)],
  OneHot: (node) => [oneHot(node)],
  CenterCropPad: (node) => [centerCropPad(node)],
};
