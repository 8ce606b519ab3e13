// SPDX-License-Identifier: Apache-2.0
import { layerLevels, nodeDepths } from '../layers/layer-order';
import type { WeightLayer } from '../layers/weight-layer';
import { throwIfAborted } from '../observe/stop-work';
import { gatherStatistics, statisticsBytes, type ReconstructionData } from './gather-statistics';
import type { LayerStatistics } from './layer-statistics';
import { findNormalizations, reestimateNormalization } from './reestimate-normalization';

/** Sums of layers that do not depend on each other are gathered together up to this size. */
const BYTES_TOGETHER = 64 * 2 ** 20;

/** What a method does with a layer; it changes the compressed model itself. */
export type LayerVisitor = (layer: WeightLayer, statistics: LayerStatistics) => Promise<void>;

/**
 * Goes through layers from front to back. Each is shown with what it reads in the compressed model, where those before it
 * are compressed already, and with what it makes in the source. Running means and variances of normalisations in between
 * are moved by what changed before them.
 *
 * Memory holds the sums of one layer, or of several that do not depend on each other and fit 64 MiB together. The data is
 * gone through once for each such group, by both models.
 *
 * @returns labels of the normalisations that were moved
 */
export async function compressInOrder<Feeds>(
  layers: readonly WeightLayer[],
  data: ReconstructionData<Feeds>,
  visit: LayerVisitor,
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
  for (const level of layerLevels(graph, layers)) {
    await catchUp(Math.min(...level.flatMap(({ uses }) => uses.map(({ node }) => depths.get(node) ?? 0))));
    for (const pack of packLayers(level)) {
      const statistics = await gatherStatistics(pack, data);
      for (const layer of pack) {
        throwIfAborted(data.signal);
        await visit(layer, statistics.get(layer)!);
        statistics.delete(layer);
      }
    }
  }
  await catchUp(Infinity);
  return moved;
}

/** Layers whose sums fit the bytes together, or one that does not. */
export function packLayers(layers: readonly WeightLayer[], most = BYTES_TOGETHER): WeightLayer[][] {
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
