// SPDX-License-Identifier: Apache-2.0
import { subgraphsOf } from '../graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../graph/onnx-messages';

/** A list of nodes each of which needs what the one after it makes, and the last what the first makes; or nothing. */
export function findCycle(
  graph: GraphMessage,
  makers: ReadonlyMap<string, NodeMessage>,
): NodeMessage[] | undefined {
  const done = new Set<NodeMessage>();
  for (const start of graph.node) {
    // Depth first, with a stack of its own: graphs are deeper than the call stack.
    const path: { node: NodeMessage; needed: NodeMessage[] }[] = [];
    const onPath = new Set<NodeMessage>();
    const enter = (node: NodeMessage) => {
      onPath.add(node);
      path.push({ node, needed: neededBy(node, makers) });
    };
    if (!done.has(start)) enter(start);
    while (path.length > 0) {
      const { node, needed } = path.at(-1)!;
      const next = needed.pop();
      if (next === undefined) {
        path.pop();
        onPath.delete(node);
        done.add(node);
      } else if (onPath.has(next)) {
        const nodes = path.map((step) => step.node);
        return nodes.slice(nodes.indexOf(next));
      } else if (!done.has(next)) {
        enter(next);
      }
    }
  }
  return undefined;
}

function neededBy(node: NodeMessage, makers: ReadonlyMap<string, NodeMessage>): NodeMessage[] {
  const names = [...node.input, ...subgraphsOf(node).flatMap(namesFromOutside)];
  return names.map((name) => makers.get(name)).filter((maker) => maker !== undefined);
}

/** Names that a body uses and does not make. */
function namesFromOutside(graph: GraphMessage): string[] {
  const own = new Set(
    [...graph.input, ...graph.initializer]
      .map(({ name }) => name ?? '')
      .concat(graph.node.flatMap(({ output }) => output)),
  );
  const used = graph.node.flatMap((node) => [...node.input, ...subgraphsOf(node).flatMap(namesFromOutside)]);
  return [...used, ...graph.output.map(({ name }) => name)].filter((name) => name !== '' && !own.has(name));
}
