// SPDX-License-Identifier: Apache-2.0
// Operators that compute each element from those at the same place.

import type { DependencyGraph } from '../dependency-graph';
import {
  axisOf,
  frontAxis,
  hasFurtherOutputs,
  UNKNOWN_SHAPE,
  type DependencyRule,
  type DependencyRules,
} from './rule';

/** Any number of inputs, broadcast to each other. */
export const elementwise: DependencyRule = (node, graph) => {
  const [output = ''] = node.output;
  const target = graph.dims(output);
  const inputs = node.input.filter((name) => name !== '');
  if (target === undefined || inputs.some((name) => graph.dims(name) === undefined)) return UNKNOWN_SHAPE;
  for (const name of inputs) {
    const dims = graph.dims(name)!;
    const shift = target.length - dims.length;
    dims.forEach((size, axis) => {
      const isSpread = size === 1 && target[axis + shift] !== 1;
      if (!isSpread) graph.pass(name, axis, output, axis + shift);
    });
  }
  return undefined;
};

/** Each further output has the shape of the first, as the mask of Dropout. */
const dropout: DependencyRule = (node, graph) => {
  for (const output of node.output) if (output !== '') graph.passAll(node.input[0]!, output);
  return undefined;
};

/** All along an axis decides on each element: Softmax and the like. */
const alongAxis: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const rank = graph.dims(data)?.length;
  if (rank === undefined) return UNKNOWN_SHAPE;
  const isOld = graph.opset < 13;
  const first = axisOf(node, isOld ? 1 : -1, rank);
  // Old ones flatten all axes from the given one on.
  const end = isOld ? rank : first + 1;
  graph.passAll(data, node.output[0]!);
  for (let axis = first; axis < end; axis++) graph.block(data, `${node.opType} is computed over it`, axis);
  return undefined;
};

const lpNormalization: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const rank = graph.dims(data)?.length;
  if (rank === undefined) return UNKNOWN_SHAPE;
  graph.passAll(data, node.output[0]!);
  graph.block(data, `${node.opType} is computed over it`, axisOf(node, -1, rank));
  return undefined;
};

/** Axes that a node names are gone or of size one behind it; the others stay. */
function reduce(
  graph: DependencyGraph,
  io: { from: string; to: string },
  axes: readonly number[],
  keeps: boolean,
): void {
  const rank = graph.dims(io.from)!.length;
  let to = 0;
  for (let axis = 0; axis < rank; axis++) {
    if (axes.includes(axis)) {
      graph.block(io.from, 'it is reduced to one value', axis);
      if (keeps) to++;
    } else graph.pass(io.from, axis, io.to, to++);
  }
}

const reduction: DependencyRule = (node, graph) => {
  const [from = ''] = node.input;
  const [to = ''] = node.output;
  const rank = graph.dims(from)?.length;
  if (rank === undefined || graph.dims(to) === undefined) return UNKNOWN_SHAPE;
  const given = graph.numbersOf(node, 'axes', 1);
  if (given === undefined && (node.input[1] ?? '') !== '') return 'its axes are computed';
  if (given === undefined || given.length === 0) return 'it reduces all axes';
  const keeps = node.attribute.find(({ name }) => name === 'keepdims')?.i !== 0n;
  reduce(
    graph,
    { from, to },
    given.map((axis) => frontAxis(axis, rank)),
    keeps,
  );
  return undefined;
};

const argument: DependencyRule = (node, graph) => {
  const [from = ''] = node.input;
  const rank = graph.dims(from)?.length;
  if (rank === undefined || graph.dims(node.output[0]) === undefined) return UNKNOWN_SHAPE;
  const keeps = node.attribute.find(({ name }) => name === 'keepdims')?.i !== 0n;
  reduce(graph, { from, to: node.output[0]! }, [axisOf(node, 0, rank)], keeps);
  return undefined;
};

/** Pools: channels are the second axis, those behind it are windows. */
const pool: DependencyRule = (node, graph) => {
  const [from = ''] = node.input;
  const [to = ''] = node.output;
  const rank = graph.dims(from)?.length;
  if (rank === undefined || graph.dims(to)?.length !== rank) return UNKNOWN_SHAPE;
  if (hasFurtherOutputs(node)) return 'it makes indices too';
  graph.pass(from, 0, to, 0);
  graph.pass(from, 1, to, 1);
  for (let axis = 2; axis < rank; axis++) {
    graph.block(from, 'it is pooled', axis);
    graph.block(to, 'it is pooled', axis);
  }
  return undefined;
};

const named = (names: string, rule: DependencyRule): DependencyRules =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

export const ELEMENTWISE_RULES: DependencyRules = {
  ...named(
    'Abs Acos Acosh Asin Asinh Atan Atanh Cast Ceil Celu Clip Cos Cosh Elu Erf Exp Floor Gelu',
    elementwise,
  ),
  ...named(
    'HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round',
    elementwise,
  ),
  ...named(
    'Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu',
    elementwise,
  ),
  ...named('Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or', elementwise),
  ...named('PRelu Pow Sub Sum Where Xor', elementwise),
  Dropout: dropout,
  ...named('Softmax LogSoftmax Hardmax', alongAxis),
  LpNormalization: lpNormalization,
  ...named(
    'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd',
    reduction,
  ),
  ...named('ReduceSum ReduceSumSquare', reduction),
  ...named('ArgMax ArgMin', argument),
  ...named('MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool', pool),
};
