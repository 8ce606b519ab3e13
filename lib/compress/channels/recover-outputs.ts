// SPDX-License-Identifier: Apache-2.0
import { attributeOf, nodeLabel } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { biasOf, writeBias, type LayerBias } from '../layers/layer-bias';
import { gatherMatrix, readMatrix, weightOf, writeMatrices } from '../layers/layer-matrix';
import { findLayers, inputsOf, type WeightLayer } from '../layers/weight-layer';
import { hasOwnBias } from '../reconstruct/fit-target';
import { compressInOrder } from '../reconstruct/compress-in-order';
import type { ReconstructionData } from '../reconstruct/gather-statistics';
import { meanBias, normalEquations } from '../reconstruct/least-squares';
import type { LayerStatistics } from '../reconstruct/layer-statistics';
import { solveOnSupport } from '../reconstruct/solve-on-support';
import { dampingOf } from './damping';
import type { RankingData } from './rank-units';
import { keptWeights, type WeightPositions } from './mask-units';

/** Layers that were fitted anew, and normalisations whose statistics moved. */
export interface Recovered {
  readonly layers: readonly string[];
  /** Layers that could not be fitted: what they read is constant on the data, or a bias or a factor is in the way. */
  readonly unfitted: readonly string[];
  /** Layers with more inputs than there are samples. */
  readonly few: readonly string[];
  readonly normalizations: readonly string[];
}

/**
 * Solves the weights of all layers behind removed units anew, by least squares on what is left of their inputs, so that
 * they make what they made in the source; from front to back, each on what those before it make now.
 *
 * @param masked - The model with zeros in the place of what will be removed; changed.
 * @param places - Where the zeros are: they stay.
 */
export async function recoverOutputs<Feeds>(
  { source, masked, places }: { source: OnnxModel; masked: OnnxModel; places: WeightPositions },
  data: RankingData<Feeds>,
): Promise<Recovered> {
  const { layers } = findLayers(source.graph);
  const behind = layersBehind(source, layers, places);
  const pair: ReconstructionData<Feeds> = { ...data, source, compressed: masked };
  const fitted: string[] = [];
  const unfitted: string[] = [];
  const few: string[] = [];
  const normalizations = await compressInOrder(behind, pair, async (layer, statistics) => {
    const isFitted = await fitLayer(layer, statistics, { pair, places });
    (isFitted ? fitted : unfitted).push(layer.label);
    if (isFitted && statistics[0]!.input.count < inputsOf(layer.view)) few.push(layer.label);
  });
  return { layers: fitted, unfitted, few, normalizations };
}

/** Layers whose inputs differ from the source's, or are fewer. */
function layersBehind(
  source: OnnxModel,
  layers: readonly WeightLayer[],
  places: WeightPositions,
): WeightLayer[] {
  const changed = new Set<string>();
  const found = new Set<WeightLayer>();
  const byNode = new Map(
    layers.flatMap((layer) => layer.uses.map(({ node }) => [nodeLabel(node), layer] as const)),
  );
  for (const node of source.graph.node) {
    const layer = byNode.get(nodeLabel(node));
    const isCut = layer !== undefined && places.has(layer.weight.name!);
    if (!isCut && !node.input.some((name) => changed.has(name))) continue;
    for (const name of node.output) changed.add(name);
    if (layer !== undefined) found.add(layer);
  }
  return layers.filter((layer) => found.has(layer));
}

async function fitLayer<Feeds>(
  layer: WeightLayer,
  statistics: LayerStatistics,
  { pair, places }: { pair: ReconstructionData<Feeds>; places: WeightPositions },
): Promise<boolean> {
  const { graph } = pair.compressed;
  if (!isPlain(layer)) return false;
  const weight = weightOf(graph, layer);
  const kept = keptWeights(weight, places);
  // A bias that several nodes add could make up for the means of one of them only.
  const bias = layer.uses.length === 1 ? biasOf(graph, layer, layer.uses[0]!) : undefined;
  if (bias === undefined && hasOwnBias(layer)) return false;
  const supports = statistics.map(
    (_, group) => kept && Uint8Array.from(gatherMatrix(kept, layer.view, group)),
  );
  const matrices: Float64Array[] = [];
  for (const [group, one] of statistics.entries()) {
    const weights = readMatrix(weight, layer.view, group);
    const equations = normalEquations(one, {
      weights,
      centred: bias !== undefined,
      damping: dampingOf(one.input),
    });
    const start = { support: supports[group], start: weights, numerics: pair.numerics };
    const matrix = equations && (await solveOnSupport(equations, start));
    if (matrix === undefined) return false;
    matrices.push(matrix);
  }
  writeMatrices(graph, layer, matrices);
  if (bias !== undefined) writeBias(graph, bias, biasesOf(layer, { bias, statistics, matrices, supports }));
  return true;
}

/** What makes up for the means; zero for outputs that will be removed. */
function biasesOf(
  { view }: WeightLayer,
  {
    bias,
    statistics,
    matrices,
    supports,
  }: {
    bias: LayerBias;
    statistics: LayerStatistics;
    matrices: readonly Float64Array[];
    supports: readonly (Uint8Array | undefined)[];
  },
): Float64Array {
  const size = inputsOf(view);
  const means = statistics.flatMap((one, group) => [...meanBias(one, matrices[group]!)]);
  return Float64Array.from(means, (mean, output) => {
    const row = output % view.outputs;
    const support = supports[Math.floor(output / view.outputs)];
    const isRemoved = support !== undefined && !support.subarray(row * size, (row + 1) * size).includes(1);
    if (isRemoved) return 0;
    return bias.isOwn ? mean : bias.values[output]! + mean;
  });
}

/** Products with a factor of their own make something else of weights than least squares think. */
function isPlain({ uses }: WeightLayer): boolean {
  return uses.every(({ node }) => (attributeOf(node, 'alpha')?.f ?? 1) === 1);
}
