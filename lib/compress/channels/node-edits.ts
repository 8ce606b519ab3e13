// SPDX-License-Identifier: Apache-2.0
// What nodes say of sizes and positions themselves, after something was removed.

import { attributeOf } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import { sliceSpan } from '../../onnx/infer/slice-span';
import { cutsOf } from './rules/movement';
import { axisOf, frontAxis } from './rules/rule';
import { copiesZeros } from './rules/shape-arithmetic';
import type { Removal } from './removal';

type NodeEdit = (node: NodeMessage, removal: Removal) => void;

/** Whole groups are gone: there are fewer of them. */
const convolution: NodeEdit = (node, removal) => {
  const output = node.output[0]!;
  const kept = removal.kept(output, 1);
  const group = attributeOf(node, 'group');
  if (kept === undefined || group === undefined || !removal.analysis.wholeGroups.has(node)) return;
  const before = removal.analysis.slots.of(output, 1)!.count;
  group.i = BigInt((Number(group.i) * kept.length) / before);
};

const groupNormalization: NodeEdit = (node, removal) => {
  const kept = removal.kept(node.input[0]!, 1);
  const groups = attributeOf(node, 'num_groups');
  if (kept === undefined || groups === undefined) return;
  const before = removal.analysis.slots.of(node.input[0]!, 1)!.count;
  groups.i = BigInt((Number(groups.i) * kept.length) / before);
};

/** The target of a Reshape or an Expand, whose position among the inputs is 1. */
const target: NodeEdit = (node, removal) => {
  const [output = ''] = node.output;
  const name = node.input[1] ?? '';
  if (!removal.touches(output) || name === '') return;
  const { analysis } = removal;
  const given = analysis.numbers(name);
  const isReshape = node.opType === 'Reshape';
  const sizes = analysis.dims(output)!.map((_, axis) => removal.sizeOf(output, axis));
  if (given !== undefined) {
    // -1 and 1 stay what they are, and so do zeros, which copy a size, unless it is another one now.
    const shift = sizes.length - given.length;
    const written = given.map((entry, index) => {
      const size = removal.kept(output, index + shift)?.length;
      return entry === -1 || size === undefined ? entry : size;
    });
    node.input[1] = removal.wholeNumbers(name, written);
    return;
  }
  const open = sizes.flatMap((size, axis) => (typeof size === 'number' ? [] : [axis]));
  const copied = (axis: number) => sameAxis(node, axis, removal);
  if (isReshape && open.length <= 1) {
    node.input[1] = removal.wholeNumbers(
      name,
      sizes.map((size) => (typeof size === 'number' ? size : -1)),
    );
  } else if (isReshape && copiesZeros(node) && open.filter((axis) => !copied(axis)).length <= 1) {
    node.input[1] = removal.wholeNumbers(
      name,
      sizes.map((size, axis) => (typeof size === 'number' ? size : copied(axis) ? 0 : -1)),
    );
  } else node.input[1] = patchedTarget(node, name, removal);
};

/** True where an axis of the result has the symbol of the axis at the same place before. */
function sameAxis(node: NodeMessage, axis: number, { analysis }: Removal): boolean {
  const [before, behind] = [analysis.dims(node.input[0])?.[axis], analysis.dims(node.output[0])?.[axis]];
  return before !== undefined && before === behind;
}

/** The computed target, with numbers in the place of sizes that are known. */
function patchedTarget(node: NodeMessage, shape: string, removal: Removal): string {
  const [output = ''] = node.output;
  const parts = removal.analysis.dims(output)!.map((_, axis) => {
    const size = removal.sizeOf(output, axis);
    if (typeof size === 'number') return removal.wholeNumbers(shape, [size]);
    const part = removal.name(`${shape}_${axis}`);
    const index = removal.wholeNumbers(shape, [axis]);
    removal.insertBefore(
      node,
      makeNode({ op: 'Gather', name: part, inputs: [shape, index], outputs: [part] }),
    );
    return part;
  });
  const joined = removal.name(`${shape}_cut`);
  removal.insertBefore(
    node,
    makeNode({ op: 'Concat', name: joined, inputs: parts, outputs: [joined], ints: { axis: 0 } }),
  );
  return joined;
}

/** Sizes of a Resize, of all axes or of those that it names. */
const resize: NodeEdit = (node, removal) => {
  const [output = ''] = node.output;
  const name = node.input[3] ?? '';
  if (name === '' || !removal.touches(output)) return;
  const rank = removal.analysis.dims(output)!.length;
  const axes = attributeOf(node, 'axes')?.ints.map((axis) => frontAxis(Number(axis), rank));
  const given = removal.analysis.numbers(name);
  if (given === undefined) {
    node.input[3] = patchedTarget(node, name, removal);
    return;
  }
  const written = given.map((size, index) => removal.kept(output, axes?.[index] ?? index)?.length ?? size);
  node.input[3] = removal.wholeNumbers(name, written);
};

/** Parts of a Split that are no longer equal, or that were given. */
const split: NodeEdit = (node, removal) => {
  const [data = ''] = node.input;
  const rank = removal.analysis.dims(data)?.length ?? 0;
  const axis = axisOf(node, 0, rank);
  if (removal.kept(data, axis) === undefined) return;
  const sizes = node.output.map((name) => removal.sizeOf(name, axis) as number);
  const attribute = attributeOf(node, 'split');
  if (attribute !== undefined) attribute.ints = sizes.map(BigInt);
  else if (removal.analysis.opset < 13)
    node.attribute.push({ name: 'split', type: 7, ints: sizes.map(BigInt), floats: [], graphs: [] });
  else {
    node.input = [data, removal.wholeNumbers(node.input[1] ?? `${data}_parts`, sizes)];
    node.attribute = node.attribute.filter(({ name }) => name !== 'num_outputs');
  }
};

const slice: NodeEdit = (node, removal) => {
  const [data = ''] = node.input;
  const bounds = [
    [...(removal.analysis.numbersOf(node, 'starts', 1) ?? [])],
    [...(removal.analysis.numbersOf(node, 'ends', 2) ?? [])],
  ] as [number[], number[]];
  let isChanged = false;
  for (const cut of cutsOf(node, removal.analysis) ?? []) {
    const kept = removal.kept(data, cut.axis);
    if (kept === undefined || !('step' in cut)) continue;
    const { first, length } = sliceSpan(
      removal.analysis.slots.of(data, cut.axis)!.count,
      cut.start,
      cut.end,
      1,
    );
    bounds[0][cut.index] = kept.filter((position) => position < first).length;
    bounds[1][cut.index] = kept.filter((position) => position < first + length).length;
    isChanged = true;
  }
  if (!isChanged) return;
  ['starts', 'ends'].forEach((name, index) => {
    const attribute = attributeOf(node, name);
    if (attribute !== undefined) attribute.ints = bounds[index as 0 | 1].map(BigInt);
    else node.input[index + 1] = removal.wholeNumbers(node.input[index + 1]!, bounds[index as 0 | 1]);
  });
};

/** Positions that a Gather picks, where some are gone. */
const gather: NodeEdit = (node, removal) => {
  const [data = '', indices = ''] = node.input;
  const axis = axisOf(node, 0, removal.analysis.dims(data)?.length ?? 0);
  const kept = removal.kept(data, axis);
  const list = removal.analysis.numbers(indices);
  if (kept === undefined || list === undefined) return;
  const size = removal.analysis.slots.of(data, axis)!.count;
  const moved = list.map((index) => kept.indexOf(frontAxis(index, size))).filter((index) => index >= 0);
  node.input[1] = removal.wholeNumbers(indices, moved);
};

/** New channels of zeros that are gone. */
const pad: NodeEdit = (node, removal) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  if (!removal.touches(made)) return;
  const pads = [...(removal.analysis.numbersOf(node, 'pads', 1) ?? [])];
  const rank = pads.length / 2;
  for (let axis = 0; axis < rank; axis++) {
    const kept = removal.kept(made, axis);
    const before = pads[axis]!;
    if (kept === undefined || (before === 0 && pads[axis + rank] === 0)) continue;
    const end = before + removal.analysis.slots.of(data, axis)!.count;
    pads[axis] = kept.filter((position) => position < before).length;
    pads[axis + rank] = kept.filter((position) => position >= end).length;
  }
  const attribute = attributeOf(node, 'pads');
  if (attribute !== undefined) attribute.ints = pads.map(BigInt);
  else node.input[1] = removal.wholeNumbers(node.input[1]!, pads);
};

/** By operator: what a node says of sizes. */
export const NODE_EDITS: Readonly<Record<string, NodeEdit | undefined>> = {
  Conv: convolution,
  ConvTranspose: convolution,
  GroupNormalization: groupNormalization,
  Reshape: target,
  Expand: target,
  Resize: resize,
  Split: split,
  Slice: slice,
  Gather: gather,
  Pad: pad,
};
