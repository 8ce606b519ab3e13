// SPDX-License-Identifier: Apache-2.0
// Operators with weights. Their inputs and outputs can be scaled independently: the weights make up for both.

import { intAttribute } from '../../onnx/graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { BY_COLUMN, BY_ROW, weightGrid, type Grid } from './channel-grid';
import type { ChannelAnalysis, ChannelRule } from './channel-analysis';
import { singleAxis, type ChannelLayout } from './channel-layout';

/** Conv and ConvTranspose: channels are axis 1 on both sides. */
export const convolutionRule: ChannelRule = (node, analysis) => {
  const rank = analysis.scope.constants.get(node.input[1] ?? '')?.dims.length;
  const layoutOf = (channels: number) => singleAxis(1 - rank!, channels, rank);
  return rank !== undefined && applyWeights(node, analysis, { layoutOf, bias: node.input[2] ?? '' });
};

/**
 * Gemm, and MatMul with constant weights [K, N]: channels are the last axis on both sides. A MatMul of two values is
 * linear in the second one, whose columns are those of the result: that is how attention mixes its values.
 */
export const productRule: ChannelRule = (node, analysis) => {
  if (intAttribute(node, 'transA', 0) !== 0) return false;
  const data = node.input[0]!;
  if (node.opType === 'MatMul' && !analysis.isConstant(node.input[1]!)) return mixRule(node, analysis);
  const rank = node.opType === 'Gemm' ? 2 : analysis.sizesOf(data)?.length;
  const layoutOf = (channels: number) => singleAxis(-1, channels, rank);
  return applyWeights(node, analysis, { layoutOf, bias: node.input[2] ?? '' });
};

interface WeightedSides {
  readonly layoutOf: (channels: number) => ChannelLayout;
  readonly bias: string;
}

function applyWeights(
  node: NodeMessage,
  analysis: ChannelAnalysis,
  { layoutOf, bias }: WeightedSides,
): boolean {
  const { map, scalings, readers } = analysis;
  const [data = '', weight = ''] = node.input;
  const tensor = analysis.parameter(weight);
  const shape = tensor && weightGrid(node, tensor.dims);
  if (shape === undefined || analysis.isConstant(data)) return false;
  if (map.expect(data, layoutOf(shape.inputs)) === undefined) map.block(data);
  else {
    readers.push({ node, tensor: data, weight, grid: shape });
    scalings.push({ parameter: weight, grid: shape.grid, index: shape.input, tensor: data, power: 1 });
  }
  const output = node.output[0]!;
  map.add(output, layoutOf(shape.outputs));
  scalings.push({ parameter: weight, grid: shape.grid, index: shape.output, tensor: output, power: -1 });
  if (bias !== '' && !addVector(bias, output, shape.outputs, analysis)) map.block(output);
  return true;
}

function addVector(name: string, output: string, channels: number, analysis: ChannelAnalysis): boolean {
  const tensor = analysis.parameter(name);
  if (tensor?.dims.at(-1) !== channels || elements(tensor) !== channels) return false;
  const grid: Grid = { rows: 1, columns: channels, inner: 1 };
  analysis.scalings.push({ parameter: name, grid, index: BY_COLUMN, tensor: output, power: -1 });
  return true;
}

/** Rows of the second input are summed over; its columns, and the heads in front of them, stay. */
const mixRule: ChannelRule = (node, { map }) => {
  const [left = '', right = ''] = node.input;
  const values = map.of(right);
  map.block(left);
  if (values === undefined || left === right || values.layout.axes.some(({ axis }) => axis === -2))
    return false;
  map.tie(values, map.add(node.output[0]!, values.layout));
  return true;
};

/**
 * LayerNormalization and RMSNormalization of the last axis, InstanceNormalization: by statistics of the input, which
 * cannot be scaled; gamma and beta make the result.
 */
export const normalizationRule: ChannelRule = (node, analysis) => {
  analysis.blockInputs(node);
  const channels = analysis.parameter(node.input[1])?.dims;
  const rank = analysis.sizesOf(node.input[0]!)?.length;
  const isOfLast = node.opType !== 'InstanceNormalization';
  if (channels?.length !== 1 || (isOfLast ? !normalizesLastAxis(node, rank) : rank === undefined))
    return false;
  makeByVectors(node, analysis, singleAxis(isOfLast ? -1 : 1 - rank!, channels[0]!, rank));
  return true;
};

function normalizesLastAxis(node: NodeMessage, rank: number | undefined): boolean {
  const axis = intAttribute(node, 'axis', -1);
  return axis === -1 || axis + 1 === rank;
}

function makeByVectors(node: NodeMessage, analysis: ChannelAnalysis, layout: ChannelLayout): void {
  const output = node.output[0]!;
  const channels = layout.axes[0]!.size;
  analysis.map.add(output, layout);
  analysis.normalized.add(output);
  const vectors = node.input.slice(1, 3).filter((name) => name !== '');
  if (!vectors.every((name) => addVector(name, output, channels, analysis))) analysis.map.block(output);
}

/** BatchNormalization that could not be folded: `gamma s` and `mean / s` make up for a scaled input. */
export const batchNormalizationRule: ChannelRule = (node, analysis) => {
  const { map, scalings } = analysis;
  const data = map.of(node.input[0]!);
  const [gamma = '', , mean = ''] = node.input.slice(1);
  const isKnown = node.input.slice(1, 4).every((name) => analysis.parameter(name) !== undefined);
  if (data?.layout.axes.length !== 1 || !isKnown || node.output.length > 1) return false;
  if (intAttribute(node, 'training_mode', 0) !== 0) return false;
  makeByVectors(node, analysis, data.layout);
  const grid: Grid = { rows: data.count, columns: 1, inner: 1 };
  const tensor = node.input[0]!;
  scalings.push({ parameter: gamma, grid, index: BY_ROW, tensor, power: 1 });
  scalings.push({ parameter: mean, grid, index: BY_ROW, tensor, power: -1 });
  return true;
};

function elements({ dims }: TensorMessage): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
