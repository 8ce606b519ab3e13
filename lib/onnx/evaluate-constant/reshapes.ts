// SPDX-License-Identifier: Apache-2.0
// Operators that give the same elements other dims.

import { intAttribute } from '../graph/graph-walk';
import { countOf, NotEvaluable } from './constant-value';
import { frontAxis, type Evaluator } from './evaluation';

const reshape: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const shape = evaluation.list('shape', 1);
  if (shape === undefined) throw new NotEvaluable();
  const keepsZero = intAttribute(evaluation.node, 'allowzero', 0) === 1;
  const dims = shape.map((dim, axis) => (dim === 0 && !keepsZero ? (value.dims[axis] ?? NaN) : dim));
  const free = dims.indexOf(-1);
  if (free >= 0) dims[free] = countOf(value.dims) / -countOf(dims);
  if (countOf(dims) !== value.data.length || !dims.every(Number.isSafeInteger)) throw new NotEvaluable();
  return [{ ...value, dims }];
};

const flatten: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const rank = value.dims.length;
  const given = intAttribute(evaluation.node, 'axis', 1);
  const axis = given < 0 ? given + rank : given;
  return [{ ...value, dims: [countOf(value.dims.slice(0, axis)), countOf(value.dims.slice(axis))] }];
};

const squeeze: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const axes = evaluation.list('axes', 1)?.map((axis) => frontAxis(axis, value.dims.length));
  const dims = value.dims.filter((dim, axis) => (axes === undefined ? dim !== 1 : !axes.includes(axis)));
  if (countOf(dims) !== value.data.length) throw new NotEvaluable();
  return [{ ...value, dims }];
};

const unsqueeze: Evaluator = (evaluation) => {
  const value = evaluation.input(0);
  const axes = evaluation.list('axes', 1);
  if (axes === undefined) throw new NotEvaluable();
  const rank = value.dims.length + axes.length;
  const fronts = new Set(axes.map((axis) => frontAxis(axis, rank)));
  if (fronts.size !== axes.length) throw new NotEvaluable();
  const own = [...value.dims];
  const dims = Array.from({ length: rank }, (_, axis) => (fronts.has(axis) ? 1 : own.shift()!));
  return [{ ...value, dims }];
};

/** Operators that give the same elements other dims. */
export const RESHAPES: readonly (readonly [string, Evaluator])[] = [
  ['Reshape', reshape],
  ['Flatten', flatten],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Identity', (evaluation) => [evaluation.input(0)]],
];
