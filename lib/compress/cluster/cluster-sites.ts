// SPDX-License-Identifier: Apache-2.0
// Which weights come to share values. Those of layers can be fitted to data; tables of embeddings, recurrent weights and
// weights that several kinds of nodes read are clustered by themselves.

import { excludedBy, type NodeExclusion } from '../../onnx/graph/node-exclusion';
import { isStandard, nodeLabel } from '../../onnx/graph/graph-walk';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { elementsOf } from '../../onnx/graph/tensor-values';
import { ValueUses } from '../../onnx/graph/value-uses';
import type { KeptNode } from '../../onnx/passes/cast-values';
import { findLayers, type WeightLayer } from '../layers/weight-layer';

/** Weights that can share values. */
export interface ClusterSite {
  readonly weight: TensorMessage;
  readonly nodes: readonly NodeMessage[];
  /** Where they form matrices whose inputs can be looked at. */
  readonly layer: WeightLayer | undefined;
}

/** Inputs that hold weights, of operators that are no layers. */
const OTHER_WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1],
  ConvTranspose: [1],
  Gemm: [0, 1],
  MatMul: [0, 1],
  Gather: [0],
  LSTM: [1, 2],
  GRU: [1, 2],
  RNN: [1, 2],
};

const FLOAT = 1;
/** Tables of values outweigh fewer. */
const FEWEST_WEIGHTS = 256;

/** Weights of a simplified main graph, and nodes whose weights stay. */
export function findClusterSites(
  graph: GraphMessage,
  exclude: NodeExclusion,
): { sites: ClusterSite[]; kept: KeptNode[] } {
  const found = findLayers(graph);
  const layers = new Map(found.layers.map((layer) => [layer.weight.name, layer]));
  const uses = new ValueUses(graph);
  const borders = new Set([...graph.input, ...graph.output].map(({ name }) => name));
  const sites: ClusterSite[] = [];
  const kept: KeptNode[] = [];
  const seen = new Set<NodeMessage>();
  for (const weight of graph.initializer) {
    const name = weight.name ?? '';
    const nodes = [...new Set(uses.readers(name))].filter((node) => readsAsWeights(node, name));
    if (nodes.length === 0 || weight.dims.length < 2 || borders.has(name)) continue;
    for (const node of nodes) seen.add(node);
    const reason = problemOf(weight, nodes, exclude);
    if (reason === undefined) sites.push({ weight, nodes, layer: layers.get(name) });
    else for (const node of nodes) kept.push({ node: nodeLabel(node), op: node.opType, reason });
  }
  const labels = new Set([...seen].map(nodeLabel));
  return { sites, kept: [...kept, ...found.kept.filter(({ node }) => !labels.has(node))] };
}

function readsAsWeights(node: NodeMessage, name: string): boolean {
  if (!isStandard(node)) return false;
  return (OTHER_WEIGHTS[node.opType] ?? []).some((index) => node.input[index] === name);
}

function problemOf(
  weight: TensorMessage,
  nodes: readonly NodeMessage[],
  exclude: NodeExclusion,
): string | undefined {
  if (nodes.some((node) => excludedBy(exclude, node) !== null)) return 'excluded';
  if (weight.dataType !== FLOAT) return 'its weights are not FLOAT';
  const count = elementsOf(weight);
  return count < FEWEST_WEIGHTS ? `its ${count} weights are too few for a table of values` : undefined;
}
