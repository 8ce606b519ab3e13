// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import { nodeLabel, subgraphsOf } from '../../onnx/graph/graph-walk';
import { excludedBy, type NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import { findResidualInputs, GraphLinks, type NodeInput } from './residual-adds';
import { findWeightSite, type WeightSite } from './weight-sites';

/** A node that could compute in INT8 and does not. */
export interface FloatNode {
  readonly node: string;
  readonly op: string;
  readonly reason: string;
}

/** What is to be quantised, decided before any data is seen. */
export interface QuantizationPlan {
  readonly links: GraphLinks;
  readonly sites: readonly WeightSite[];
  /** Readers of each activation that gets a Q/DQ pair, by the name of the tensor. */
  readonly activations: ReadonlyMap<string, readonly NodeInput[]>;
  readonly kept: readonly FloatNode[];
}

/**
 * Decides what to quantise in a model's main graph:
 *
 * 1. both inputs of Conv, ConvTranspose, Gemm and MatMul with constant weights, if they are large enough;
 * 2. the skip input of residual additions that a convolution feeds;
 * 3. MaxPool reads the quantised value where there is one, as it commutes with it.
 *
 * Nothing else: biases, normalisations, activations and the bodies of loops stay float.
 */
export function planQuantization(graph: GraphMessage, exclude: NodeExclusion = {}): QuantizationPlan {
  const links = new GraphLinks(new GraphScope(graph));
  const sites: WeightSite[] = [];
  const kept: FloatNode[] = [];
  for (const node of graph.node) {
    const site = findWeightSite(node, links.scope);
    if (site === undefined) continue;
    if (typeof site === 'string') kept.push({ node: nodeLabel(node), op: node.opType, reason: site });
    else if (excludedBy(exclude, node))
      kept.push({ node: nodeLabel(node), op: node.opType, reason: 'excluded' });
    else sites.push(site);
  }
  return {
    links,
    sites,
    activations: findActivations(links, sites, exclude),
    kept: [...kept, ...inBodies(graph)],
  };
}

function findActivations(
  links: GraphLinks,
  sites: readonly WeightSite[],
  exclude: NodeExclusion,
): Map<string, NodeInput[]> {
  const activations = new Map<string, NodeInput[]>();
  const add = (input: NodeInput) => {
    const name = input.node.input[input.index]!;
    activations.set(name, [...(activations.get(name) ?? []), input]);
  };
  for (const { node } of sites) add({ node, index: 0 });
  const quantized = new Set(sites.map(({ node }) => node));
  for (const input of findResidualInputs(links, (node) => quantized.has(node))) {
    if (!excludedBy(exclude, input.node)) add(input);
  }
  for (const node of links.scope.graph.node) {
    if (node.opType === 'MaxPool' && activations.has(node.input[0] ?? '')) add({ node, index: 0 });
  }
  return activations;
}

function inBodies(graph: GraphMessage): FloatNode[] {
  const bodies = graph.node.flatMap(subgraphsOf);
  return bodies.flatMap((body) => {
    const own = body.node
      .filter(({ opType }) => ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'].includes(opType))
      .map((node) => ({
        node: nodeLabel(node),
        op: node.opType,
        reason: 'it is in the body of an If, Loop or Scan',
      }));
    return [...own, ...inBodies(body)];
  });
}
