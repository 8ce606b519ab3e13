// SPDX-License-Identifier: Apache-2.0
import type { GradientRule, NodeGradient } from '../node-gradient';
import { sumToInput } from '../sum-to-shape';

const reshape: GradientRule = (node) => [node.reshapeLike(node.gradient, node.input(0))];

function transpose(node: NodeGradient): string[] {
  const perm = node.ints('perm') ?? node.dims(node.input(0))?.map((_, axis, all) => all.length - 1 - axis);
  if (perm === undefined) return [node.op('Transpose', [node.gradient])];
  return [node.op('Transpose', [node.gradient], { perm: perm.map((_, axis) => perm.indexOf(axis)) })];
}

function sizeAlong(node: NodeGradient, value: string, axis: number): string {
  const size = node.dims(value)?.at(axis);
  if (typeof size === 'number') return node.write.ints([size]);
  const end = axis === -1 ? 2 ** 31 - 1 : axis + 1;
  return node.op('Slice', [node.shape(value), node.write.ints([axis]), node.write.ints([end])]);
}

/** The parts in their own sizes again. */
function concat(node: NodeGradient): (string | undefined)[] {
  const axis = node.int('axis', 0);
  const sizes = node.node.input.map((name) => sizeAlong(node, name, axis));
  if (sizes.length === 1) return [node.gradient];
  const lengths = node.op('Concat', sizes, { axis: 0 });
  const parts = node.write.nodes('Split', [node.gradient, lengths], {
    count: sizes.length,
    attributes: { axis },
  });
  return parts.map((part, index) => (node.wants(index) ? part : undefined));
}

/** The parts side by side again; those that nobody needed are zero. */
function split(node: NodeGradient): string[] {
  const parts = node.gradients.map(
    (gradient, index) =>
      gradient ?? node.op('Expand', [node.write.float(0), node.shape(node.extraOutput(index))]),
  );
  return [parts.length === 1 ? parts[0]! : node.op('Concat', parts, { axis: node.int('axis', 0) })];
}

/** SpaceToDepth has no mode CRD: places of a block become the axes behind the channels. */
function columnsToDepth(node: NodeGradient): string {
  const { write } = node;
  const block = write.ints([node.int('blocksize', 1)]);
  const sizeOf = (axis: number): string =>
    node.op('Slice', [node.shape(node.input(0)), write.ints([axis]), write.ints([axis + 1])]);
  const sizes = [sizeOf(0), write.ints([-1]), sizeOf(2), block, sizeOf(3), block];
  const split = node.op('Reshape', [node.gradient, node.op('Concat', sizes, { axis: 0 })]);
  return node.reshapeLike(node.op('Transpose', [split], { perm: [0, 1, 3, 5, 2, 4] }), node.input(0));
}

/** Other shapes and orders of the same elements. */
export const RESHAPING_RULES: Readonly<Record<string, GradientRule>> = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  DepthToSpace: (node) => [
    node.text('mode') === 'CRD'
      ? columnsToDepth(node)
      : node.op('SpaceToDepth', [node.gradient], { blocksize: node.int('blocksize', 1) }),
  ],
  SpaceToDepth: (node) => [node.op('DepthToSpace', [node.gradient], { blocksize: node.int('blocksize', 1) })],
  Transpose: transpose,
  Expand: (node) => [sumToInput(node, node.gradient, 0)],
  Concat: concat,
  Split: split,
};
