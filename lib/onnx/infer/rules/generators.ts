// SPDX-License-Identifier: Apache-2.0
// Operators whose output has a shape of its own.

import { attributeOf } from '../../graph/graph-walk';
import type { Dims } from '../dim-algebra';
import { ruleFor, type NodeView, type ShapeRules } from '../node-view';

function constant(node: NodeView): Dims | undefined {
  const value = attributeOf(node.node, 'value')?.t;
  if (value !== undefined) return value.dims;
  for (const name of ['value_float', 'value_int', 'value_string'])
    if (attributeOf(node.node, name)) return [];
  const list = attributeOf(node.node, 'value_floats')?.floats ?? attributeOf(node.node, 'value_ints')?.ints;
  return list && [list.length];
}

function shapeOf(node: NodeView): Dims | undefined {
  const rank = node.dims(0)?.length;
  if (rank === undefined) return [node.algebra.fresh()];
  const [from, to] = shapeSpan(node, rank);
  return [Math.max(0, to - from)];
}

/** The dimensions that a Shape node tells, as `[first, end]`. */
export function shapeSpan(node: NodeView, rank: number): [number, number] {
  const place = (given: number) => Math.min(Math.max(given < 0 ? given + rank : given, 0), rank);
  return [place(node.int('start', 0)), place(node.int('end', rank))];
}

function range(node: NodeView): Dims {
  const { algebra } = node;
  const [start, limit, delta] = [0, 1, 2].map((index) => node.values(index)?.items[0]);
  if (start === undefined || limit === undefined || delta === undefined || delta === 0)
    return [algebra.fresh()];
  if (start === 0 && delta === 1 && typeof limit === 'string' && algebra.isSize(limit)) return [limit];
  return [
    algebra.apply('range', [start, limit, delta], (from, to, by) => Math.max(0, Math.ceil((to - from) / by))),
  ];
}

function constantOfShape(node: NodeView): Dims | undefined {
  const items = node.values(0)?.items;
  if (items !== undefined) return items.map((item) => node.asSize(item));
  const rank = node.dims(0)?.[0];
  return node.algebra.dimsOfRank(rank);
}

export const GENERATOR_RULES: ShapeRules = {
  Constant: (node) => [constant(node)],
  ConstantOfShape: (node) => [constantOfShape(node)],
  Shape: (node) => [shapeOf(node)],
  Size: () => [[]],
  Range: (node) => [range(node)],
  ...ruleFor('RandomNormal RandomUniform', (node) => [node.ints('shape')]),
  Multinomial: (node) => [[node.dims(0)?.[0] ?? node.algebra.fresh(), node.int('sample_size', 1)]],
  NonZero: (node) => {
    const rank = node.dims(0)?.length ?? 0;
    // Of a scalar, runtimes make one row or none.
    return [[rank === 0 ? node.algebra.fresh() : rank, node.algebra.fresh()]];
  },
  NonMaxSuppression: (node) => [[node.algebra.fresh(), 3]],
};
