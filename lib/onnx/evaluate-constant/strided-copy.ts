// SPDX-License-Identifier: Apache-2.0
import { allocate, countOf, NotEvaluable, type ConstantValue } from './constant-value';

/** Distances between neighbours along each axis of a dense tensor, in elements. */
export function denseStrides(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= dims[axis]!;
  }
  return strides;
}

/** What a strided copy reads: the result's dims, and where its elements lie in the source. */
export interface StridedView {
  readonly dims: readonly number[];
  /** One for each of `dims`, in elements; 0 repeats, a negative one reads backwards. */
  readonly strides: readonly number[];
  /** Position of the first element. Default 0. */
  readonly offset?: number;
}

/** A dense copy of a view of a value: what transposing, slicing and broadcasting come down to. */
export function copyStrided(
  { type, data }: ConstantValue,
  { dims, strides, offset = 0 }: StridedView,
): ConstantValue {
  // Two negative sizes make a product that looks like a size.
  if (!dims.every((dim) => dim >= 0)) throw new NotEvaluable();
  const count = countOf(dims);
  const result = allocate(type, count);
  const rank = dims.length;
  const inner = rank === 0 ? 1 : dims[rank - 1]!;
  const step = rank === 0 ? 0 : strides[rank - 1]!;
  const index = new Array<number>(rank).fill(0);
  let from = offset;
  let to = 0;
  while (to < count) {
    for (let i = 0, at = from; i < inner; i++, at += step) result[to++] = data[at]!;
    for (let axis = rank - 2; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      from -= strides[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
  return { type, dims, data: result };
}

/** The dims of numpy's broadcasting. */
export function broadcastDims(...shapes: readonly (readonly number[])[]): number[] {
  const rank = shapes.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    let size = 1;
    for (const dims of shapes) {
      const dim = dims[axis - rank + dims.length] ?? 1;
      if (dim !== 1 && size !== 1 && dim !== size) throw new NotEvaluable();
      if (dim !== 1) size = dim;
    }
    return size;
  });
}

/** A value with the dims it is broadcast to; the value itself where it has them. */
export function broadcastTo(value: ConstantValue, dims: readonly number[]): ConstantValue {
  const isSame = value.dims.length === dims.length && dims.every((dim, axis) => dim === value.dims[axis]);
  if (isSame) return value;
  const own = denseStrides(value.dims);
  const extra = dims.length - value.dims.length;
  const strides = dims.map((_, axis) =>
    axis < extra || value.dims[axis - extra] === 1 ? 0 : own[axis - extra]!,
  );
  return copyStrided(value, { dims, strides });
}
