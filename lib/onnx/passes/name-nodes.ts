// SPDX-License-Identifier: Apache-2.0
import { allGraphs, nodeLabel } from '../graph/graph-walk';
import type { GraphMessage } from '../graph/onnx-messages';

/**
 * Gives every node a name that no other node of the model has, those of inner graphs included.
 *
 * 1. A node without a name is called like its first output, as messages call it anyway.
 * 2. The second and further nodes of one name get a number behind it.
 *
 * Left alone: names that are unique.
 *
 * @returns how many nodes got another name
 */
export function nameNodes(graph: GraphMessage): number {
  const nodes = allGraphs(graph).flatMap(({ node }) => node);
  const wanted = new Set(nodes.map(nodeLabel));
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  let count = 0;
  for (const node of nodes) {
    const label = nodeLabel(node);
    let name = label;
    let number = numbers.get(label) ?? 0;
    while (taken.has(name) || (number > 0 && wanted.has(name))) name = `${label}_${++number}`;
    numbers.set(label, number);
    taken.add(name);
    if (node.name === name) continue;
    node.name = name;
    count++;
  }
  return count;
}
