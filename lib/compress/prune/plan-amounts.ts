// SPDX-License-Identifier: Apache-2.0
import { elementsOf, readFloats } from '../../onnx/graph/tensor-values';
import { inputsOf, type WeightLayer } from '../layers/weight-layer';
import { gatherMatrix } from '../layers/layer-matrix';
import { bytesTogether, packLayers, splitLayer } from '../reconstruct/compress-in-order';
import { gatherStatistics, type ReconstructionData } from '../reconstruct/gather-statistics';
import { normalEquations } from '../reconstruct/least-squares';
import type { LayerStatistics } from '../reconstruct/layer-statistics';
import { ZeroAllocation } from './allocate-zeros';
import type { PruneOptions } from './prune-options';
import type { PruneAmount } from './support-pattern';
import { activationScores, hessianScores, magnitudes } from './weight-scores';

/** What is asked, and the data for it where there is some. */
export interface AmountRequest<Feeds> {
  readonly options: PruneOptions<Feeds>;
  readonly data?: ReconstructionData<Feeds>;
}

/**
 * How many zeros each layer gets. In the scope `'global'` the same share of all weights, taken where scores are smallest:
 * with data that needs one pass through it before, over the source.
 */
export async function planAmounts<Feeds>(
  layers: readonly WeightLayer[],
  { options, data }: AmountRequest<Feeds>,
): Promise<Map<WeightLayer, PruneAmount>> {
  const { sparsity, threshold, scope = 'layer', pattern } = options;
  if (threshold !== undefined) return new Map(layers.map((layer) => [layer, { threshold }]));
  // What l1 makes zero has a score of zero; the smallest number above it is the threshold.
  if (sparsity === undefined && pattern !== '2:4')
    return new Map(layers.map((layer) => [layer, { threshold: Number.MIN_VALUE }]));
  const share = sparsity ?? 0.5;
  if (scope === 'layer' || pattern === '2:4')
    return new Map(layers.map((layer) => [layer, { count: zerosOf(elementsOf(layer.weight), share) }]));
  const allocation = new ZeroAllocation();
  await addAll(allocation, layers, { options, ...(data && { data: { ...data, compressed: data.source } }) });
  const zeros = allocation.zeros(share);
  return new Map(layers.map((layer, index) => [layer, { count: zeros[index]! }]));
}

/** Each layer keeps a weight, as it does in the scope `'global'`. */
function zerosOf(weights: number, share: number): number {
  return Math.min(weights - 1, Math.round(share * weights));
}

async function addAll<Feeds>(
  allocation: ZeroAllocation,
  layers: readonly WeightLayer[],
  { options: { criterion }, data }: AmountRequest<Feeds>,
): Promise<void> {
  const kind = criterion ?? (data === undefined ? 'magnitude' : 'hessian');
  if (data === undefined || kind === 'magnitude') {
    for (const { weight } of layers) allocation.add(magnitudes(readFloats(weight)));
    return;
  }
  for (const pack of packLayers(layers)) {
    if (pack.length === 1) {
      allocation.add(await scoresOfParts(pack[0]!, { kind, data, most: bytesTogether(layers) }));
      continue;
    }
    const statistics = await gatherStatistics(pack, data);
    for (const layer of pack) allocation.add(await scoresOf(layer, statistics.get(layer)!, { kind, data }));
  }
}

interface ScoreRequest<Feeds> {
  readonly kind: 'activation' | 'hessian';
  readonly data: ReconstructionData<Feeds>;
}

/** Of a layer that may be too large to be looked at as a whole: in any order. */
async function scoresOfParts<Feeds>(
  layer: WeightLayer,
  { most, ...request }: ScoreRequest<Feeds> & { readonly most: number },
): Promise<Float32Array> {
  const scores = new Float32Array(elementsOf(layer.weight));
  let end = 0;
  for (const part of splitLayer(layer, { most })) {
    const statistics = await gatherStatistics([part], request.data);
    const own = await scoresOf(part, statistics.get(part)!, request);
    scores.set(own, end);
    end += own.length;
  }
  return scores;
}

async function scoresOf<Feeds>(
  { weight, view }: WeightLayer,
  statistics: LayerStatistics,
  { kind, data }: ScoreRequest<Feeds>,
): Promise<Float32Array> {
  const values = readFloats(weight);
  const size = view.outputs * inputsOf(view);
  const scores = new Float32Array(view.groups * size);
  for (const [group, sums] of statistics.entries()) {
    const weights = gatherMatrix(values, view, group);
    const equations = kind === 'hessian' ? normalEquations(sums, { weights, centred: false }) : undefined;
    const byHessian = equations && (await hessianScores(weights, equations, data.numerics));
    scores.set(byHessian ?? activationScores(weights, sums.input), group * size);
  }
  return scores;
}
