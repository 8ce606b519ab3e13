// SPDX-License-Identifier: Apache-2.0
// Reshape and Flatten: the elements keep their order, so channels go where their positions go. Dimensions fall into groups
// with as many elements on both sides; within a group, one axis on each side carries the channels.

import type { NodeMessage } from '../../../onnx/graph/onnx-messages';
import type { AxisRange } from '../axis-slots';
import type { DependencyGraph, Size } from '../dependency-graph';
import { UNKNOWN_SHAPE, type DependencyRule } from './rule';

/** Axes that have the same elements before and behind a Reshape. */
export interface AxisGroup {
  readonly before: readonly number[];
  readonly behind: readonly number[];
}

/** Ways through an axis that is split: it is carried on by the last axis but one (heads), the last, or the first. */
export const SPLIT_WAYS: readonly ((axes: readonly AxisRange[]) => AxisRange)[] = [
  (axes) => axes.at(-2)!,
  (axes) => axes.at(-1)!,
  (axes) => axes[0]!,
];

export const reshape: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const [before, behind] = [graph.dims(data), graph.dims(made)];
  if (before === undefined || behind === undefined) return UNKNOWN_SHAPE;
  for (const group of groupAxes(before, behind)) tieGroup(node, graph, group);
  return undefined;
};

function tieGroup(node: NodeMessage, graph: DependencyGraph, group: AxisGroup): void {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const isOpen = [
    ...group.before.map((axis) => graph.dims(data)![axis]),
    ...group.behind.map((axis) => graph.dims(made)![axis]),
  ].some((size) => typeof size !== 'number');
  if (isOpen) {
    if (group.before.length + group.behind.length === 2)
      return graph.pass(data, group.before[0]!, made, group.behind[0]!);
    tieOpenGroup(node, graph, group);
    return;
  }
  const rangesOf = (name: string, axes: readonly number[]) =>
    axes.map((axis) => graph.slots.of(name, axis)!).filter(({ count }) => count !== 1);
  carry(node, graph, { inputs: rangesOf(data, group.before), outputs: rangesOf(made, group.behind) });
}

/**
 * Of axes of which one has no fixed size, the last ones can be told if one is a multiple of the other: channels split
 * into heads that are merged with the batch. The width of the heads carries them then.
 */
function tieOpenGroup(node: NodeMessage, graph: DependencyGraph, { before, behind }: AxisGroup): void {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const [input, output] = [
    graph.slots.of(data, before.at(-1) ?? -1),
    graph.slots.of(made, behind.at(-1) ?? -1),
  ];
  const isCarried =
    input !== undefined &&
    output !== undefined &&
    Math.max(input.count, output.count) % Math.max(1, Math.min(input.count, output.count)) === 0;
  const reason = `Reshape "${node.name}" mixes it with an axis of no fixed size`;
  for (const axis of isCarried ? before.slice(0, -1) : before) graph.block(data, reason, axis);
  for (const axis of isCarried ? behind.slice(0, -1) : behind) graph.block(made, reason, axis);
  if (!isCarried) return;
  const [large, small] = input.count > output.count ? [input, output] : [output, input];
  for (let i = 0; i < large.count; i++) graph.slots.tie(large.base + i, small.base + (i % small.count));
}

/** Ties the carrying axes of both sides position by position, and blocks the others. */
function carry(
  node: NodeMessage,
  graph: DependencyGraph,
  { inputs, outputs }: { inputs: readonly AxisRange[]; outputs: readonly AxisRange[] },
): void {
  if (inputs.length === 0) return;
  // Of axes that are merged, the one in which something can be removed: what led here has been followed already.
  const from = inputs.find((range) => graph.slots.freeSets(range) > 1) ?? inputs[0]!;
  if (outputs.length > 1) graph.splits.set(node, from);
  const to = outputs.length > 1 ? SPLIT_WAYS[graph.wayOf(node)]!(outputs) : outputs[0]!;
  const reason = `Reshape "${node.name}" takes it together with another axis`;
  for (const range of [...inputs, ...outputs])
    if (range !== from && range !== to) graph.slots.block(range, reason);
  const total = inputs.reduce((product, { count }) => product * count, 1);
  const [a, b] = [coordinate(inputs, from), coordinate(outputs, to)];
  for (let flat = 0; flat < total; flat++) graph.slots.tie(from.base + a(flat), to.base + b(flat));
}

/** Position along one of the axes of an element, by its position among all. */
function coordinate(axes: readonly AxisRange[], axis: AxisRange): (flat: number) => number {
  const inner = axes.slice(axes.indexOf(axis) + 1).reduce((product, { count }) => product * count, 1);
  return (flat) => Math.floor(flat / inner) % axis.count;
}

/** The smallest groups of neighbouring axes that have the same number of elements before and behind. */
export function groupAxes(before: readonly Size[], behind: readonly Size[]): AxisGroup[] {
  const groups: AxisGroup[] = [];
  let [lastBefore, lastBehind] = [before.length, behind.length];
  // From the end, while sizes are numbers: what is dynamic is in front.
  for (;;) {
    const found = closeFromEnd(before.slice(0, lastBefore), behind.slice(0, lastBehind));
    if (found === undefined) break;
    groups.unshift(found);
    lastBefore = found.before[0] ?? lastBefore;
    lastBehind = found.behind[0] ?? lastBehind;
  }
  let first = 0;
  while (
    first < lastBefore &&
    first < lastBehind &&
    before[first] !== undefined &&
    before[first] === behind[first]
  ) {
    groups.splice(first, 0, { before: [first], behind: [first] });
    first++;
  }
  const rest = { before: indices(first, lastBefore), behind: indices(first, lastBehind) };
  if (rest.before.length + rest.behind.length > 0) groups.splice(first, 0, rest);
  return groups;
}

function closeFromEnd(before: readonly Size[], behind: readonly Size[]): AxisGroup | undefined {
  let [i, j] = [before.length - 1, behind.length - 1];
  if (i < 0 || j < 0) return undefined;
  let [left, right] = [before[i], behind[j]];
  while (typeof left === 'number' && typeof right === 'number' && left > 0 && right > 0) {
    if (left === right) return { before: indices(i, before.length), behind: indices(j, behind.length) };
    if (left < right) left = multiply(left, before[--i]);
    else right = multiply(right, behind[--j]);
  }
  return undefined;
}

function multiply(product: number, size: Size): Size {
  return typeof size === 'number' ? product * size : undefined;
}

function indices(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
