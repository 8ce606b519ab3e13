// SPDX-License-Identifier: Apache-2.0
// Masks of attention add the lowest FLOAT to scores, or put it in their place. All that matters of it is that the
// softmax behind makes it zero, which a value in the range of the half-wide type does as well.

import type { GraphScope } from '../graph/graph-scope';
import { isStandard, subgraphsOf } from '../graph/graph-walk';
import type { NodeMessage } from '../graph/onnx-messages';

/** Operators that masks are computed and applied with. */
const ON_THE_WAY = new Set(
  'Add Sub Mul Div Where Max Min Identity Expand Reshape Squeeze Unsqueeze Slice Gather Concat Transpose Tile'.split(
    ' ',
  ),
);

/**
 * Names of the constants of a graph that reach nothing but the inputs of softmaxes, through additions, choices and
 * operators that move values.
 */
export function findMaskConstants(scope: GraphScope): Set<string> {
  const { graph } = scope;
  const onTheWay = nodesBeforeSoftmax(graph.node);
  const readers = readersOf(scope);
  // A node that something else reads too is no part of a mask, nor is what it is computed from.
  for (let isStable = false; !isStable;) {
    isStable = true;
    for (const node of onTheWay) {
      if (node.output.every((name) => leadsOn(readers.get(name), onTheWay))) continue;
      onTheWay.delete(node);
      isStable = false;
    }
  }
  const names = [...scope.constants.keys()];
  return new Set(names.filter((name) => readers.has(name) && leadsOn(readers.get(name), onTheWay)));
}

function nodesBeforeSoftmax(nodes: readonly NodeMessage[]): Set<NodeMessage> {
  const wanted = new Set<string>();
  const found = new Set<NodeMessage>();
  for (const node of [...nodes].reverse()) {
    if (!isStandard(node)) continue;
    if (node.opType === 'Softmax') wanted.add(node.input[0]!);
    if (!ON_THE_WAY.has(node.opType) || !node.output.some((name) => wanted.has(name))) continue;
    found.add(node);
    for (const name of node.input) wanted.add(name);
  }
  return found;
}

/** Readers of each value; null stands for one outside the graph: an output, or a graph inside. */
function readersOf({ graph }: GraphScope): Map<string, (NodeMessage | null)[]> {
  const readers = new Map<string, (NodeMessage | null)[]>();
  const add = (name: string, reader: NodeMessage | null) => {
    const known = readers.get(name);
    if (known === undefined) readers.set(name, [reader]);
    else known.push(reader);
  };
  for (const { name } of graph.output) add(name, null);
  for (const node of graph.node) {
    for (const name of node.input) add(name, node);
    for (const inner of subgraphsOf(node))
      for (const one of inner.node) one.input.forEach((name) => add(name, null));
  }
  return readers;
}

function leadsOn(
  readers: readonly (NodeMessage | null)[] | undefined,
  onTheWay: ReadonlySet<NodeMessage>,
): boolean {
  return (readers ?? []).every((one) => one !== null && (one.opType === 'Softmax' || onTheWay.has(one)));
}
