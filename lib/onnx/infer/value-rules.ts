// SPDX-License-Identifier: Apache-2.0
// Values of small tensors that shapes are computed from: constants, sizes that Shape tells, and what graphs make of
// them on the way to Reshape, Expand, Slice and the like.

import { attributeOf } from '../graph/graph-walk';
import { constantValues, MOST_ELEMENTS, tensorValues } from './constant-values';
import type { Dim, Dims } from './dim-algebra';
import type { NodeView, ValueRule } from './node-view';
import { shapeSpan } from './rules/generators';
import { sliceArguments, sliceSpan } from './slice-span';
import type { KnownValues } from './value-type';
import { ARITHMETIC, isFloat } from './value-arithmetic';

type Item = Dim | undefined;

/** All elements of a tensor of these dims, if they are few. */
function countOf(dims: Dims | undefined): number | undefined {
  let count = 1;
  for (const dim of dims ?? ['?']) {
    if (typeof dim !== 'number') return undefined;
    count *= dim;
  }
  return count <= MOST_ELEMENTS ? count : undefined;
}

/** The same elements in another shape. */
const reshaped: ValueRule = (node, [dims]) => {
  const items = node.values(0)?.items;
  if (items === undefined || dims === undefined || countOf(dims) !== items.length) return [];
  return [{ dims: dims as number[], items }];
};

/** Elements at `indices` of one axis. */
function take(values: KnownValues, axis: number, indices: readonly number[]): KnownValues {
  const { dims, items } = values;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const size = dims[axis]!;
  const outer = items.length / (inner * size || 1);
  const taken: Item[] = [];
  for (let block = 0; block < outer; block++)
    for (const index of indices)
      for (let at = 0; at < inner; at++) taken.push(items[(block * size + index) * inner + at]);
  return { dims: dims.map((dim, index) => (index === axis ? indices.length : dim)), items: taken };
}

const slice: ValueRule = (node) => {
  let values = node.values(0);
  if (values === undefined || values.items.length === 0) return [];
  const cuts = sliceArguments(node, values.dims.length);
  if (cuts === undefined) return [];
  for (const { axis, start, end, step } of cuts) {
    if (typeof start !== 'number' || typeof end !== 'number' || typeof step !== 'number' || step === 0)
      return [];
    const span = sliceSpan(values.dims[axis]!, start, end, step);
    values = take(
      values,
      axis,
      Array.from({ length: span.length }, (_, i) => span.first + i * step),
    );
  }
  return [values];
};

const gather: ValueRule = (node) => {
  const [data, at] = [node.values(0), node.values(1)];
  const indices = node.numbers(1);
  if (data === undefined || at === undefined || indices === undefined) return [];
  const axis = node.axis(node.int('axis', 0), data.dims.length);
  if (axis === undefined) return [];
  const size = data.dims[axis]!;
  const places = indices.map((index) => (index < 0 ? index + size : index));
  if (places.some((place) => place < 0 || place >= size)) return [];
  const { dims, items } = take(data, axis, places);
  return [{ dims: [...dims.slice(0, axis), ...at.dims, ...dims.slice(axis + 1)], items }];
};

const concat: ValueRule = (node, [dims]) => {
  if (countOf(dims) === undefined || dims!.length !== 1) return [];
  const items: Item[] = [];
  for (let index = 0; index < node.inputCount; index++) {
    const size = node.dims(index)?.[0];
    if (typeof size !== 'number' || size > MOST_ELEMENTS) return [];
    // Elements that are not known keep their places.
    items.push(...(node.values(index)?.items ?? Array.from({ length: size }, () => undefined)));
  }
  return [{ dims: [items.length], items }];
};

const split: ValueRule = (node, outputs) => {
  const values = node.values(0);
  if (values?.dims.length !== 1) return [];
  let at = 0;
  return outputs.map((dims) => {
    const size = dims?.[0];
    if (typeof size !== 'number' || Number.isNaN(at)) {
      at = NaN;
      return undefined;
    }
    at += size;
    return { dims: [size], items: values.items.slice(at - size, at) };
  });
};

const transpose: ValueRule = (node, [dims]) => {
  const values = node.values(0);
  if (values === undefined || dims?.length !== values.dims.length) return [];
  const order = node.ints('perm') ?? values.dims.map((_, index) => index).reverse();
  const strides = values.dims.map((_, axis) => values.dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const target = order.map((axis) => values.dims[axis]!);
  const items = values.items.map((_, position) => {
    let rest = position;
    let source = 0;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      source += (rest % target[axis]!) * strides[order[axis]!]!;
      rest = Math.floor(rest / target[axis]!);
    }
    return values.items[source];
  });
  return [{ dims: target, items }];
};

/** One value in every place. */
const spread: ValueRule = (node, [dims]) => {
  const count = countOf(dims);
  const items = node.values(0)?.items;
  if (count === undefined || items?.length !== 1)
    return items?.length === count ? reshaped(node, [dims]) : [];
  return [{ dims: dims as number[], items: Array.from({ length: count }, () => items[0]) }];
};

const constantOfShape: ValueRule = (node, [dims]) => {
  const count = countOf(dims);
  if (count === undefined) return [];
  const tensor = attributeOf(node.node, 'value')?.t;
  const value = tensor === undefined ? 0 : tensorValues(tensor)?.items[0];
  return value === undefined
    ? []
    : [{ dims: dims as number[], items: Array.from({ length: count }, () => value) }];
};

const range: ValueRule = (node, [dims]) => {
  const count = countOf(dims);
  const [start, , delta] = [node.numbers(0)?.[0], 0, node.numbers(2)?.[0]];
  if (count === undefined || start === undefined || delta === undefined) return [];
  return [{ dims: [count], items: Array.from({ length: count }, (_, index) => start + index * delta) }];
};

const shape: ValueRule = (node) => {
  const dims = node.dims(0);
  if (dims === undefined) return [];
  const items = dims.slice(...shapeSpan(node, dims.length));
  return [{ dims: [items.length], items }];
};

const size: ValueRule = (node) => {
  const dims = node.dims(0);
  return dims === undefined ? [] : [{ dims: [], items: [node.algebra.multiply(dims)] }];
};

/** The product, sum, largest or smallest of all elements. */
function reduction(join: (node: NodeView, items: Dims) => Dim | undefined): ValueRule {
  return (node, [dims]) => {
    const items = node.values(0)?.items;
    if (items === undefined || countOf(dims) !== 1 || items.includes(undefined) || isFloat(node)) return [];
    const item = items.length === 0 ? undefined : join(node, items as Dim[]);
    return [{ dims: dims as number[], items: [item] }];
  };
}

const numbersOnly =
  (join: (...numbers: number[]) => number) =>
  (_: NodeView, items: Dims): Dim | undefined =>
    items.every((item) => typeof item === 'number') ? join(...items) : undefined;

const VALUE_RULES: Readonly<Record<string, ValueRule>> = {
  ...ARITHMETIC,
  Constant: (node) => [constantValues(node.node)],
  Identity: reshaped,
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Flatten: reshaped,
  Slice: slice,
  Gather: gather,
  Concat: concat,
  Split: split,
  Transpose: transpose,
  Expand: spread,
  Tile: spread,
  ConstantOfShape: constantOfShape,
  Range: range,
  Shape: shape,
  Size: size,
  ReduceProd: reduction((node, items) => node.algebra.multiply(items)),
  ReduceSum: reduction((node, items) => items.reduce((a, b) => node.algebra.add(a, b))),
  ReduceMax: reduction(numbersOnly(Math.max)),
  ReduceMin: reduction(numbersOnly(Math.min)),
};

/** What is known of the elements of a node's outputs. */
export function knownOutputs(
  node: NodeView,
  outputs: readonly (Dims | undefined)[],
): readonly (KnownValues | undefined)[] {
  const { opType } = node.node;
  const found = Object.hasOwn(VALUE_RULES, opType) ? VALUE_RULES[opType]!(node, outputs) : [];
  // Step by step, gathers of gathers would become data.
  return found.map((values) =>
    values !== undefined && values.items.length <= MOST_ELEMENTS ? values : undefined,
  );
}
