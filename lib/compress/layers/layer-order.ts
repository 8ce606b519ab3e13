// SPDX-License-Identifier: Apache-2.0
import { readsOf } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage } from '../../onnx/graph/onnx-messages';
import type { WeightLayer } from './weight-layer';

/** How many layers lie on the longest way to each node of a graph whose nodes are in order, the node itself left out. */
export function nodeDepths(
  graph: GraphMessage,
  layers: readonly WeightLayer[],
): ReadonlyMap<NodeMessage, number> {
  const own = new Set(layers.flatMap(({ uses }) => uses.map(({ node }) => node)));
  const values = new Map<string, number>();
  const depths = new Map<NodeMessage, number>();
  for (const node of graph.node) {
    let depth = 0;
    for (const name of readsOf(node)) depth = Math.max(depth, values.get(name) ?? 0);
    depths.set(node, depth);
    for (const name of node.output) values.set(name, depth + (own.has(node) ? 1 : 0));
  }
  return depths;
}

/**
 * Layers in the order in which they are to be compressed, one list for those that do not depend on each other. A layer
 * with several uses comes where its first one is.
 */
export function layerLevels(graph: GraphMessage, layers: readonly WeightLayer[]): WeightLayer[][] {
  const depths = nodeDepths(graph, layers);
  const levels = new Map<number, WeightLayer[]>();
  for (const layer of layers) {
    const depth = Math.min(...layer.uses.map(({ node }) => depths.get(node) ?? 0));
    const level = levels.get(depth);
    if (level === undefined) levels.set(depth, [layer]);
    else level.push(layer);
  }
  return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level);
}
