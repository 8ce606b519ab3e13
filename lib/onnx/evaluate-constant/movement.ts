// SPDX-License-Identifier: Apache-2.0
// Operators that move elements and compute nothing: any type, and elements that are not known stay so.

import { attributeOf, intAttribute } from '../graph/graph-walk';
import { allocate, countOf, NotEvaluable, type ConstantValue } from './constant-value';
import { frontAxis, type Evaluator } from './evaluation';
import { broadcastDims, broadcastTo, copyStrided, denseStrides } from './strided-copy';

const transpose: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const rank = value.dims.length;
  const given = attributeOf(evaluation.node, 'perm')?.ints.map(Number) ?? [];
  const perm = given.length > 0 ? given : Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (perm.length !== rank || value.dims.some((_, axis) => !perm.includes(axis))) throw new NotEvaluable();
  const strides = denseStrides(value.dims);
  const dims = perm.map((axis) => value.dims[axis]!);
  return [copyStrided(value, { dims, strides: perm.map((axis) => strides[axis]!) })];
};

const expand: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const dims = broadcastDims(value.dims, Array.from(evaluation.input(1).data));
  evaluation.checkSize(value.type, dims);
  return [broadcastTo(value, dims)];
};

const tile: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const repeats = Array.from(evaluation.input(1).data);
  if (repeats.length !== value.dims.length) throw new NotEvaluable();
  const strides = denseStrides(value.dims);
  evaluation.checkSize(value.type, [...value.dims, ...repeats]);
  // A repeat is an axis before its own with a stride of zero.
  const view = copyStrided(value, {
    dims: repeats.flatMap((times, axis) => [times, value.dims[axis]!]),
    strides: strides.flatMap((stride) => [0, stride]),
  });
  return [{ ...view, dims: value.dims.map((dim, axis) => dim * repeats[axis]!) }];
};

const concat: Evaluator = (evaluation) => {
  const values = evaluation.inputs.map((_, position) => evaluation.input(position));
  const first = evaluation.input(0);
  const axis = frontAxis(intAttribute(evaluation.node, 'axis', 1), first.dims.length);
  const fits = ({ type, dims }: ConstantValue) =>
    type === first.type &&
    dims.length === first.dims.length &&
    dims.every((dim, index) => index === axis || dim === first.dims[index]);
  if (!values.every(fits)) throw new NotEvaluable();
  const inner = countOf(first.dims.slice(axis + 1));
  const size = values.reduce((sum, { dims }) => sum + dims[axis]!, 0);
  const dims = withSize(first.dims, axis, size);
  evaluation.checkSize(first.type, dims);
  const data = allocate(first.type, countOf(dims));
  const outer = countOf(dims.slice(0, axis));
  let start = 0;
  for (const one of values) {
    const run = one.dims[axis]! * inner;
    for (let i = 0; i < outer; i++)
      data.set(one.data.subarray(i * run, (i + 1) * run), i * size * inner + start);
    start += run;
  }
  return [{ type: first.type, dims, data }];
};

const gather: Evaluator = (evaluation) => {
  const [value, indices] = [evaluation.input(0), evaluation.input(1)];
  const axis = frontAxis(intAttribute(evaluation.node, 'axis', 0), value.dims.length);
  const size = value.dims[axis]!;
  const dims = [...value.dims.slice(0, axis), ...indices.dims, ...value.dims.slice(axis + 1)];
  evaluation.checkSize(value.type, dims);
  const [outer, inner] = [countOf(value.dims.slice(0, axis)), countOf(value.dims.slice(axis + 1))];
  const data = allocate(value.type, countOf(dims));
  let to = 0;
  for (let i = 0; i < outer; i++) {
    for (let j = 0; j < indices.data.length; j++, to += inner) {
      const from = (i * size + frontAxis(indices.data[j]!, size)) * inner;
      data.set(value.data.subarray(from, from + inner), to);
    }
  }
  return [{ type: value.type, dims, data }];
};

/** First element and number of elements of a slice with a step, as ONNX clamps them. */
function sliceRange(dim: number, start: number, end: number, step: number): [first: number, count: number] {
  if (step === 0) throw new NotEvaluable();
  const clamp = (value: number, low: number, high: number) =>
    Math.min(Math.max(value < 0 ? value + dim : value, low), high);
  const first = step > 0 ? clamp(start, 0, dim) : clamp(start, 0, dim - 1);
  const last = step > 0 ? clamp(end, 0, dim) : clamp(end, -1, dim - 1);
  return [first, Math.max(0, Math.ceil((last - first) / step))];
}

const slice: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const [starts, ends] = [evaluation.list('starts', 1), evaluation.list('ends', 2)];
  if (starts === undefined || ends?.length !== starts.length) throw new NotEvaluable();
  const axes = evaluation.list('axes', 3) ?? starts.map((_, position) => position);
  const steps = evaluation.list('steps', 4) ?? starts.map(() => 1);
  const dims = [...value.dims];
  const strides = denseStrides(dims);
  let offset = 0;
  axes.forEach((given, position) => {
    const axis = frontAxis(given, dims.length);
    const step = steps[position]!;
    const [first, count] = sliceRange(value.dims[axis]!, starts[position]!, ends[position]!, step);
    offset += first * strides[axis]!;
    dims[axis] = count;
    strides[axis]! *= step;
  });
  return [copyStrided(value, { dims, strides, offset })];
};

const split: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const { node } = evaluation;
  const axis = frontAxis(intAttribute(node, 'axis', 0), value.dims.length);
  const size = value.dims[axis]!;
  const even = Math.ceil(size / node.output.length);
  const sizes =
    evaluation.list('split', 1) ??
    node.output.map((_, position) => Math.max(0, Math.min(even, size - position * even)));
  if (sizes.some((part) => !(part >= 0)) || sizes.reduce((sum, part) => sum + part, 0) !== size)
    throw new NotEvaluable();
  const strides = denseStrides(value.dims);
  let start = 0;
  const parts: ConstantValue[] = [];
  for (const part of sizes) {
    parts.push(
      copyStrided(value, { dims: withSize(value.dims, axis, part), strides, offset: start * strides[axis]! }),
    );
    start += part;
  }
  return parts;
};

function withSize(dims: readonly number[], axis: number, size: number): number[] {
  return dims.map((dim, index) => (index === axis ? size : dim));
}

/** Operators that move elements. */
export const MOVEMENT: readonly (readonly [string, Evaluator])[] = [
  ['Transpose', transpose],
  ['Expand', expand],
  ['Tile', tile],
  ['Concat', concat],
  ['Gather', gather],
  ['Slice', slice],
  ['Split', split],
];
