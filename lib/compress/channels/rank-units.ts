// SPDX-License-Identifier: Apache-2.0
// In which order the units of a group are removed.

import { TensorRTError } from '../../errors';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { Numerics } from '../../numerics/numerics';
import { readFloats } from '../../onnx/graph/tensor-values';
import { readMatrix } from '../layers/layer-matrix';
import { findLayers, inputsOf, type WeightLayer } from '../layers/weight-layer';
import { gatherStatistics, statisticsBytes } from '../reconstruct/gather-statistics';
import type { LayerStatistics } from '../reconstruct/layer-statistics';
import type { FeedSource, Runner } from '../runner';
import type { DependencyGraph } from './dependency-graph';
import { GramElimination } from './gram-elimination';
import { dampingOf } from './damping';
import type { RemovableGroup } from './removable-groups';
import { orderByCost, orderByScore, type UnitOrder } from './unit-order';

/** How units are ranked. */
export type ChannelCriterion = 'reconstruction' | 'activation' | 'norm' | 'taylor';

/** Where channels are read. */
export interface ChannelReader {
  /** Name of the node that reads. */
  readonly node: string;
  /** Name of the tensor that it reads. */
  readonly tensor: string;
  /** Axis of the channels. */
  readonly axis: number;
  /** How many axes the tensor has. */
  readonly rank: number;
  /** Positions along the axis by unit; none where a unit is not read here. */
  readonly positions: readonly (readonly number[])[];
}

/** Channels, neurons or heads that can be removed one by one. */
export interface ChannelGroup {
  /** Names of the nodes that make them. */
  readonly nodes: readonly string[];
  /** How many there are. */
  readonly units: number;
  /** A unit that is zero in all of them is as good as removed. */
  readonly readers: readonly ChannelReader[];
}

/**
 * Tells what the removal of each unit of each group costs, 0 or more: numbers that can be compared, also between groups.
 * `lossSensitivity()` makes one.
 */
export type ChannelSensitivity = (
  model: OnnxModel,
  groups: readonly ChannelGroup[],
) => Promise<readonly ArrayLike<number>[]>;

/** What ranking by data needs. */
export interface RankingData<Feeds> {
  readonly feeds: FeedSource<Feeds>;
  readonly runner: Runner<Feeds>;
  readonly numerics: Numerics;
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Of layers with larger Gram matrices only the energies of channels are looked at. */
const MOST_INPUTS = 2048;

/** By the size of the weights that make and read each unit. */
export function rankByNorm(graph: DependencyGraph, group: RemovableGroup): UnitOrder {
  const scores = new Float64Array(group.units.length);
  const index = new Map(group.units.map((root, unit) => [root, unit]));
  const seen = new Set<string>();
  for (const { weight, weightAxis } of [...group.makers, ...group.readers]) {
    const range = weight === undefined ? undefined : graph.slots.of(weight, weightAxis);
    if (weight === undefined || range === undefined || seen.has(`${weight} ${weightAxis}`)) continue;
    seen.add(`${weight} ${weightAxis}`);
    const tensor = graph.scope.constants.get(weight)!;
    const values = readFloats(tensor);
    const inner = tensor.dims.slice(weightAxis + 1).reduce((product, size) => product * size, 1);
    const energies = new Float64Array(group.units.length);
    for (let at = 0; at < values.length; at++) {
      const unit = index.get(graph.slots.find(range.base + (Math.floor(at / inner) % range.count)));
      if (unit !== undefined) energies[unit]! += values[at]! ** 2;
    }
    // Each tensor counts alike, however large its values are.
    const total = energies.reduce((sum, energy) => sum + energy, 0);
    energies.forEach((energy, unit) => (scores[unit]! += total > 0 ? energy / total : 0));
  }
  return orderByScore([...scores]);
}

/** By what a caller says of each channel. */
export async function rankBySensitivity(
  { model, graph, groups }: { model: OnnxModel; graph: DependencyGraph; groups: readonly RemovableGroup[] },
  sensitivity: ChannelSensitivity,
): Promise<UnitOrder[]> {
  const described = groups.map((group) => describeGroup(graph, group));
  const known = await sensitivity(model, described);
  return described.map(({ nodes, units }, index) => {
    const scores = Array.from(known[index] ?? []);
    if (scores.length === units && scores.every((score) => score >= 0 && score < Infinity))
      return orderByCost(scores);
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `sensitivity has to return ${units} numbers from 0 on for the channels of ${nodes.map((name) => `"${name}"`).join(', ')}; it returned ${scores.length === units ? 'others' : scores.length}.`,
      { details: { nodes, expected: units, scores } },
    );
  });
}

/** What reads a group, without products of two values where weights read it behind them. */
function describeGroup(graph: DependencyGraph, { nodes, units, readers }: RemovableGroup): ChannelGroup {
  const weighted = readers.filter(({ weight }) => weight !== undefined);
  return {
    nodes,
    units: units.length,
    readers: (weighted.length > 0 ? weighted : readers).map(({ node, tensor, axis, positions }) => ({
      node: nodeLabel(node),
      tensor,
      axis,
      rank: graph.dims(tensor)!.length,
      positions,
    })),
  };
}

/** A layer that reads units of a group, and which of its inputs each unit is. */
interface ReadingLayer {
  readonly layer: WeightLayer;
  /** Inputs of each unit in each group of the layer. */
  readonly inputs: readonly (readonly (readonly number[])[])[];
}

/**
 * By what the outputs of the layers behind lose: with all that the other units can take over (`reconstruction`), or by the
 * energy of each unit's part alone (`activation`). Groups whose readers are no layers with constant weights are ranked by
 * norm.
 *
 * @param most - How many units of each group may go.
 */
export async function rankByData<Feeds>(
  { model, graph, groups }: { model: OnnxModel; graph: DependencyGraph; groups: readonly RemovableGroup[] },
  criterion: 'reconstruction' | 'activation',
  { most, data }: { most: readonly number[]; data: RankingData<Feeds> },
): Promise<UnitOrder[]> {
  const { layers } = findLayers(model.graph);
  const reading = groups.map((group) => readingLayers(group, layers));
  // What cannot be compared goes after all else.
  const orders: UnitOrder[] = groups.map((group) => {
    const { units } = rankByNorm(graph, group);
    return { units, losses: units.map(() => Infinity) };
  });
  for (const pack of packGroups(reading)) {
    const needed = [...new Set(pack.flatMap((group) => reading[group]!.map(({ layer }) => layer)))];
    const statistics = await gatherStatistics(needed, { ...data, source: model, compressed: model });
    for (const group of pack) {
      const parts = await eliminations(reading[group]!, { criterion, statistics, numerics: data.numerics });
      if (parts.length > 0) orders[group] = eliminate(parts, groups[group]!.units.length, most[group]!);
    }
  }
  return orders;
}

function readingLayers(group: RemovableGroup, layers: readonly WeightLayer[]): ReadingLayer[] {
  const found = new Map<WeightLayer, ReadingLayer>();
  // What a product of two values loses is not told by the layers behind it.
  if (group.readers.some(({ weight }) => weight === undefined)) return [];
  for (const { node, positions } of group.readers) {
    const layer = layers.find(({ uses }) => uses.some((use) => use.node === node));
    if (layer === undefined || found.has(layer) || inputsOf(layer.view) === 0) continue;
    const { groups, channels, taps } = layer.view;
    const inputs = Array.from({ length: groups }, (_, part) =>
      positions.map((unit) =>
        unit
          .filter((position) => Math.floor(position / channels) === part)
          .flatMap((position) =>
            Array.from({ length: taps }, (_, tap) => (position % channels) * taps + tap),
          ),
      ),
    );
    found.set(layer, { layer, inputs });
  }
  return [...found.values()];
}

/** Groups whose sums are gathered in one pass through the data. */
function packGroups(reading: readonly (readonly ReadingLayer[])[], most = 64 * 2 ** 20): number[][] {
  const packs: number[][] = [];
  let room = 0;
  reading.forEach((layers, group) => {
    if (layers.length === 0) return;
    const needed = layers.reduce((sum, { layer }) => sum + statisticsBytes(layer), 0);
    if (packs.length === 0 || needed > room) {
      packs.push([]);
      room = most;
    }
    packs.at(-1)!.push(group);
    room -= needed;
  });
  return packs;
}

/** One matrix from which units can be removed. */
interface Part {
  readonly inputs: readonly (readonly number[])[];
  readonly energy: number;
  cost(inputs: readonly number[]): number;
  remove(inputs: readonly number[]): void;
}

async function eliminations(
  reading: readonly ReadingLayer[],
  {
    criterion,
    statistics,
    numerics,
  }: {
    criterion: 'reconstruction' | 'activation';
    statistics: ReadonlyMap<WeightLayer, LayerStatistics>;
    numerics: Numerics;
  },
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const { layer, inputs } of reading) {
    const size = inputsOf(layer.view);
    for (const [group, { input }] of statistics.get(layer)!.entries()) {
      const weights = readMatrix(layer.weight, layer.view, group);
      const { gram } = input;
      if (criterion === 'activation' || size > MOST_INPUTS) {
        parts.push(energyPart(gram, weights, { size, inputs: inputs[group]! }));
        continue;
      }
      const own = await GramElimination.create(centred(input), weights, {
        size,
        damping: dampingOf(input),
        numerics,
      });
      if (own === undefined) continue;
      const { energy } = own;
      parts.push({
        inputs: inputs[group]!,
        energy,
        cost: (some) => own.cost(some),
        remove: (some) => own.remove(some),
      });
    }
  }
  return parts.filter(({ energy }) => energy > 0);
}

/** X^T X without the means, which a bias makes up for. */
function centred({ gram, sums, size, count }: LayerStatistics[number]['input']): Float64Array {
  const h = gram.slice();
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) h[i * size + j]! -= (sums[i]! * sums[j]!) / count;
  return h;
}

/** The energy of what each input adds to the outputs. */
function energyPart(
  gram: Float64Array,
  weights: Float32Array,
  { size, inputs }: { size: number; inputs: Part['inputs'] },
): Part {
  const energies = new Float64Array(size);
  for (let at = 0; at < weights.length; at++) energies[at % size]! += weights[at]! ** 2;
  for (let i = 0; i < size; i++) energies[i]! *= gram[i * size + i]!;
  return {
    inputs,
    energy: energies.reduce((sum, one) => sum + one, 0),
    cost: (some) => some.reduce((sum, input) => sum + energies[input]!, 0),
    remove: () => undefined,
  };
}

/** The cheapest unit first, then the cheapest of those that are left. */
function eliminate(parts: readonly Part[], units: number, most: number): UnitOrder {
  const left = new Set(Array.from({ length: units }, (_, unit) => unit));
  const order: number[] = [];
  const losses: number[] = [];
  while (order.length < Math.min(most, units)) {
    let [best, least] = [-1, Infinity];
    for (const unit of left) {
      let cost = 0;
      for (const part of parts) cost += part.cost(part.inputs[unit]!) / part.energy;
      if (best < 0 || cost < least) [best, least] = [unit, cost];
    }
    for (const part of parts) part.remove(part.inputs[best]!);
    left.delete(best);
    order.push(best);
    // Rounding apart, later ones cost at least as much.
    losses.push(Math.max(losses.at(-1) ?? 0, least / parts.length));
  }
  return { units: [...order, ...left], losses: [...losses, ...[...left].map(() => Infinity)] };
}
