// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import { isStandard, nodeLabel, subgraphsOf } from '../../onnx/graph/graph-walk';
import { excludedBy, type NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { GraphMessage, NodeMessage } from '../../onnx/graph/onnx-messages';
import type { QuantizedType } from '../quantize-options';
import { findAttentionProducts, type AttentionProducts } from './attention-products';
import { findResidualInputs, GraphLinks, type NodeInput } from './residual-adds';
import { isWeighted } from '../layers/weighted-operators';
import { findEmbeddingSite, findWeightSite, type SiteRules, type WeightSite } from './weight-sites';

/** What to quantise. */
export interface PlanOptions {
  /** Default `'int8'`. */
  readonly type?: QuantizedType;
  /** Activations stay float. Default false; INT4 is always for weights alone. */
  readonly weightOnly?: boolean;
  /** Values along the reduction axis that share a scale in INT4. Default 64. */
  readonly blockSize?: number;
  /** Tables of embeddings too, in INT8. Default false. */
  readonly embeddings?: boolean;
  /** Both products of attention too. Default false. */
  readonly attention?: boolean;
  /** Skip inputs of residual additions of convolutional networks. Default true. */
  readonly residual?: boolean;
  /** Layers that are too small for INT8 to be faster too. Default false. */
  readonly smallLayers?: boolean;
  /** Nodes that stay float. */
  readonly exclude?: NodeExclusion;
}

/** A node that could compute on quantised values and does not. */
export interface FloatNode {
  /** Name of the node. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** Why it stays in floating point. */
  readonly reason: string;
}

/** What is to be quantised, decided before any data is seen. */
export interface QuantizationPlan {
  readonly type: QuantizedType;
  readonly links: GraphLinks;
  readonly sites: readonly WeightSite[];
  /** Products of two activations. */
  readonly products: readonly NodeMessage[];
  /** Readers of each activation that gets a Q/DQ pair, by the name of the tensor. */
  readonly activations: ReadonlyMap<string, readonly NodeInput[]>;
  /** Amplitudes of activations that are known without data. */
  readonly fixedAmplitudes: ReadonlyMap<string, number>;
  readonly kept: readonly FloatNode[];
}

const DEFAULT_BLOCK = 64;

/**
 * Decides what to quantise in a model's main graph:
 *
 * 1. both inputs of Conv, ConvTranspose, Gemm and MatMul with constant weights, if they are large enough; the weights
 *    alone with `weightOnly`;
 * 2. the skip input of residual additions that a convolution feeds;
 * 3. MaxPool reads the quantised value where there is one, as it commutes with it;
 * 4. if asked for: tables of embeddings, and the inputs of both products of attention.
 *
 * Nothing else: biases, normalisations, activations, average pools, custom operators and the bodies of loops stay
 * float.
 */
export function planQuantization(graph: GraphMessage, options: PlanOptions = {}): QuantizationPlan {
  const { type = 'int8', blockSize = DEFAULT_BLOCK, attention = false, smallLayers = false } = options;
  const weightOnly = type === 'int4' || (options.weightOnly ?? false);
  const links = new GraphLinks(new GraphScope(graph));
  const products = attention && !weightOnly ? findProducts(links, options) : NO_PRODUCTS;
  const { sites, kept } = findSites(
    links,
    { type, weightOnly, blockSize, smallLayers },
    { options, products },
  );
  return {
    type,
    links,
    sites,
    products: products.products,
    activations: weightOnly ? new Map() : findActivations(links, { sites, products, options }),
    fixedAmplitudes: products.fixed,
    kept: [...kept, ...inBodies(graph), ...customOperators(graph)],
  };
}

const NO_PRODUCTS: AttentionProducts = { products: [], inputs: [], fixed: new Map(), kept: [] };

function findProducts(links: GraphLinks, { exclude = {} }: PlanOptions): AttentionProducts {
  const found = findAttentionProducts(links);
  const isAllowed = (node: NodeMessage) => excludedBy(exclude, node) === null;
  return {
    ...found,
    products: found.products.filter(isAllowed),
    inputs: found.inputs.filter(({ node }) => isAllowed(node)),
  };
}

function findSites(
  links: GraphLinks,
  rules: SiteRules,
  { options, products }: { options: PlanOptions; products: AttentionProducts },
): { sites: WeightSite[]; kept: FloatNode[] } {
  const { exclude = {}, embeddings = false } = options;
  const sites: WeightSite[] = [];
  const kept: FloatNode[] = [];
  const reasons = new Map(products.kept.map(({ node, reason }) => [node, reason]));
  for (const node of links.scope.graph.node) {
    const site =
      findWeightSite(node, links.scope, rules) ?? (embeddings && findEmbeddingSite(node, links.scope));
    if (site === undefined || site === false || products.products.includes(node)) continue;
    const excluded = excludedBy(exclude, node) === null ? undefined : 'excluded';
    const reason = reasons.get(node) ?? (typeof site === 'string' ? site : excluded);
    if (reason !== undefined) kept.push({ node: nodeLabel(node), op: node.opType, reason });
    else sites.push(site as WeightSite);
  }
  return { sites, kept };
}

function findActivations(
  links: GraphLinks,
  plan: { sites: readonly WeightSite[]; products: AttentionProducts; options: PlanOptions },
): Map<string, NodeInput[]> {
  const { exclude = {}, residual = true } = plan.options;
  const activations = new Map<string, NodeInput[]>();
  const add = (input: NodeInput) => {
    const name = input.node.input[input.index]!;
    const readers = activations.get(name);
    if (readers === undefined) activations.set(name, [input]);
    else readers.push(input);
  };
  for (const { node, activationIndex } of plan.sites) {
    if (activationIndex !== undefined) add({ node, index: activationIndex });
  }
  for (const input of plan.products.inputs) add(input);
  const quantized = new Set(plan.sites.map(({ node }) => node));
  const skips = residual ? findResidualInputs(links, (node) => quantized.has(node)) : [];
  for (const input of skips) if (excludedBy(exclude, input.node) === null) add(input);
  for (const node of links.scope.graph.node) {
    const isPool = node.opType === 'MaxPool' && activations.has(node.input[0] ?? '');
    if (isPool && excludedBy(exclude, node) === null) add({ node, index: 0 });
  }
  return activations;
}

function inBodies(graph: GraphMessage): FloatNode[] {
  return graph.node.flatMap(subgraphsOf).flatMap((body) => {
    const own = body.node.filter(isWeighted).map((node) => ({
      node: nodeLabel(node),
      op: node.opType,
      reason: 'it is in the body of an If, Loop or Scan',
    }));
    return [...own, ...inBodies(body), ...customOperators(body)];
  });
}

function customOperators({ node: nodes }: GraphMessage): FloatNode[] {
  return nodes
    .filter((node) => !isStandard(node))
    .map((node) => ({
      node: nodeLabel(node),
      op: node.opType,
      reason: `it is a custom operator of "${node.domain}", which is left alone`,
    }));
}
