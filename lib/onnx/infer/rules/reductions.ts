// SPDX-License-Identifier: Apache-2.0
import type { Dim, Dims } from '../dim-algebra';
import { ruleFor, type NodeView, type ShapeRules } from '../node-view';

/** Axes became an input with opset 18, with 13 for sums. */
const AXES_INPUT_SINCE = 18;
const SUM_AXES_INPUT_SINCE = 13;

function reduce(node: NodeView, inputSince: number): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined) return undefined;
  const keeps = node.int('keepdims', 1) !== 0;
  const given = node.axesOf(1, inputSince);
  if (given === undefined) return keeps ? node.algebra.freshDims(dims.length) : undefined;
  if (given === null || given.length === 0) {
    if (node.int('noop_with_empty_axes', 0) === 1) return dims;
    return keeps ? dims.map(() => 1) : [];
  }
  return without(dims, node.axes(given, dims.length), keeps);
}

function without(dims: Dims, axes: number[] | undefined, keeps: boolean): Dims | undefined {
  if (axes === undefined) return undefined;
  if (keeps) return dims.map((dim, index) => (axes.includes(index) ? 1 : dim));
  return dims.filter((_, index) => !axes.includes(index));
}

function argument(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined) return undefined;
  return without(dims, node.axes([node.int('axis', 0)], dims.length), node.int('keepdims', 1) !== 0);
}

function topK(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined) return undefined;
  const axis = node.axis(node.int('axis', -1), dims.length);
  const count: Dim = node.opset < 10 ? node.int('k', 1) : node.sizeAt(1);
  return axis === undefined ? undefined : dims.map((dim, index) => (index === axis ? count : dim));
}

function unique(node: NodeView): (Dims | undefined)[] {
  const dims = node.dims(0);
  const count = node.algebra.fresh();
  const given = node.node.attribute.find(({ name }) => name === 'axis');
  if (given === undefined) {
    return [[count], [count], dims === undefined ? undefined : [node.algebra.multiply(dims)], [count]];
  }
  const axis = dims === undefined ? undefined : node.axis(Number(given.i), dims.length);
  const found = axis === undefined ? undefined : dims!.map((dim, index) => (index === axis ? count : dim));
  return [found, [count], axis === undefined ? undefined : [dims![axis]!], [count]];
}

export const REDUCTION_RULES: ShapeRules = {
  ...ruleFor(
    'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare',
    (node) => [reduce(node, AXES_INPUT_SINCE)],
  ),
  ReduceSum: (node) => [reduce(node, SUM_AXES_INPUT_SINCE)],
  ...ruleFor('ArgMax ArgMin', (node) => [argument(node)]),
  TopK: (node) => {
    const dims = topK(node);
    return [dims, dims];
  },
  Unique: unique,
};
