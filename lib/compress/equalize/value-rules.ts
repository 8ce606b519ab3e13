// SPDX-License-Identifier: Apache-2.0
// Operators on values: what is homogeneous, f(x / s) = f(x) / s for s > 0, ties the channels of its input and its output.

import { attributeOf } from '../../onnx/graph/graph-walk';
import { elementsOf, readFloats } from '../../onnx/graph/tensor-values';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { BY_COLUMN, type Grid } from './channel-grid';
import type { ChannelAnalysis, ChannelRule } from './channel-analysis';
import { isSameLayout, singleAxis, type ChannelLayout } from './channel-layout';

const FLOAT = 1;

/** Homogeneous value by value. */
export const passRule: ChannelRule = (node, analysis) => analysis.pass(node.input[0]!, node.output[0]!);

/** PRelu: homogeneous if its slopes are constant. */
export const slopeRule: ChannelRule = (node, analysis) =>
  analysis.isConstant(node.input[1]!) && analysis.pass(node.input[0]!, node.output[0]!);

/** Pools, Pad, Resize: homogeneous in the axes behind the channels, which are the second axis. */
export const spatialRule: ChannelRule = (node, analysis) => {
  const layout = analysis.map.of(node.input[0]!)?.layout;
  const isSecond = layout?.axes.length === 1 && layout.axes[0]!.axis === 1 - (layout.rank ?? 0);
  return isSecond && padsWithZero(node, analysis) && analysis.pass(node.input[0]!, node.output[0]!);
};

function padsWithZero(node: NodeMessage, { scope }: ChannelAnalysis): boolean {
  const fill = node.opType === 'Pad' ? (node.input[2] ?? '') : '';
  if (fill === '') return (attributeOf(node, 'value')?.f ?? 0) === 0;
  const constant = scope.constants.get(fill);
  return constant?.dataType === FLOAT && readFloats(constant).every((value) => value === 0);
}

/** Add, Sub, Sum, Max, Min: of values with equal channels, or of one value and a constant per channel. */
export const additionRule: ChannelRule = (node, analysis) => {
  const constants = node.input.filter((name) => analysis.isConstant(name));
  const values = node.input.filter((name) => !analysis.isConstant(name));
  const blocks = values.map((name) => analysis.map.of(name));
  const first = blocks[0];
  const output = node.output[0]!;
  if (
    first === undefined ||
    blocks.some((one) => one === undefined || !isSameLayout(one.layout, first.layout))
  )
    return false;
  const grids = constants
    .map((name) => analysis.parameter(name))
    .map((one) => one && channelGrid(one, first.layout));
  if (grids.some((grid) => grid === undefined)) return false;
  const rank = blocks.find((one) => one!.layout.rank !== undefined)?.layout.rank;
  const sum = analysis.map.add(output, { ...first.layout, rank });
  for (const one of blocks) analysis.map.tie(one!, sum);
  constants.forEach((parameter, index) =>
    analysis.scalings.push({ parameter, grid: grids[index]!, index: BY_COLUMN, tensor: output, power: -1 }),
  );
  return true;
};

/**
 * Mul and Div:
 *
 * 1. by one number: ties both sides;
 * 2. by a constant per channel: the constant makes up for either side, as it does at the end of a normalisation that is
 *    spelled out;
 * 3. by another value, e.g. a gate: ties the side that can be scaled, the other is blocked.
 */
export const multiplicationRule: ChannelRule = (node, analysis) => {
  const [left = '', right = ''] = node.input;
  if (analysis.isConstant(right)) return byConstant(node, left, right, analysis);
  if (node.opType === 'Mul' && analysis.isConstant(left)) return byConstant(node, right, left, analysis);
  return byValue(node, analysis);
};

function byConstant(node: NodeMessage, value: string, constant: string, analysis: ChannelAnalysis): boolean {
  const { map, scalings } = analysis;
  const output = node.output[0]!;
  const tensor = analysis.scope.constantOf(constant)!;
  if (elementsOf(tensor) === 1) return analysis.pass(value, output);
  const layout = map.of(value)?.layout ?? vectorLayout(tensor);
  const grid = layout && analysis.parameter(constant) && channelGrid(tensor, layout);
  if (grid === undefined || map.expect(value, layout!) === undefined) return false;
  map.add(output, layout!);
  const power = node.opType === 'Mul' ? 1 : -1;
  const shared = { parameter: constant, grid, index: BY_COLUMN };
  scalings.push(
    { ...shared, tensor: value, power },
    { ...shared, tensor: output, power: power === 1 ? -1 : 1 },
  );
  analysis.normalized.add(output);
  return true;
}

function byValue(node: NodeMessage, analysis: ChannelAnalysis): boolean {
  const { map } = analysis;
  const [left = '', right = ''] = node.input;
  if (left === right) return false;
  const candidates = node.opType === 'Div' ? [left] : [left, right];
  const scaled =
    candidates.find((name) => !map.isWhollyBlocked(name)) ?? candidates.find((name) => map.of(name));
  if (scaled === undefined) return false;
  map.block(scaled === left ? right : left);
  return analysis.pass(scaled, node.output[0]!);
}

/** A constant whose only axis of more than one element tells where the channels lie. */
function vectorLayout({ dims }: TensorMessage): ChannelLayout | undefined {
  const large = dims.flatMap((size, index) => (size > 1 ? [{ axis: index - dims.length, size }] : []));
  return large.length === 1 ? singleAxis(large[0]!.axis, large[0]!.size) : undefined;
}

/** The grid of a constant with one value per channel at least: its columns are the channels. */
function channelGrid({ dims }: TensorMessage, layout: ChannelLayout): Grid | undefined {
  const [{ axis, size }] = layout.axes as [{ axis: number; size: number }];
  const at = dims.length + axis;
  if (layout.axes.length !== 1 || at < 0 || dims[at] !== size) return undefined;
  const product = (list: readonly number[]) => list.reduce((total, dim) => total * dim, 1);
  return { rows: product(dims.slice(0, at)), columns: size, inner: product(dims.slice(at + 1)) };
}
