// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../graph/graph-scope';
import { intAttribute, isStandard, subgraphsOf } from '../graph/graph-walk';
import type { NodeMessage } from '../graph/onnx-messages';

/** FLOAT16 and BFLOAT16 values are FLOAT values too: there and back changes nothing. */
const WIDENED: readonly number[] = [10, 16];
const FLOAT = 1;

/**
 * Lets readers of `Cast(Cast(x, FLOAT), T)` read `x` where `x` has the half-wide type T already, and drops Casts that
 * nobody reads after it. Left alone: pairs that round (FLOAT to a half type and back), outputs of a graph, and Casts
 * that graphs inside read.
 *
 * @returns how many Casts went
 */
export function removeCastPairs(graph: GraphScope['graph'], parent?: GraphScope): number {
  const scope = new GraphScope(graph, parent);
  let removed = 0;
  for (const inner of graph.node.flatMap(subgraphsOf)) removed += removeCastPairs(inner, scope);
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const replaced = new Map<string, string>();
  for (const node of graph.node) {
    const source = sourceOfPair(node, producers, scope);
    if (source !== undefined) replaced.set(node.output[0]!, source);
  }
  if (replaced.size === 0) return removed;
  const outputs = new Set(graph.output.map(({ name }) => name));
  const hasBodies = graph.node.some((node) => subgraphsOf(node).length > 0);
  for (const node of graph.node) node.input = node.input.map((name) => replaced.get(name) ?? name);
  const before = graph.node.length;
  // The second Cast of a pair comes after the first: from behind, both go in one walk.
  const read = new Set([...outputs]);
  const sources = new Set(replaced.values());
  graph.node = graph.node
    .reverse()
    .filter((node) => {
      const output = node.output[0] ?? '';
      // The widening Cast of a pair made the values that are read at their source now.
      const isOfPair = replaced.has(output) || (isCast(node) && sources.has(node.input[0] ?? ''));
      if (isOfPair && isCast(node) && !hasBodies && !read.has(output)) return false;
      for (const name of node.input) read.add(name);
      return true;
    })
    .reverse();
  return removed + before - graph.node.length;
}

function sourceOfPair(
  node: NodeMessage,
  producers: ReadonlyMap<string, NodeMessage>,
  scope: GraphScope,
): string | undefined {
  const first = producers.get(node.input[0] ?? '');
  if (!isCast(node) || first === undefined || !isCast(first)) return undefined;
  const source = first.input[0] ?? '';
  const type = scope.typeOf(source);
  const isLossless = WIDENED.includes(type ?? 0) && intAttribute(first, 'to', 0) === FLOAT;
  return isLossless && intAttribute(node, 'to', 0) === type ? source : undefined;
}

function isCast(node: NodeMessage): boolean {
  return node.opType === 'Cast' && isStandard(node);
}
