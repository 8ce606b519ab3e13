// SPDX-License-Identifier: Apache-2.0
// Which layers can come apart, and what each loses in which form and rank.

import type { Numerics } from '../../numerics/numerics';
import { excludedBy, type NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { inferredDims, type Dim, type DimsOf } from '../../onnx/passes/value-dims';
import { readMatrix, weightOf } from '../layers/layer-matrix';
import { biasOf } from '../layers/layer-bias';
import type { KeptNode } from '../../onnx/passes/cast-values';
import { findLayers, type WeightLayer } from '../layers/weight-layer';
import { packLayers } from '../reconstruct/compress-in-order';
import { gatherStatistics } from '../reconstruct/gather-statistics';
import type { GroupStatistics } from '../reconstruct/layer-statistics';
import { normalEquations } from '../reconstruct/least-squares';
import type { FeedSource, Runner } from '../runner';
import type { LayerPoints, RankPoint } from './choose-ranks';
import { denseCost, factorCost, formsOf, sizeOf, type FactorForm, type LayerShape } from './rank-costs';
import { measureForms, type FormLosses } from './shape-factors';

/** A layer that can come apart. */
export interface FactorLayer {
  readonly layer: WeightLayer;
  readonly shape: LayerShape;
  /** True if its bias can make up for what is lost on average. */
  readonly hasBias: boolean;
}

/** Layers of a simplified model, and why others stay whole. */
export function findFactorLayers(
  model: OnnxModel,
  exclude: NodeExclusion,
): { layers: FactorLayer[]; kept: KeptNode[] } {
  const { graph } = model;
  const found = findLayers(graph);
  const dimsOf = inferredDims(model);
  const kept = [...found.kept];
  const layers = found.layers.flatMap((layer) => {
    const shape = shapeOf(layer, dimsOf);
    const reason = problemOf(layer, shape, exclude);
    if (reason === undefined) {
      const hasBias = biasOf(graph, layer, layer.uses[0]!) !== undefined;
      return [{ layer, shape, hasBias }];
    }
    for (const { node } of layer.uses) kept.push({ node: node.name ?? layer.label, op: node.opType, reason });
    return [];
  });
  return { layers, kept };
}

function problemOf(
  { view, uses, op }: WeightLayer,
  shape: LayerShape,
  exclude: NodeExclusion,
): string | undefined {
  const { node, weightIndex } = uses[0]!;
  if (uses.some((use) => excludedBy(exclude, use.node) !== null)) return 'excluded';
  if (uses.length > 1) return `its weights are shared by ${uses.length} nodes`;
  if (op === 'ConvTranspose') return 'transposed convolutions are left whole';
  if (view.groups > 1)
    return view.channels === 1
      ? 'a depth-wise convolution has nothing to share between channels'
      : `it has ${view.groups} groups, each with few channels`;
  if (node.opType === 'Gemm' && weightIndex === 0) return 'its weights come first in a Gemm';
  const least = factorCost(shape, 'channel', [1]).parameters;
  const whole = denseCost(shape).parameters;
  return least < whole ? undefined : `rank 1 would have ${least} parameters, and it has ${whole}`;
}

function shapeOf({ view, weight, uses, op }: WeightLayer, dimsOf: DimsOf): LayerShape {
  const { outputs, channels } = view;
  const { input, output, weightIndex } = uses[0]!;
  const [read, made] = [dimsOf(input), dimsOf(output)];
  if (!op.startsWith('Conv')) {
    const own = weightIndex === 1 ? (made?.length ?? 1) - 1 : (made?.length ?? 2) - 2;
    const positions = placesOf(made?.filter((_, axis) => axis !== own));
    return {
      outputs,
      channels,
      kernel: [],
      positions,
      middlePositions: positions,
      inputPositions: positions,
    };
  }
  const batch = placesOf(made?.slice(0, 1));
  return {
    outputs,
    channels,
    kernel: weight.dims.slice(2),
    positions: batch * placesOf(made?.slice(2)),
    middlePositions: batch * placesOf([made?.[2], ...(read?.slice(3) ?? [])]),
    inputPositions: batch * placesOf(read?.slice(2)),
  };
}

/** Symbols count as one: costs are those of one sample. */
function placesOf(dims: readonly Dim[] | undefined): number {
  return (dims ?? []).reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
}

/** Data to measure on. */
export interface FactorData<Feeds> {
  readonly feeds: FeedSource<Feeds>;
  readonly runner: Runner<Feeds>;
}

/** How to look at layers. */
export interface MeasureOptions<Feeds> {
  readonly data: FactorData<Feeds> | undefined;
  readonly numerics: Numerics;
  readonly form: FactorForm | 'auto';
  /** Called with each layer and its sums over the data, of the source. */
  readonly visit?: (
    one: FactorLayer,
    losses: readonly FormLosses[],
    statistics: GroupStatistics,
  ) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((step: string) => void) | undefined;
}

/** What each form of each layer loses at each rank, in the source. Memory holds the sums of a layer, or of some small ones. */
export async function measureLayers<Feeds>(
  model: OnnxModel,
  layers: readonly FactorLayer[],
  { data, numerics, form, visit, signal, onProgress }: MeasureOptions<Feeds>,
): Promise<Map<FactorLayer, FormLosses[]>> {
  const losses = new Map<FactorLayer, FormLosses[]>();
  const byLayer = new Map(layers.map((one) => [one.layer, one]));
  const packs = data === undefined ? [[...byLayer.keys()]] : packLayers([...byLayer.keys()]);
  for (const [index, pack] of packs.entries()) {
    onProgress?.(`taking layers apart: ${index + 1} of ${packs.length}`);
    const statistics =
      data === undefined
        ? undefined
        : await gatherStatistics(pack, { source: model, compressed: model, ...data, numerics, signal });
    for (const layer of pack) {
      const one = byLayer.get(layer)!;
      const weights = readMatrix(weightOf(model.graph, layer), layer.view);
      const gram = statistics && gramOf(statistics.get(layer)![0]!, weights, one.hasBias);
      const task = { shape: one.shape, weights: Float64Array.from(weights), gram };
      const found = await measureForms(task, formsFor(one.shape, form), numerics);
      losses.set(one, found);
      if (statistics !== undefined) await visit?.(one, found, statistics.get(layer)![0]!);
    }
  }
  return losses;
}

/** The form that was asked for where the layer can have it, else what it can have. */
function formsFor(shape: LayerShape, form: FactorForm | 'auto'): readonly FactorForm[] {
  const possible = formsOf(shape);
  if (form === 'auto') return possible;
  return possible.includes(form) ? [form] : ['channel'];
}

/** X^T X around the mean where a bias can make up for it; undefined where the inputs tell nothing. */
export function gramOf(
  statistics: GroupStatistics,
  weights: Float32Array,
  centred: boolean,
): Float64Array | undefined {
  return normalEquations(statistics, { weights, centred, damping: LITTLE })?.h;
}

/** Keeps directions that the data does not have in the game. */
const LITTLE = 1e-4;

/** Every form and rank of a layer that is smaller than the layer. */
export function pointsOf({ layer, shape }: FactorLayer, losses: readonly FormLosses[]): LayerPoints {
  const whole: RankPoint = { form: undefined, ranks: [], cost: denseCost(shape), lost: 0 };
  const points = losses.flatMap((one) =>
    one.form === 'tucker' ? tuckerPoints(shape, one) : rankPoints(shape, one),
  );
  const smaller = points.filter(({ cost }) => cost.parameters < whole.cost.parameters);
  return { node: layer.label, step: stepOf(shape, smaller), points: [whole, ...smaller] };
}

/** Multiples that kernels are made for. */
const LARGEST_STEP = 8;
/** Of the ranks of a layer there stay so many to choose from: convolutions leave their fast kernels by other ranks, products slow down by less. */
const FEWEST_RANKS = { convolution: 4, product: 16 } as const;

function stepOf({ kernel }: LayerShape, points: readonly RankPoint[]): number {
  const largest = points.reduce((most, { ranks }) => Math.max(most, ...ranks), 0);
  const fewest = FEWEST_RANKS[kernel.length > 0 ? 'convolution' : 'product'];
  let step = LARGEST_STEP;
  while (step > 1 && step > largest / fewest) step /= 2;
  return step;
}

function rankPoints(shape: LayerShape, { form, losses: [lost] }: FormLosses): RankPoint[] {
  const points: RankPoint[] = [];
  for (let rank = 1; rank < lost!.length; rank++)
    points.push({ form, ranks: [rank], cost: factorCost(shape, form, [rank]), lost: lost![rank]! });
  return points;
}

/** Inner ranks that are tried; of each the outer ones that lose about as much. */
const MOST_INNER_RANKS = 64;
/** What inner ranks of larger layers are multiples of. */
const INNER_STEP = 8;

/** Both sides lose; pairs where one loses far more than the other are never the best. */
function tuckerPoints(shape: LayerShape, { form, losses }: FormLosses): RankPoint[] {
  const [inner, outer] = losses as [Float64Array, Float64Array];
  const points: RankPoint[] = [];
  const ranks = inner.length - 1;
  const step =
    ranks <= MOST_INNER_RANKS ? 1 : INNER_STEP * Math.ceil(ranks / (MOST_INNER_RANKS * INNER_STEP));
  const most = Math.min(outer.length - 1, shape.outputs);
  for (let first = step; first < inner.length; first += step) {
    for (let second = 1; second <= most; second++) {
      // More outputs than the rest of the layer has inputs are none of their own.
      if (second > first * sizeOf(shape.kernel)) break;
      const lost = inner[first]! + outer[second]!;
      points.push({ form, ranks: [first, second], cost: factorCost(shape, form, [first, second]), lost });
    }
  }
  return points;
}
