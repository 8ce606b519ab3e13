// SPDX-License-Identifier: Apache-2.0
// Operators whose outputs are elements of their input. The same operator applied to the numbers of the input's places
// tells where each element came from, and its gradient is added there: right for every stride, axis and order.

import type { GradientRule, NodeGradient } from '../node-gradient';

const INT32 = 6;
const INT64 = 7;

/** Adds gradients at places of a tensor of `like`'s shape. `places` count its elements in C order. */
export function scatterBack(
  node: NodeGradient,
  { places, gradient, like }: { readonly places: string; readonly gradient: string; readonly like: string },
): string {
  const { write } = node;
  const all = write.ints([-1]);
  const zeros = node.op('Expand', [
    write.float(0),
    node.op('Reshape', [node.op('Size', [like]), write.ints([1])]),
  ]);
  const flat = [places, gradient].map((value) => node.op('Reshape', [value, all]));
  const sums = node.op('ScatterElements', [zeros, ...flat], { axis: 0, reduction: 'add' });
  return node.reshapeLike(sums, like);
}

/** The number of each place, in the shape of `like`. */
function placesOf(node: NodeGradient, like: string): string {
  const { write } = node;
  const range = node.op('Range', [write.int(0), node.op('Size', [like]), write.int(1)]);
  return node.reshapeLike(range, like);
}

/** The node once more, on other data. */
function again(node: NodeGradient, data: string): string {
  const { opType, input, attribute } = node.node;
  const name = node.op(opType, [data, ...input.slice(1)]);
  const made = node.write.graph.node.at(-1)!;
  made.attribute = attribute.slice();
  return name;
}

function bySelection(node: NodeGradient): string[] {
  const input = node.input(0);
  const places = again(node, placesOf(node, input));
  return [scatterBack(node, { places, gradient: node.gradient, like: input })];
}

/** Rows of a table: whole rows are added. */
function gather(node: NodeGradient): string[] {
  const rank = node.dims(node.input(0))?.length;
  const axis = node.int('axis', 0);
  if (rank === undefined || (axis + rank) % rank !== 0) return bySelection(node);
  const { write } = node;
  const zeros = node.op('Expand', [write.float(0), node.shape(node.input(0))]);
  const indices = node.input(1);
  // Gather takes indices of 32 bits, ScatterND does not.
  const wide = node.elementType(indices) === INT64 ? indices : node.op('Cast', [indices], { to: INT64 });
  const places = node.op('Unsqueeze', [wide, write.ints([-1])]);
  return [node.op('ScatterND', [zeros, places, node.gradient], { reduction: 'add' })];
}

/** Slices without steps put zeros around their gradient; sizes have to be known. */
function slice(node: NodeGradient): string[] {
  const [dims, starts, ends] = [node.dims(node.input(0)), node.wholeNumbers(1), node.wholeNumbers(2)];
  const axes = node.wholeNumbers(3) ?? starts?.map((_, axis) => axis);
  const steps = node.input(4) === '' ? starts?.map(() => 1) : node.wholeNumbers(4);
  if (!dims || !starts || !ends || !axes || steps?.every((step) => step === 1) !== true)
    return bySelection(node);
  const rank = dims.length;
  const before = dims.map(() => 0);
  const behind = dims.map(() => 0);
  for (const [at, given] of axes.entries()) {
    const axis = (given + rank) % rank;
    const size = dims[axis];
    if (typeof size !== 'number') return bySelection(node);
    const place = (value: number): number => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
    before[axis] = place(starts[at]!);
    behind[axis] = size - Math.max(place(ends[at]!), before[axis]);
  }
  return [node.op('Pad', [node.gradient, node.write.ints([...before, ...behind])])];
}

/** Constant padding is taken away again: padding of the other sign. */
function pad(node: NodeGradient): string[] {
  if ((node.text('mode') ?? 'constant') !== 'constant') return bySelection(node);
  const axes = node.input(3);
  return [
    node.op('Pad', [node.gradient, node.op('Neg', [node.input(1)]), ...(axes === '' ? [] : ['', axes])]),
  ];
}

/** Only the nearest neighbour is an element of the input. */
function resize(node: NodeGradient): string[] {
  if ((node.text('mode') ?? 'nearest') !== 'nearest')
    node.refuse('only nearest neighbours have a gradient here');
  const input = node.input(0);
  const places = again(node, node.op('Cast', [placesOf(node, input)], { to: INT32 }));
  const wide = node.op('Cast', [places], { to: 7 });
  return [scatterBack(node, { places: wide, gradient: node.gradient, like: input })];
}

/** Elements of a tensor by place. */
export const SELECTION_RULES: Readonly<Record<string, GradientRule>> = {
  Slice: slice,
  Gather: gather,
  GatherElements: bySelection,
  GatherND: bySelection,
  Tile: bySelection,
  Pad: pad,
  Resize: resize,
  Upsample: resize,
};
