// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { nodeLabel, readsOf, subgraphsOf } from './graph-walk';
import type { GraphMessage, NodeMessage } from './onnx-messages';

/**
 * Brings the nodes of a graph, and of the graphs inside it, into an order in which each comes after those whose results
 * it reads, as ONNX demands. Stable: a node moves only if it has to, to right behind the last of what it reads, and a
 * graph in order stays as it is.
 *
 * @returns true if anything moved
 * @throws {TensorRTError} ERR_TRT_ONNX_INVALID for nodes that read each other in a circle; `details.cycle` has their names
 */
export function sortNodes(graph: GraphMessage): boolean {
  let hasMoved = false;
  for (const inner of graph.node.flatMap(subgraphsOf)) hasMoved = sortNodes(inner) || hasMoved;
  const sorted = inOrder(graph);
  hasMoved ||= sorted.some((node, index) => node !== graph.node[index]);
  graph.node = sorted;
  return hasMoved;
}

interface Step {
  readonly node: NodeMessage;
  /** Producers that were not looked at yet, the last one first. */
  readonly open: NodeMessage[];
}

/** Depth first, without recursion: chains of nodes are long. */
function inOrder(graph: GraphMessage): NodeMessage[] {
  const producers = new Map<string, NodeMessage>();
  for (const node of graph.node) for (const name of node.output) if (name !== '') producers.set(name, node);
  const stepOf = (node: NodeMessage): Step => ({
    node,
    open: readsOf(node)
      .flatMap((name) => producers.get(name) ?? [])
      .reverse(),
  });
  const sorted: NodeMessage[] = [];
  const done = new Set<NodeMessage>();
  for (const root of graph.node) {
    const path = done.has(root) ? [] : [stepOf(root)];
    const onPath = new Set(path.map(({ node }) => node));
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.open.pop();
      if (next === undefined) {
        path.pop();
        onPath.delete(top.node);
        done.add(top.node);
        sorted.push(top.node);
      } else if (onPath.has(next)) {
        throw cyclic(path.map(({ node }) => node).slice(path.findIndex(({ node }) => node === next)));
      } else if (!done.has(next)) {
        path.push(stepOf(next));
        onPath.add(next);
      }
    }
  }
  return sorted;
}

const SHOWN_NODES = 6;

/** @param reading - Each node reads the next one, the last reads the first. */
function cyclic(reading: readonly NodeMessage[]): TensorRTError {
  const cycle = reading.map(nodeLabel).reverse();
  const shown = cycle.slice(0, SHOWN_NODES).map((name) => `"${name}"`);
  if (cycle.length > SHOWN_NODES) shown.push(`… ${cycle.length - SHOWN_NODES} more`);
  return new TensorRTError(
    'ERR_TRT_ONNX_INVALID',
    `The graph has a circle: ${[...shown, `"${cycle[0]!}"`].join(' → ')}; none of these nodes can be first.`,
    { hint: 'Export the model again: a value must not depend on itself.', details: { cycle } },
  );
}
