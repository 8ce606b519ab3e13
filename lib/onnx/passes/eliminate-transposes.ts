// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../graph/graph-scope';
import { attributeOf, UniqueNames } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';
import { replaceReads, ValueUses } from '../graph/value-uses';
import { declaredDims, type DimsOf } from './value-dims';
import { findTransposedRegion, moveRegions, permutationOf, type TransposedRegion } from './transposed-region';

/**
 * Removes Transposes that others undo.
 *
 * 1. A Transpose of a Transpose reads the first one's input, with one permutation; where that changes nothing, its
 *    readers read that input.
 * 2. Transposes around elementwise operators: where all values that enter them come from Transposes of one permutation
 *    and all that leave go into its inverse, the operators compute on the values as they are outside. Constants between
 *    are transposed.
 * 3. The same in the graphs inside nodes.
 *
 * Left alone: a Transpose that would only be at another place; outputs of a graph; values that graphs inside nodes read.
 * Transposes of constants are folded by `foldConstants`, those that permute nothing go with `removeIdentities`.
 *
 * @returns how many Transposes went
 */
export function eliminateTransposes(graph: GraphMessage, dimsOf: DimsOf = declaredDims(graph)): number {
  return eliminateIn(new GraphScope(graph), dimsOf, new UniqueNames(graph));
}

function eliminateIn(scope: GraphScope, dimsOf: DimsOf, names: UniqueNames): number {
  let count = 0;
  for (const [inner, innerScope] of scope.inner) {
    count += eliminateIn(innerScope, declaredDims(inner, dimsOf), names);
  }
  count += mergePairs(scope.graph);
  for (;;) {
    const removed = moveSome(scope, names);
    if (removed === 0) return count;
    count += removed;
  }
}

function isNoPermutation(perm: readonly number[]): boolean {
  return perm.every((from, to) => from === to);
}

function mergePairs(graph: GraphMessage): number {
  const uses = new ValueUses(graph);
  const replaced = new Map<string, string>();
  const before = graph.node.length;
  for (const node of graph.node) {
    const second = permutationOf(node);
    const producer = uses.producer(node.input[0]);
    const first = permutationOf(producer);
    if (second === undefined || first?.length !== second.length) continue;
    const merged = second.map((axis) => first[axis]!);
    node.input = [producer!.input[0]!];
    attributeOf(node, 'perm')!.ints = merged.map(BigInt);
    if (isNoPermutation(merged) && !uses.isOutput(node.output[0]))
      replaced.set(node.output[0]!, node.input[0]!);
  }
  replaceReads(graph, replaced);
  const after = new ValueUses(graph);
  graph.node = graph.node.filter(
    (node) => permutationOf(node) === undefined || node.output.some((name) => after.reads(name) > 0),
  );
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !replaced.has(name));
  return before - graph.node.length;
}

/** Moves regions that have nothing to do with each other; others may be left. */
function moveSome(scope: GraphScope, names: UniqueNames): number {
  const { graph } = scope;
  const context = { uses: new ValueUses(graph), scope, rejected: new Set<NodeMessage>() };
  const regions: TransposedRegion[] = [];
  const entries = new Set<NodeMessage>();
  const exits = new Set<NodeMessage>();
  for (const node of graph.node) {
    if (permutationOf(node) === undefined || exits.has(node)) continue;
    const region = findTransposedRegion(node, context);
    if (region === undefined) continue;
    // A Transpose behind one region and before another goes with one of the two.
    if ([...region.entries].some((one) => exits.has(one))) continue;
    if ([...region.exits].some((one) => entries.has(one))) continue;
    regions.push(region);
    for (const one of region.entries) entries.add(one);
    for (const one of region.exits) exits.add(one);
  }
  return regions.length === 0 ? 0 : moveRegions(regions, graph, names);
}
