// SPDX-License-Identifier: Apache-2.0
// One tensor of weights: which of them share values, and what they become.

import type { Numerics } from '../../numerics/numerics';
import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import { biasOf, writeBias, type LayerBias } from '../layers/layer-bias';
import { gatherMatrix, scatterMatrix, weightOf } from '../layers/layer-matrix';
import type { WeightLayer } from '../layers/weight-layer';
import { isFittable, movedBias, relativeDistance } from '../reconstruct/fit-target';
import { inverseFactor } from '../reconstruct/inverse-factor';
import type { LayerStatistics } from '../reconstruct/layer-statistics';
import { normalEquations, relativeError, type NormalEquations } from '../reconstruct/least-squares';
import { solveOnSupport } from '../reconstruct/solve-on-support';
import { placesOf } from './codebook';
import type { ClusterOptions, ClusterScope } from './cluster-options';
import type { ClusterSite } from './cluster-sites';
import { shareValues, type Block } from './shared-values';

/** What became of the weights of a tensor. */
export interface ClusterResult {
  /** Different values, of all tables. */
  readonly levels: number;
  readonly tables: number;
  /** Relative error of what its layer makes, or of the weights themselves; a root of the mean of squares. */
  readonly error: number;
}

type Settings = Required<Pick<ClusterOptions<unknown>, 'clusters' | 'scope' | 'compensate' | 'seed'>> & {
  readonly numerics: Numerics;
};

/** Replaces weights by values that they share, of the weights alone. */
export async function clusterAlone(
  graph: GraphMessage,
  { weight, layer }: ClusterSite,
  settings: Settings,
): Promise<ClusterResult> {
  const values = readFloats(weight);
  const channels = channelPlaces(weight.dims, layer);
  const result = values.slice();
  let [levels, tables] = [0, 0];
  for (const group of groupsOf(channels.length, settings.scope)) {
    const places = group.flatMap((channel) => channels[channel]!);
    const wanted = Float64Array.from(places, (place) => values[place]!);
    const block = { rows: 1, columns: wanted.length, wanted, h: undefined, factor: undefined };
    const shared = await shareValues([block], settings);
    places.forEach((place, at) => (result[place] = shared.weights[0]![at]!));
    levels += shared.levels;
    tables++;
  }
  replaceWeight(graph, weight.name!, result);
  return { levels, tables, error: Math.sqrt(relativeDistance(values, result)) };
}

/** Positions of the weights of each output channel; of a table of embeddings each row is one. */
function channelPlaces(dims: readonly number[], layer: WeightLayer | undefined): number[][] {
  if (layer === undefined)
    return Array.from({ length: dims[0]! }, (_, channel) => [...placesOf(dims, 0, channel)]);
  const { groups, outputs } = layer.view;
  const size = dims.reduce((product, dim) => product * dim, 1);
  const order = Float32Array.from({ length: size }, (_, place) => place);
  return Array.from({ length: groups }, (_, group) => {
    const matrix = gatherMatrix(order, layer.view, group);
    const columns = matrix.length / outputs;
    return Array.from({ length: outputs }, (__, row) =>
      Array.from(matrix.subarray(row * columns, (row + 1) * columns)),
    );
  }).flat();
}

function groupsOf(channels: number, scope: ClusterScope): number[][] {
  const size = scope === 'tensor' ? channels : scope === 'channel' ? 1 : scope.group;
  const groups: number[][] = [];
  for (let first = 0; first < channels; first += size)
    groups.push(Array.from({ length: Math.min(size, channels - first) }, (_, i) => first + i));
  return groups;
}

/** The same fitted to data: what a layer makes stays near to what the source's makes. */
export async function clusterOnData(
  graph: GraphMessage,
  layer: WeightLayer,
  { statistics, ...settings }: Settings & { readonly statistics: LayerStatistics },
): Promise<ClusterResult | undefined> {
  const { view } = layer;
  const values = readFloats(weightOf(graph, layer));
  const bias = layer.uses.length === 1 ? biasOf(graph, layer, layer.uses[0]!) : undefined;
  const parts = await partsOf(layer, { values, statistics, bias, settings });
  if (parts === undefined) return undefined;
  const result = values.slice();
  const matrices = parts.map(({ wanted }) => new Float32Array(wanted.length));
  let [levels, tables] = [0, 0];
  for (const channels of groupsOf(view.groups * view.outputs, settings.scope)) {
    const pieces = piecesOf(channels, view.outputs);
    const shared = await shareValues(
      pieces.map((piece) => blockOf(parts[piece.group]!, piece)),
      settings,
    );
    pieces.forEach(({ group, first }, index) => {
      matrices[group]!.set(shared.weights[index]!, first * parts[group]!.columns);
    });
    levels += shared.levels;
    tables++;
  }
  matrices.forEach((matrix, group) => scatterMatrix(matrix, result, view, group));
  replaceWeight(graph, layer.weight.name!, result);
  if (bias !== undefined) writeBias(graph, bias, movedBias(bias, statistics, matrices));
  return { levels, tables, error: await errorOf(parts, matrices, settings.numerics) };
}

/** One group of a layer. */
interface Part extends Block {
  readonly original: Float32Array;
  readonly equations: NormalEquations;
}

async function partsOf(
  layer: WeightLayer,
  {
    values,
    statistics,
    bias,
    settings,
  }: { values: Float32Array; statistics: LayerStatistics; bias: LayerBias | undefined; settings: Settings },
): Promise<Part[] | undefined> {
  const { numerics, compensate } = settings;
  const centred = bias !== undefined;
  const isFitted = isFittable(layer, centred);
  const weights = statistics.map((_, group) => gatherMatrix(values, layer.view, group));
  const parts: Part[] = [];
  for (const [group, own] of statistics.entries()) {
    const original = weights[group]!;
    const equations = normalEquations(own, { weights: original, centred });
    if (equations === undefined) return undefined;
    const { h, size, outputs } = equations;

    const solved = isFitted ? await solveOnSupport(equations, { start: original, numerics }) : undefined;
    const factor = compensate ? await inverseFactor(h, size, numerics) : undefined;
    const wanted = solved ?? Float64Array.from(original);
    parts.push({ rows: outputs, columns: size, wanted, h, factor, original, equations });
  }
  return parts;
}

interface Piece {
  readonly group: number;
  readonly first: number;
  readonly count: number;
}

/** Neighbouring channels as rows of groups. */
function piecesOf(channels: readonly number[], outputs: number): Piece[] {
  const pieces: Piece[] = [];
  const end = channels.at(-1)! + 1;
  for (let at = channels[0]!; at < end;) {
    const group = Math.floor(at / outputs);
    const next = Math.min(end, (group + 1) * outputs);
    pieces.push({ group, first: at - group * outputs, count: next - at });
    at = next;
  }
  return pieces;
}

function blockOf({ columns, wanted, h, factor }: Part, { first, count }: Piece): Block {
  const own = wanted.subarray(first * columns, (first + count) * columns);
  return { rows: count, columns, wanted: own, h, factor };
}

async function errorOf(
  parts: readonly Part[],
  matrices: readonly Float32Array[],
  numerics: Numerics,
): Promise<number> {
  let [error, energy] = [0, 0];
  for (const [group, { equations, original }] of parts.entries()) {
    const share = await relativeError(equations, matrices[group]!, { original, numerics });
    error += share * equations.energy;
    energy += equations.energy;
  }
  return energy === 0 ? 0 : Math.sqrt(error / energy);
}

function replaceWeight(graph: GraphMessage, name: string, values: Float32Array): void {
  const index = graph.initializer.findIndex((tensor) => tensor.name === name);
  graph.initializer[index] = makeTensor(name, 'FLOAT', graph.initializer[index]!.dims, values);
}
