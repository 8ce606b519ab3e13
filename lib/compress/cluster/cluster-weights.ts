// SPDX-License-Identifier: Apache-2.0
// One tensor of weights: which of them share values, and what they become.

import type { Numerics } from '../../numerics/numerics';
import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import { joinArrays } from '../layers/join-arrays';
import { biasOf, writeBias, type LayerBias } from '../layers/layer-bias';
import { forEachElement, gatherMatrix, scatterMatrix, weightOf } from '../layers/layer-matrix';
import { inputsOf, type WeightLayer } from '../layers/weight-layer';
import { isFittable, movedBias, relativeDistance } from '../reconstruct/fit-target';
import { inverseFactor } from '../reconstruct/inverse-factor';
import type { LayerStatistics } from '../reconstruct/layer-statistics';
import { normalEquations, relativeError, type NormalEquations } from '../reconstruct/least-squares';
import { solveOnSupport } from '../reconstruct/solve-on-support';
import { placesOf } from './codebook';
import type { ClusterOptions, ClusterScope } from './cluster-options';
import type { ClusterSite } from './cluster-sites';
import { nearest, sampledClusters, shareValues, tableOf, type Block } from './shared-values';

/** What became of the weights of a tensor. */
export interface ClusterResult {
  /** Different values, of all tables. */
  readonly levels: number;
  readonly tables: number;
  /** Relative error of what its layer makes, or of the weights themselves; a root of the mean of squares. */
  readonly error: number;
  /** What the data lacked. */
  readonly note?: 'few samples' | 'no inputs';
}

export type ClusterSettings = Required<
  Pick<ClusterOptions<unknown>, 'clusters' | 'scope' | 'compensate' | 'seed'>
> & {
  readonly numerics: Numerics;
};

/** Replaces weights by values that they share, of the weights alone. */
export async function clusterAlone(
  graph: GraphMessage,
  { weight, layer }: ClusterSite,
  { scope, clusters, seed, numerics }: ClusterSettings,
): Promise<ClusterResult> {
  const values = readFloats(weight);
  const result = values.slice();
  const channels = channelsOf(weight.dims, layer);
  let [levels, tables] = [0, 0];
  for (const group of groupsOf(channels.count, scope)) {
    const isWhole = group.length === channels.count;
    const places = isWhole ? undefined : joinArrays(group.map(channels.placesOf), Uint32Array);
    const own = places === undefined ? values : Float32Array.from(places, (place) => values[place]!);
    const { centers } = await sampledClusters(own, { clusters, seed }, numerics);
    const { borders } = tableOf(centers);
    const used = new Uint8Array(centers.length);
    own.forEach((value, at) => {
      const code = nearest(borders, value);
      used[code] = 1;
      result[places?.[at] ?? at] = centers[code]!;
    });
    levels += used.reduce((sum, one) => sum + one, 0);
    tables++;
  }
  replaceWeight(graph, weight.name!, result);
  return { levels, tables, error: Math.sqrt(relativeDistance(values, result)) };
}

interface Channels {
  readonly count: number;
  /** Positions of the weights of a channel. */
  readonly placesOf: (channel: number) => Uint32Array;
}

/** Of a layer its outputs; of a table of embeddings each row is a channel. */
function channelsOf(dims: readonly number[], layer: WeightLayer | undefined): Channels {
  if (layer === undefined)
    return { count: dims[0]!, placesOf: (channel) => Uint32Array.from(placesOf(dims, 0, channel)) };
  const { view } = layer;
  const { outputs, outputStep, groupStep } = view;
  return {
    count: view.groups * outputs,
    placesOf(channel) {
      const start = Math.floor(channel / outputs) * groupStep + (channel % outputs) * outputStep;
      const places = new Uint32Array(inputsOf(view));
      forEachElement({ ...view, outputs: 1 }, 0, (at, place) => (places[at] = start + place));
      return places;
    },
  };
}

export function groupsOf(channels: number, scope: ClusterScope): number[][] {
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
  { statistics, ...settings }: ClusterSettings & { readonly statistics: LayerStatistics },
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
  const isFew = statistics[0]!.input.count < inputsOf(view);
  const error = await errorOf(parts, matrices, settings.numerics);
  return { levels, tables, error, ...(isFew ? { note: 'few samples' as const } : {}) };
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
  }: {
    values: Float32Array;
    statistics: LayerStatistics;
    bias: LayerBias | undefined;
    settings: ClusterSettings;
  },
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
    error += share * equations.whole;
    energy += equations.whole;
  }
  return energy === 0 ? 0 : Math.sqrt(error / energy);
}

function replaceWeight(graph: GraphMessage, name: string, values: Float32Array): void {
  const index = graph.initializer.findIndex((tensor) => tensor.name === name);
  graph.initializer[index] = makeTensor(name, 'FLOAT', graph.initializer[index]!.dims, values);
}
