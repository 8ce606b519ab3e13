// SPDX-License-Identifier: Apache-2.0
import { DATA_TYPE } from '../data-type';
import { intAttribute } from '../graph/graph-walk';
import { allocate, countOf, isExact, NotEvaluable, type ConstantValue } from './constant-value';
import { frontAxis, type Evaluation, type Evaluator } from './evaluation';
import { copyStrided, denseStrides } from './strided-copy';

interface Reduction {
  readonly start: number;
  readonly add: (sum: number, value: number) => number;
  readonly finish?: (sum: number, count: number) => number;
}

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  ReduceSum: { start: 0, add: (sum, value) => sum + value },
  ReduceProd: { start: 1, add: (sum, value) => sum * value },
  ReduceMax: { start: -Infinity, add: (sum, value) => Math.max(sum, value) },
  ReduceMin: { start: Infinity, add: (sum, value) => Math.min(sum, value) },
  ReduceMean: { start: 0, add: (sum, value) => sum + value, finish: (sum, count) => sum / count },
  ReduceL1: { start: 0, add: (sum, value) => sum + Math.abs(value) },
  ReduceL2: { start: 0, add: (sum, value) => sum + value * value, finish: Math.sqrt },
  ReduceSumSquare: { start: 0, add: (sum, value) => sum + value * value },
};
const TYPES: readonly number[] = [DATA_TYPE.FLOAT, DATA_TYPE.DOUBLE, DATA_TYPE.INT32, DATA_TYPE.INT64];

function reducer(reduction: Reduction): Evaluator {
  return (evaluation) => {
    const value = evaluation.input(0);
    const rank = value.dims.length;
    const given = evaluation.list('axes', 1) ?? [];
    if (!TYPES.includes(value.type)) throw new NotEvaluable();
    if (given.length === 0 && intAttribute(evaluation.node, 'noop_with_empty_axes', 0) === 1) return [value];
    const axes = new Set(given.length === 0 ? value.dims.keys() : given.map((axis) => frontAxis(axis, rank)));
    const result = reduce(value, axes, reduction);
    if (!isExact(result)) throw new NotEvaluable();
    return [withoutAxes(evaluation, result, axes)];
  };
}

/** All reduced axes last, then runs of one length are summed. */
function reduce(
  value: ConstantValue,
  axes: ReadonlySet<number>,
  { start, add, finish }: Reduction,
): ConstantValue {
  const kept = [...value.dims.keys()].filter((axis) => !axes.has(axis));
  const order = [...kept, ...axes];
  const strides = denseStrides(value.dims);
  const sorted = copyStrided(value, {
    dims: order.map((axis) => value.dims[axis]!),
    strides: order.map((axis) => strides[axis]!),
  }).data;
  const run = countOf([...axes].map((axis) => value.dims[axis]!));
  // A mean of whole numbers is rounded differently by different runtimes, an extreme of nothing is an error.
  if (
    run === 0 ||
    (finish !== undefined && value.type !== DATA_TYPE.FLOAT && value.type !== DATA_TYPE.DOUBLE)
  )
    throw new NotEvaluable();
  const data = allocate(value.type, countOf(kept.map((axis) => value.dims[axis]!)));
  for (let i = 0, at = 0; i < data.length; i++) {
    let sum = start;
    for (const end = at + run; at < end; at++) sum = add(sum, sorted[at]!);
    if (value.type === DATA_TYPE.INT32 && !Number.isSafeInteger(sum)) throw new NotEvaluable();
    data[i] = finish === undefined ? sum : finish(sum, run);
  }
  return { type: value.type, dims: value.dims.map((dim, axis) => (axes.has(axis) ? 1 : dim)), data };
}

function withoutAxes({ node }: Evaluation, result: ConstantValue, axes: ReadonlySet<number>): ConstantValue {
  if (intAttribute(node, 'keepdims', 1) === 1) return result;
  return { ...result, dims: result.dims.filter((_, axis) => !axes.has(axis)) };
}

/** Reductions over some or all axes; sums are kept in doubles. */
export const REDUCTION_EVALUATORS: readonly (readonly [string, Evaluator])[] = Object.entries(REDUCTIONS).map(
  ([op, reduction]) => [op, reducer(reduction)],
);
