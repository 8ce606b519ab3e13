// SPDX-License-Identifier: Apache-2.0
// Operators that move, join, cut and repeat.

import { attributeOf, intAttribute } from '../../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../../onnx/graph/onnx-messages';
import { sliceSpan } from '../../../onnx/infer/slice-span';
import type { DependencyGraph, Size } from '../dependency-graph';
import { axisOf, frontAxis, UNKNOWN_SHAPE, type DependencyRule, type DependencyRules } from './rule';

const transpose: DependencyRule = (node, graph) => {
  const [from = ''] = node.input;
  const rank = graph.dims(from)?.length;
  if (rank === undefined) return UNKNOWN_SHAPE;
  const order = attributeOf(node, 'perm')?.ints.map(Number);
  for (let axis = 0; axis < rank; axis++)
    graph.pass(from, order?.[axis] ?? rank - 1 - axis, node.output[0]!, axis);
  return undefined;
};

/** Squeeze and Unsqueeze with given axes: without them, an axis with one channel left would go too. */
const unitAxes: DependencyRule = (node, graph) => {
  const [from = ''] = node.input;
  const [to = ''] = node.output;
  const isGrowing = node.opType === 'Unsqueeze';
  const [long, short] = isGrowing ? [to, from] : [from, to];
  const rank = graph.dims(long)?.length;
  if (rank === undefined || graph.dims(short) === undefined) return UNKNOWN_SHAPE;
  const axes = graph.numbersOf(node, 'axes', 1)?.map((axis) => frontAxis(axis, rank));
  if (axes === undefined) return 'its axes are not given';
  let at = 0;
  for (let axis = 0; axis < rank; axis++) {
    if (axes.includes(axis)) graph.block(long, 'it has one position', axis);
    else if (isGrowing) graph.pass(from, at++, to, axis);
    else graph.pass(from, axis, to, at++);
  }
  return undefined;
};

const concat: DependencyRule = (node, graph) => {
  const [to = ''] = node.output;
  const rank = graph.dims(to)?.length;
  if (rank === undefined) return UNKNOWN_SHAPE;
  const joined = axisOf(node, 1, rank);
  const target = graph.slots.of(to, joined);
  let from = 0;
  for (const name of node.input) {
    if (graph.dims(name)?.length !== rank) return UNKNOWN_SHAPE;
    for (let axis = 0; axis < rank; axis++) if (axis !== joined) graph.pass(name, axis, to, axis);
    const part = graph.slots.of(name, joined);
    if (part === undefined || target === undefined) {
      graph.block(to, 'a part of it has no fixed size', joined);
      for (const one of node.input) graph.block(one, 'it is joined to what has no fixed size', joined);
      return undefined;
    }
    for (let i = 0; i < part.count; i++) graph.slots.tie(target.base + from + i, part.base + i);
    from += part.count;
  }
  return undefined;
};

const split: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const rank = graph.dims(data)?.length;
  if (rank === undefined || node.output.some((name) => graph.dims(name)?.length !== rank))
    return UNKNOWN_SHAPE;
  const cut = axisOf(node, 0, rank);
  const source = graph.slots.of(data, cut);
  let from = 0;
  for (const name of node.output) {
    for (let axis = 0; axis < rank; axis++) if (axis !== cut) graph.pass(data, axis, name, axis);
    const part = graph.slots.of(name, cut);
    if (source === undefined || part === undefined) return 'it splits an axis of no fixed size';
    for (let i = 0; i < part.count; i++) graph.slots.tie(source.base + from + i, part.base + i);
    from += part.count;
  }
  if ((node.input[1] ?? '') !== '' && !graph.isConstant(node.input[1]))
    graph.block(data, 'its parts are computed', cut);
  return undefined;
};

/** A cut of a Slice along one axis, with constant bounds. */
export interface Cut {
  readonly axis: number;
  /** Position in the lists of starts and ends. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** The cuts of a Slice: of which axes is known, by which bounds only where they are constants. */
export function cutsOf(node: NodeMessage, graph: DependencyGraph): (Cut | { axis: number })[] | undefined {
  const rank = graph.dims(node.input[0])?.length ?? 0;
  const starts = graph.numbersOf(node, 'starts', 1);
  const ends = graph.numbersOf(node, 'ends', 2);
  const steps = graph.numbers(node.input[4]);
  const hasAxes = (node.input[3] ?? '') !== '' || attributeOf(node, 'axes') !== undefined;
  const axes = graph.numbersOf(node, 'axes', 3);
  const hasSteps = (node.input[4] ?? '') !== '';
  const count = axes?.length ?? (hasAxes ? undefined : (starts ?? ends)?.length);
  if (count === undefined) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const axis = frontAxis(axes?.[index] ?? index, rank);
    const [start, end] = [starts?.[index], ends?.[index]];
    const step = hasSteps ? steps?.[index] : 1;
    if (start === undefined || end === undefined || step === undefined) return { axis };
    return { axis, index, start, end, step };
  });
}

const slice: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const rank = graph.dims(data)?.length;
  const cuts = cutsOf(node, graph);
  if (rank === undefined || graph.dims(made)?.length !== rank) return UNKNOWN_SHAPE;
  if (cuts === undefined) return 'its axes are computed';
  for (let axis = 0; axis < rank; axis++) {
    const cut = cuts.find((one) => one.axis === axis);
    if (cut === undefined) graph.pass(data, axis, made, axis);
    else tieCut(cut, axis, { data, made, graph });
  }
  return undefined;
};

function tieCut(
  cut: Cut | { axis: number },
  axis: number,
  { data, made, graph }: { data: string; made: string; graph: DependencyGraph },
): void {
  const [source, part] = [graph.slots.of(data, axis), graph.slots.of(made, axis)];
  if ('step' in cut && cut.step === 1 && source !== undefined && part !== undefined) {
    const span = sliceSpan(source.count, cut.start, cut.end, 1);
    if (span.length === part.count) {
      for (let i = 0; i < part.count; i++) graph.slots.tie(source.base + span.first + i, part.base + i);
      return;
    }
  }
  const reason =
    'step' in cut && cut.step !== 1
      ? `a Slice takes every ${cut.step} of it`
      : 'a Slice cuts it by computed bounds';
  graph.block(data, reason, axis);
  graph.block(made, reason, axis);
}

/** Rows of a table by computed indices, or a constant choice of channels. */
const gather: DependencyRule = (node, graph) => {
  const [data = '', indices = ''] = node.input;
  const [made = ''] = node.output;
  const [dims, picked] = [graph.dims(data), graph.dims(indices)];
  if (dims === undefined || picked === undefined || graph.dims(made) === undefined) return UNKNOWN_SHAPE;
  const axis = axisOf(node, 0, dims.length);
  for (let at = 0; at < dims.length; at++)
    if (at !== axis) graph.pass(data, at, made, at < axis ? at : at + picked.length - 1);
  const source = graph.slots.of(data, axis);
  const list = graph.numbers(indices);
  if (list === undefined || source === undefined) {
    graph.block(data, 'indices that are computed point into it', axis);
    picked.forEach((_, at) => graph.pass(indices, at, made, axis + at));
    graph.block(indices, 'it holds indices');
    return undefined;
  }
  const target = picked.length === 1 ? graph.slots.of(made, axis) : undefined;
  picked.forEach((_, at) => {
    if (target === undefined) graph.block(made, 'a Gather makes it', axis + at);
  });
  const scattered = target === undefined ? 'a Gather picks single positions of it' : undefined;
  if (scattered !== undefined) graph.block(data, scattered, axis);
  list.forEach((index, at) => {
    const from = source.base + frontAxis(index, source.count);
    if (target !== undefined) graph.slots.tie(from, target.base + at);
  });
  return undefined;
};

/** Pads of what is not cut; new channels of zeros go with those that they are added to. */
const pad: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const dims = graph.dims(data);
  if (dims === undefined || graph.dims(made)?.length !== dims.length) return UNKNOWN_SHAPE;
  const pads = graph.numbersOf(node, 'pads', 1);
  const hasAxes = (node.input[3] ?? '') !== '';
  if (pads === undefined || hasAxes)
    return pads === undefined ? 'its pads are computed' : 'its axes are given apart';
  const mode = attributeOf(node, 'mode')?.s;
  const isConstant = mode === undefined || new TextDecoder().decode(mode) === 'constant';
  dims.forEach((_: Size, axis) => {
    const [before, after] = [pads[axis]!, pads[axis + dims.length]!];
    if (before === 0 && after === 0) return graph.pass(data, axis, made, axis);
    const [source, target] = [graph.slots.of(data, axis), graph.slots.of(made, axis)];
    if (!isConstant || before < 0 || after < 0 || source === undefined || target === undefined) {
      graph.block(data, 'it is padded', axis);
      graph.block(made, 'it is padded', axis);
      return;
    }
    for (let i = 0; i < source.count; i++) graph.slots.tie(source.base + i, target.base + before + i);
  });
  return undefined;
};

/** Axes of one element are repeated, the others stay. */
const expand: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const [dims, target] = [graph.dims(data), graph.dims(made)];
  if (dims === undefined || target === undefined) return UNKNOWN_SHAPE;
  const shift = target.length - dims.length;
  target.forEach((size, axis) => {
    const own = axis < shift ? 1 : dims[axis - shift];
    if (own === 1 && size !== 1) {
      if (axis >= shift) graph.block(data, 'it is repeated', axis - shift);
    } else if (axis >= shift) graph.pass(data, axis - shift, made, axis);
  });
  return undefined;
};

const tile: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const dims = graph.dims(data);
  const repeats = graph.numbers(node.input[1]);
  if (dims === undefined || graph.dims(made)?.length !== dims.length) return UNKNOWN_SHAPE;
  if (repeats === undefined) return 'its repeats are computed';
  dims.forEach((_: Size, axis) => {
    const [source, target] = [graph.slots.of(data, axis), graph.slots.of(made, axis)];
    if (repeats[axis] === 1) graph.pass(data, axis, made, axis);
    else if (source !== undefined && target?.count === source.count * repeats[axis]!)
      for (let i = 0; i < target.count; i++)
        graph.slots.tie(target.base + i, source.base + (i % source.count));
    else {
      graph.block(data, 'it is repeated', axis);
      graph.block(made, 'it is repeated', axis);
    }
  });
  return undefined;
};

/** Blocks of pixels become channels or the other way: a channel on one side is `block` x `block` on the other. */
const depthAndSpace: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const toSpace = node.opType === 'DepthToSpace';
  const [few, many] = toSpace ? [made, data] : [data, made];
  const [single, blocks] = [graph.slots.of(few, 1), graph.slots.of(many, 1)];
  const area = intAttribute(node, 'blocksize', 1) ** 2;
  if (single === undefined || blocks?.count !== single.count * area) return UNKNOWN_SHAPE;
  const mode = attributeOf(node, 'mode')?.s;
  const isByColumn = mode !== undefined && new TextDecoder().decode(mode) === 'CRD';
  for (let i = 0; i < blocks.count; i++) {
    const channel = isByColumn ? Math.floor(i / area) : i % single.count;
    graph.slots.tie(single.base + channel, blocks.base + i);
  }
  graph.pass(data, 0, made, 0);
  for (const axis of [2, 3])
    for (const name of [data, made]) graph.block(name, 'it is cut into blocks', axis);
  return undefined;
};

/** Resize: axes that it does not scale pass. */
const resize: DependencyRule = (node, graph) => {
  const [data = ''] = node.input;
  const [made = ''] = node.output;
  const [dims, target] = [graph.dims(data), graph.dims(made)];
  if (dims === undefined || target?.length !== dims.length) return UNKNOWN_SHAPE;
  const isPartly = attributeOf(node, 'axes') !== undefined && (node.input[3] ?? '') !== '';
  if (isPartly && !graph.isConstant(node.input[3])) return 'sizes of some of its axes are computed';
  dims.forEach((size, axis) => {
    if (size !== undefined && size === target[axis]) return graph.pass(data, axis, made, axis);
    graph.block(data, 'it is resized', axis);
    graph.block(made, 'it is resized', axis);
  });
  return undefined;
};

export const MOVEMENT_RULES: DependencyRules = {
  Transpose: transpose,
  Squeeze: unitAxes,
  Unsqueeze: unitAxes,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  Pad: pad,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthAndSpace,
  SpaceToDepth: depthAndSpace,
  Resize: resize,
  Upsample: resize,
};
