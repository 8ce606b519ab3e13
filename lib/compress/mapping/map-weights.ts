// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import { nodeLabel, UniqueNames } from '../../onnx/graph/graph-walk';
import { checkExclusion, excludedBy, type NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { GraphMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { contentBytes, readFloats } from '../../onnx/graph/tensor-values';
import { expandConstants } from '../../onnx/passes/expand-constants';
import { requireOpset } from '../../onnx/passes/raise-opset';
import { removeDeadNodes } from '../../onnx/passes/remove-dead-nodes';
import { lookupParts } from '../cluster/lookups';
import { insertWeights } from '../quantize/insert-weights';
import { findEmbeddingSite, findWeightSite, type WeightSite } from '../quantize/weight-sites';
import { createMapping, type MappingOptions } from './create-mapping';
import { measureMapping } from './mapping';

/** How weights are mapped, and whose are not. */
export interface MapWeightsOptions extends MappingOptions {
  /** Nodes that keep their weights. */
  readonly exclude?: NodeExclusion;
}

/** A weight that is stored in codes now. */
export interface MappedWeight {
  /** Name of the initializer. */
  readonly weight: string;
  /** Nodes that read it. */
  readonly nodes: readonly string[];
  /** Different values that it has: of a channel where each channel has a scale. */
  readonly levels: number;
  /** What it took in the model, and what its codes and tables take. */
  readonly bytes: { readonly before: number; readonly after: number };
  /** Signal-to-quantisation-noise ratio in dB; Infinity where nothing was lost. */
  readonly sqnrDb: number;
}

/** What was done to the weights of a model. */
export interface MapWeightsReport {
  /** The weights that changed. */
  readonly mapped: readonly MappedWeight[];
  /** Nodes whose weights stayed as they were, with the reason of each. */
  readonly kept: readonly { readonly node: string; readonly op: string; readonly reason: string }[];
  /** Of all mapped weights. */
  readonly bytes: { readonly before: number; readonly after: number };
}

/** Scales per channel came with it. */
const SCALES_OPSET = 13;
const WEIGHT_RULES = { type: 'int8', weightOnly: true, blockSize: 1, smallLayers: false } as const;

/**
 * Stores the weights of Conv, ConvTranspose, Gemm and MatMul and the tables of embeddings in codes of a byte. The graph
 * stays executable and its arithmetic in floating point; the model is changed in place.
 *
 * 1. `uniform`, symmetric, with 8 bits: INT8 and a DequantizeLinear with a scale for each channel. The opset is raised to
 *    13 where it is older.
 * 2. everything else: UINT8 codes, cast to INT32, choose from a table of levels by a Gather. Runtimes may expand them when
 *    they load the model: the file becomes smaller, the memory of an engine need not.
 * 3. Weights that operators share are stored once. Codes of fewer than 8 bits take a byte too; compressed files gain more.
 *
 * Left alone: weights that are no FLOAT constants of the main graph, or so few that a table outweighs them; bodies of If,
 * Loop and Scan; biases.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_WEIGHTS for weights that are not finite; ERR_TRT_QUANT_EXCLUDE;
 * ERR_TRT_ARG_VALUE for options that are not possible; in case 1 ERR_TRT_ONNX_UNSUPPORTED_OPERATOR if the opset cannot be
 * raised
 */
export function mapWeights(model: OnnxModel, options: MapWeightsOptions): MapWeightsReport {
  const { graph } = model;
  checkExclusion(options.exclude ?? {}, graph);
  expandConstants(graph);
  const { sites, kept } = findSites(graph, options.exclude ?? {});
  const isDequantized =
    options.mapping === 'uniform' && options.symmetric !== false && (options.bits ?? 8) === 8;
  if (isDequantized) requireOpset(model, SCALES_OPSET, 'a scale for each channel of weights');
  const names = new UniqueNames(graph);
  const groups = groupByWeight(sites);
  const mapped = groups.map((group) =>
    isDequantized ? dequantizeWeight(graph, group, names) : lookUpWeight(graph, group, { ...options, names }),
  );
  // What a table outweighs is left as it was.
  const done = mapped.filter((one) => one !== undefined);
  removeDeadNodes(graph);
  return {
    mapped: done,
    kept: [...kept, ...groups.flatMap((group, i) => (mapped[i] === undefined ? outweighed(group) : []))],
    bytes: {
      before: done.reduce((sum, { bytes }) => sum + bytes.before, 0),
      after: done.reduce((sum, { bytes }) => sum + bytes.after, 0),
    },
  };
}

function findSites(
  graph: GraphMessage,
  exclude: NodeExclusion,
): { sites: WeightSite[]; kept: MapWeightsReport['kept'][number][] } {
  const scope = new GraphScope(graph);
  const sites: WeightSite[] = [];
  const kept: MapWeightsReport['kept'][number][] = [];
  for (const node of graph.node) {
    const site = findWeightSite(node, scope, WEIGHT_RULES) ?? findEmbeddingSite(node, scope);
    if (site === undefined) continue;
    const reason =
      typeof site === 'string' ? site : excludedBy(exclude, node) === null ? undefined : 'excluded';
    if (reason !== undefined) kept.push({ node: nodeLabel(node), op: node.opType, reason });
    else if (typeof site !== 'string') sites.push(site);
  }
  return { sites, kept };
}

function groupByWeight(sites: readonly WeightSite[]): WeightSite[][] {
  const groups = new Map<TensorMessage, WeightSite[]>();
  for (const site of sites) groups.set(site.weight, [...(groups.get(site.weight) ?? []), site]);
  return [...groups.values()];
}

function dequantizeWeight(
  graph: GraphMessage,
  sites: readonly WeightSite[],
  names: UniqueNames,
): MappedWeight {
  const { nodes, bytes } = insertWeights(graph, sites, { names });
  return {
    weight: sites[0]!.weight.name ?? '',
    nodes: nodes.map(({ node }) => node),
    levels: 255,
    bytes,
    sqnrDb: Math.min(...nodes.map(({ weightSqnrDb = Infinity }) => weightSqnrDb)),
  };
}

function lookUpWeight(
  graph: GraphMessage,
  sites: readonly WeightSite[],
  { names, ...options }: MappingOptions & { names: UniqueNames },
): MappedWeight | undefined {
  const { weight } = sites[0]!;
  const { name = '', dims } = weight;
  const values = readFloats(weight);
  const mapping = createMapping(values, options, name);
  const before = contentBytes(weight);
  const after = values.length + mapping.levels.byteLength;
  if (after >= before) return undefined;
  const output = names.make(`${name}_looked_up`);
  const codebook = { levels: mapping.levels, codes: mapping.encode(values) };
  const parts = lookupParts(name, dims, { codebook, names, output });
  graph.initializer.push(...parts.tables, parts.codes);
  graph.node.unshift(...parts.nodes);
  for (const { node, weightIndex } of sites) node.input[weightIndex] = output;
  return {
    weight: name,
    nodes: sites.map(({ node }) => nodeLabel(node)),
    levels: mapping.levels.length,
    bytes: { before, after },
    sqnrDb: measureMapping(values, mapping).sqnrDb,
  };
}

function outweighed(sites: readonly WeightSite[]): MapWeightsReport['kept'] {
  const reason = 'a table of levels would be larger than its weights';
  return sites.map(({ node }) => ({ node: nodeLabel(node), op: node.opType, reason }));
}
