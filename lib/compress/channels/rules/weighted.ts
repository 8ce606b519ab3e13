// SPDX-License-Identifier: Apache-2.0
// Operators with weights, and normalisations.

import { intAttribute } from '../../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../../onnx/graph/onnx-messages';
import type { AxisRange } from '../axis-slots';
import type { DependencyGraph } from '../dependency-graph';
import { axisOf, hasFurtherOutputs, UNKNOWN_SHAPE, type DependencyRule, type DependencyRules } from './rule';

interface Convolution {
  /** Undefined where the model does not say how many channels it reads. */
  readonly input: AxisRange | undefined;
  readonly output: AxisRange;
  readonly groups: number;
  /** Axis of the weights that counts inputs, of a group for Conv; outputs lie along the other one. */
  readonly inputAxis: 0 | 1;
}

/** Conv and ConvTranspose: channels are the second axis on both sides; windows are not cut. */
const convolution: DependencyRule = (node, graph) => {
  const [data = '', weight = '', bias = ''] = node.input;
  const [made = ''] = node.output;
  const { slots } = graph;
  const [input, output] = [slots.of(data, 1), slots.of(made, 1)];
  const rank = graph.dims(weight)?.length;
  const groups = intAttribute(node, 'group', 1);
  const isTransposed = node.opType === 'ConvTranspose';
  if (output === undefined || rank === undefined) return UNKNOWN_SHAPE;
  if (!graph.isConstant(weight)) return 'its weights are computed';
  const inner = slots.of(weight, 1)!.count;
  const counted = isTransposed ? output : input;
  if (counted !== undefined && counted.count / groups !== inner) return 'its weights do not fit its input';
  graph.pass(data, 0, made, 0);
  for (let axis = 2; axis < rank; axis++)
    for (const name of [data, made, weight]) graph.block(name, 'it is convolved', axis);
  if (bias !== '') graph.pass(bias, 0, made, 1);
  const sides: Convolution = { input, output, groups, inputAxis: isTransposed ? 0 : 1 };
  if (groups === 1) tieUngrouped(node, graph, sides);
  else if (input === undefined) return UNKNOWN_SHAPE;
  else tieGroups(node, graph, { ...sides, input });
  return undefined;
};

function tieUngrouped(node: NodeMessage, graph: DependencyGraph, { inputAxis }: Convolution): void {
  const [tensor = '', weight = ''] = node.input;
  const [output = ''] = node.output;
  const outputAxis = 1 - inputAxis;
  graph.pass(tensor, 1, weight, inputAxis);
  graph.pass(output, 1, weight, outputAxis);
  graph.readers.push({ node, weight, weightAxis: inputAxis, tensor, axis: 1 });
  graph.makers.push({ node, weight, weightAxis: outputAxis, tensor: output, axis: 1 });
}

/**
 * Either whole groups go, input and outputs of each together, or equally many channels of each group. Depth-wise
 * convolutions, and others with more groups than channels in each, lose whole groups.
 */
function tieGroups(
  node: NodeMessage,
  graph: DependencyGraph,
  sides: Convolution & { readonly input: AxisRange },
): void {
  const { input, output, groups, inputAxis } = sides;
  const [tensor = '', weight = ''] = node.input;
  const [made = ''] = node.output;
  const { slots } = graph;
  const [inputs, outputs] = [input.count / groups, output.count / groups];
  const [rows, columns] = [slots.of(weight, 0)!, slots.of(weight, 1)!];
  if (groups >= Math.min(inputs, outputs)) {
    graph.wholeGroups.add(node);
    const [perRow, first] = inputAxis === 1 ? [outputs, output] : [inputs, input];
    for (let group = 0; group < groups; group++) {
      for (let i = 0; i < perRow; i++) slots.tie(rows.base + group * perRow, rows.base + group * perRow + i);
      for (let i = 0; i < inputs; i++) slots.tie(rows.base + group * perRow, input.base + group * inputs + i);
      for (let i = 0; i < outputs; i++)
        slots.tie(rows.base + group * perRow, output.base + group * outputs + i);
    }
    slots.tieRanges(rows, first);
    slots.block(columns, 'it is inside a group');
    graph.makers.push({ node, weight, weightAxis: 0, tensor: made, axis: 1 });
    return;
  }
  const [perGroup, outer] = inputAxis === 1 ? [input, output] : [output, input];
  for (let i = 0; i < perGroup.count; i++) slots.tie(perGroup.base + i, columns.base + (i % columns.count));
  slots.tieRanges(rows, outer);
  const each = rows.count / groups;
  for (let i = 0; i < rows.count; i++) slots.tie(rows.base + i, rows.base + (i % each));
  graph.readers.push({ node, weight, weightAxis: inputAxis, tensor, axis: 1 });
  graph.makers.push({ node, weight, weightAxis: 1 - inputAxis, tensor: made, axis: 1 });
}

/** Gemm: A [M, K] and B [K, N], either of them turned. */
const gemm: DependencyRule = (node, graph) => {
  const [a = '', b = '', c = ''] = node.input;
  const [made = ''] = node.output;
  const dims = graph.dims(made);
  if (dims?.length !== 2 || graph.dims(a)?.length !== 2 || graph.dims(b)?.length !== 2) return UNKNOWN_SHAPE;
  const [rowsOfA, innerOfA] = intAttribute(node, 'transA', 0) === 1 ? [1, 0] : [0, 1];
  const [innerOfB, columnsOfB] = intAttribute(node, 'transB', 0) === 1 ? [1, 0] : [0, 1];
  graph.pass(a, rowsOfA, made, 0);
  graph.pass(b, columnsOfB, made, 1);
  graph.pass(a, innerOfA, b, innerOfB);
  addProduct(node, graph, { a: [a, innerOfA, rowsOfA, 0], b: [b, innerOfB, columnsOfB, 1] });
  if (c === '') return undefined;
  const bias = graph.dims(c);
  if (bias === undefined) return UNKNOWN_SHAPE;
  bias.forEach((size, axis) => {
    const to = axis + 2 - bias.length;
    if (size !== 1 || dims[to] === 1) graph.pass(c, axis, made, to);
  });
  return undefined;
};

/** A tensor of a product, the axis that is summed over, the other one, and the axis of the result that this makes. */
type Factor = readonly [tensor: string, inner: number, outer: number, made: number];

/** Notes where sums are taken, and where weights make channels. */
function addProduct(node: NodeMessage, graph: DependencyGraph, { a, b }: { a: Factor; b: Factor }): void {
  const [isConstantA, isConstantB] = [graph.isConstant(a[0]), graph.isConstant(b[0])];
  const output = node.output[0]!;
  for (const [weights, values] of [
    ...(isConstantB ? [[b, a] as const] : []),
    ...(isConstantA ? [[a, b] as const] : []),
  ]) {
    const [weight] = weights;
    graph.readers.push({ node, weight, weightAxis: weights[1], tensor: values[0], axis: values[1] });
    graph.makers.push({ node, weight, weightAxis: weights[2], tensor: output, axis: weights[3] });
  }
  if (!isConstantA && !isConstantB)
    graph.readers.push({ node, weight: undefined, weightAxis: 0, tensor: a[0], axis: a[1] });
}

/** MatMul of matrices, or of stacks of them whose leading axes are broadcast. */
const matMul: DependencyRule = (node, graph) => {
  const [a = '', b = ''] = node.input;
  const [made = ''] = node.output;
  const [left, right, target] = [graph.dims(a), graph.dims(b), graph.dims(made)];
  if (left === undefined || right === undefined || target === undefined) return UNKNOWN_SHAPE;
  if (left.length < 2 || right.length < 2) return 'it multiplies a vector';
  const rank = target.length;
  for (const [name, dims] of [
    [a, left],
    [b, right],
  ] as const) {
    for (let axis = 0; axis < dims.length - 2; axis++) {
      const to = axis + rank - dims.length;
      if (dims[axis] === 1 && target[to] !== 1) continue;
      graph.pass(name, axis, made, to);
      const range = graph.slots.of(made, to);
      if (range !== undefined && !graph.isConstant(name)) graph.sideBySide.push(range);
    }
  }
  graph.pass(a, left.length - 2, made, rank - 2);
  graph.pass(b, right.length - 1, made, rank - 1);
  graph.pass(a, left.length - 1, b, right.length - 2);
  addProduct(node, graph, {
    a: [a, left.length - 1, left.length - 2, rank - 2],
    b: [b, right.length - 2, right.length - 1, rank - 1],
  });
  return undefined;
};

/** Scale, bias, mean and variance belong to the second axis. */
const batchNormalization: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  if (hasFurtherOutputs(node) || intAttribute(node, 'training_mode', 0) !== 0)
    return 'it is in training mode';
  if ((graph.dims(data)?.length ?? 0) < 2) return UNKNOWN_SHAPE;
  graph.passAll(data, made);
  for (const name of node.input.slice(1)) graph.pass(name, 0, data, 1);
  return undefined;
};

/** Statistics of each channel over the axes behind it. */
const instanceNormalization: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const rank = graph.dims(data)?.length;
  if (rank === undefined) return UNKNOWN_SHAPE;
  graph.passAll(data, node.output[0]!);
  for (const name of node.input.slice(1)) graph.pass(name, 0, data, 1);
  for (let axis = 2; axis < rank; axis++) graph.block(data, 'it is normalised over', axis);
  return undefined;
};

/** Statistics over the channels of a group: whole groups go. */
const groupNormalization: DependencyRule = (node, graph) => {
  const [data = '', scale = '', bias = ''] = node.input;
  const channels = graph.slots.of(data, 1);
  const rank = graph.dims(data)?.length;
  const groups = intAttribute(node, 'num_groups', 0);
  if (channels === undefined || rank === undefined || channels.count % groups !== 0) return UNKNOWN_SHAPE;
  const each = channels.count / groups;
  graph.passAll(data, node.output[0]!);
  for (let axis = 2; axis < rank; axis++) graph.block(data, 'it is normalised over', axis);
  for (let i = 0; i < channels.count; i++) graph.slots.tie(channels.base + i, channels.base + i - (i % each));
  for (const name of [scale, bias]) {
    const range = graph.slots.of(name, 0);
    // One for each group until opset 20, one for each channel from 21 on.
    if (range?.count !== groups && range?.count !== channels.count) return UNKNOWN_SHAPE;
    const perChannel = channels.count / range.count;
    for (let i = 0; i < channels.count; i++)
      graph.slots.tie(channels.base + i, range.base + Math.floor(i / perChannel));
  }
  return undefined;
};

/** Statistics over the last axes: nothing can be removed from them without changing all others. */
const lastAxesNormalization: DependencyRule = (node, graph) => {
  const [data = '', ...parameters] = node.input;
  const rank = graph.dims(data)?.length;
  if (rank === undefined) return UNKNOWN_SHAPE;
  if (hasFurtherOutputs(node)) return 'it hands out its statistics';
  graph.passAll(data, node.output[0]!);
  for (const name of parameters) {
    const dims = graph.dims(name);
    if (name === '') continue;
    if (dims === undefined) return UNKNOWN_SHAPE;
    dims.forEach((size, axis) => {
      if (size !== 1) graph.pass(name, axis, data, axis + rank - dims.length);
    });
  }
  for (let axis = axisOf(node, -1, rank); axis < rank; axis++)
    graph.block(data, `${node.opType} takes its statistics over it`, axis);
  return undefined;
};

export const WEIGHTED_RULES: DependencyRules = {
  Conv: convolution,
  ConvTranspose: convolution,
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LayerNormalization: lastAxesNormalization,
  RMSNormalization: lastAxesNormalization,
};
