// SPDX-License-Identifier: Apache-2.0
import { elementsOf } from '../../onnx/graph/tensor-values';
import { bandsOf } from '../layers/layer-bands';
import { layerLevels, nodeDepths } from '../layers/layer-order';
import type { WeightLayer } from '../layers/weight-layer';
import { throwIfAborted } from '../observe/stop-work';
import { gatherStatistics, statisticsBytes, type ReconstructionData } from './gather-statistics';
import type { LayerStatistics } from './layer-statistics';
import { findNormalizations, reestimateNormalization } from './reestimate-normalization';

/** Sums of layers that do not depend on each other are gathered together up to this size. */
const BYTES_TOGETHER = 8 * 2 ** 20;
/** Part of the largest layer that sums may take: all that is computed from them takes some four times as much. */
const SHARE_OF_LARGEST = 0.6;

/** What a method does with a layer, or with a band of one; it changes the compressed model itself. */
export type LayerVisitor = (layer: WeightLayer, statistics: LayerStatistics) => Promise<void>;

/** How layers are shown. */
export interface OrderOptions {
  /**
   * Layers whose sums would take too much memory are shown in bands of input channels, each but the last a multiple of
   * this; for a band, statistics say what it is to make beside the others as they are. Default: layers are shown whole.
   */
  readonly bandsOf?: number;
}

/**
 * Goes through layers from front to back. Each is shown with what it reads in the compressed model, where those before it
 * are compressed already, and with what it makes in the source. Running means and variances of normalisations in between
 * are moved by what changed before them.
 *
 * Memory holds the sums of one layer or band, or of several layers that do not depend on each other and fit together. The
 * data is gone through once for each of these, by both models.
 *
 * @returns labels of the normalisations that were moved
 */
export async function compressInOrder<Feeds>(
  layers: readonly WeightLayer[],
  data: ReconstructionData<Feeds>,
  visit: LayerVisitor,
  options: OrderOptions = {},
): Promise<string[]> {
  const { graph } = data.source;
  const depths = nodeDepths(graph, layers);
  const waiting = findNormalizations(graph).map((node) => ({ node, depth: depths.get(node) ?? 0 }));
  const moved: string[] = [];
  const catchUp = async (depth: number) => {
    while (waiting.length > 0 && waiting[0]!.depth <= depth) {
      const { node, depth: own } = waiting.shift()!;
      // Nothing changed before the first layer.
      if (own > 0) moved.push(await reestimateNormalization(node, data));
    }
  };
  waiting.sort((a, b) => a.depth - b.depth);
  const most = bytesTogether(layers);
  for (const level of layerLevels(graph, layers)) {
    await catchUp(Math.min(...level.flatMap(({ uses }) => uses.map(({ node }) => depths.get(node) ?? 0))));
    for (const pack of packLayers(level, most)) {
      const shown = pack.length === 1 ? partsOf(pack[0]!, options, most) : [pack];
      for (const part of shown) await visitTogether(part, data, visit);
    }
  }
  await catchUp(Infinity);
  return moved;
}

async function visitTogether<Feeds>(
  layers: readonly WeightLayer[],
  data: ReconstructionData<Feeds>,
  visit: LayerVisitor,
): Promise<void> {
  const statistics = await gatherStatistics(layers, data);
  for (const layer of layers) {
    throwIfAborted(data.signal);
    await visit(layer, statistics.get(layer)!);
    statistics.delete(layer);
  }
}

/** A layer, or its bands one after the other. */
function partsOf(layer: WeightLayer, { bandsOf: multipleOf }: OrderOptions, most: number): WeightLayer[][] {
  if (multipleOf === undefined) return [[layer]];
  return splitLayer(layer, { most, multipleOf }).map((part) => [part]);
}

/** Bands of a layer whose sums would take more bytes; the layer itself where they do not, or where it has groups. */
export function splitLayer(
  layer: WeightLayer,
  { most, multipleOf = 1 }: { readonly most: number; readonly multipleOf?: number },
): WeightLayer[] {
  const { view } = layer;
  if (view.groups > 1 || statisticsBytes(layer) <= most) return [layer];
  const { outputs, taps } = view;
  // The size s of a band, with 8 s (2 s + outputs) = most.
  const size = (Math.sqrt(outputs ** 2 + most) - outputs) / 4;
  const bands = bandsOf(layer, { most: Math.floor(size / taps), multipleOf });
  return bands.length === 1 ? [layer] : bands;
}

/** What sums may take together: they are of a size with the layers that they are for. */
export function bytesTogether(layers: readonly WeightLayer[]): number {
  const largest = Math.max(0, ...layers.map(({ weight }) => 4 * elementsOf(weight)));
  return Math.max(BYTES_TOGETHER, SHARE_OF_LARGEST * largest);
}

/** Layers whose sums fit the bytes together, or one that does not. */
export function packLayers(
  layers: readonly WeightLayer[],
  most: number = bytesTogether(layers),
): WeightLayer[][] {
  const packs: WeightLayer[][] = [];
  let room = 0;
  for (const layer of layers) {
    const needed = statisticsBytes(layer);
    if (packs.length === 0 || needed > room) {
      packs.push([]);
      room = most;
    }
    packs.at(-1)!.push(layer);
    room -= needed;
  }
  return packs;
}

/** True for a part of a layer that is no band, or the last one. */
export function isLastPart({ view }: WeightLayer): boolean {
  return view.band === undefined || view.band.first + view.channels === view.band.of;
}

/** Share of its layer's weights that a part has. */
export function shareOf({ view }: WeightLayer): number {
  return view.band === undefined ? 1 : view.channels / view.band.of;
}
