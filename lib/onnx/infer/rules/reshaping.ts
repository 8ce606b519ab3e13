// SPDX-License-Identifier: Apache-2.0
// Operators that keep all elements, in order or permuted, and change the shape.

import type { Dim, Dims } from '../dim-algebra';
import type { NodeView, ShapeRules } from '../node-view';

function reshape(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const target = node.values(1)?.items ?? node.ints('shape');
  if (target === undefined) {
    const count = node.dims(1)?.[0];
    return node.algebra.dimsOfRank(count);
  }
  const keepsZero = node.int('allowzero', 0) === 1;
  const result: Dim[] = [];
  let open = -1;
  let isSure = true;
  for (const [index, item] of target.entries()) {
    if (item === 0 && !keepsZero) result.push(dims?.[index] ?? node.algebra.fresh());
    else if (item === -1) open = result.push(node.algebra.fresh()) - 1;
    else result.push(node.asSize(item));
    // What is not known may be -1, and then it depends on all others.
    isSure &&= item !== undefined && (item === -1 || node.algebra.isSize(item));
  }
  if (dims === undefined || !isSure) return result;
  const total = node.algebra.multiply(dims);
  if (open < 0) {
    checkCount(node, total, node.algebra.multiply(result));
    return result;
  }
  const rest = node.algebra.multiply(result.filter((_, index) => index !== open));
  const found = node.algebra.divide(total, rest);
  if (found !== undefined) result[open] = found;
  else if (typeof total === 'number' && typeof rest === 'number' && rest > 0)
    node.conflict(`${total} elements cannot be divided into rows of ${rest}`);
  return result;
}

function checkCount(node: NodeView, before: Dim, after: Dim): void {
  if (typeof before === 'number' && typeof after === 'number' && before !== after)
    node.conflict(`${before} elements cannot become ${after}`);
}

function flatten(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  if (dims === undefined) return node.algebra.freshDims(2);
  const given = node.int('axis', 1);
  const axis = given < 0 ? given + dims.length : given;
  if (axis < 0 || axis > dims.length) {
    node.conflict(`axis ${given} does not exist in a tensor of ${dims.length} dimensions`);
    return undefined;
  }
  return [node.algebra.multiply(dims.slice(0, axis)), node.algebra.multiply(dims.slice(axis))];
}

function squeeze(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const given = node.axesOf(1, 13);
  if (dims === undefined || given === undefined) return undefined;
  if (given === null) {
    const isSure = dims.every((dim) => typeof dim === 'number');
    return isSure ? dims.filter((dim) => dim !== 1) : undefined;
  }
  const axes = node.axes(given, dims.length);
  const wrong = axes?.find((axis) => typeof dims[axis] === 'number' && dims[axis] !== 1);
  if (wrong !== undefined)
    node.conflict(`dimension ${wrong} has ${dims[wrong]} elements, it cannot be dropped`);
  return axes && dims.filter((_, index) => !axes.includes(index));
}

function unsqueeze(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const given = node.axesOf(1, 13);
  if (dims === undefined || given === undefined || given === null) return undefined;
  const rank = dims.length + given.length;
  const axes = node.axes(given, rank);
  if (axes === undefined || new Set(axes).size < axes.length) return undefined;
  const rest = [...dims];
  return Array.from({ length: rank }, (_, index) => (axes.includes(index) ? 1 : rest.shift()!));
}

function transpose(node: NodeView): Dims | undefined {
  const dims = node.dims(0);
  const permutation = node.ints('perm');
  if (dims === undefined) return permutation && node.algebra.freshDims(permutation.length);
  if (permutation === undefined) return [...dims].reverse();
  const isPermutation =
    permutation.length === dims.length && dims.every((_, index) => permutation.includes(index));
  if (!isPermutation) {
    node.conflict(`perm [${permutation.join(', ')}] does not permute ${dims.length} dimensions`);
    return undefined;
  }
  return permutation.map((index) => dims[index]!);
}

function expand(node: NodeView): Dims | undefined {
  const rank = node.dims(1)?.[0];
  const target = node.values(1)?.items ?? node.algebra.dimsOfRank(rank);
  return (
    target &&
    node.broadcast(
      node.dims(0),
      target.map((item) => node.asSize(item)),
    )
  );
}

/** Channels to space for a factor above 1, space to channels the other way. */
function blocks(node: NodeView, toSpace: boolean): Dims | undefined {
  const dims = node.dims(0);
  const size = node.int('blocksize', 1);
  if (dims?.length !== 4) return undefined;
  const [channels, ...spatial] = dims.slice(1) as [Dim, Dim, Dim];
  const { algebra } = node;
  const shrink = (dim: Dim, by: number) => algebra.divide(dim, by) ?? algebra.fresh();
  return toSpace
    ? [dims[0]!, shrink(channels, size * size), ...spatial.map((dim) => algebra.multiply([dim, size]))]
    : [dims[0]!, algebra.multiply([channels, size * size]), ...spatial.map((dim) => shrink(dim, size))];
}

export const RESHAPING_RULES: ShapeRules = {
  Reshape: (node) => [reshape(node)],
  Flatten: (node) => [flatten(node)],
  Squeeze: (node) => [squeeze(node)],
  Unsqueeze: (node) => [unsqueeze(node)],
  Transpose: (node) => [transpose(node)],
  Expand: (node) => [expand(node)],
  DepthToSpace: (node) => [blocks(node, true)],
  SpaceToDepth: (node) => [blocks(node, false)],
};
