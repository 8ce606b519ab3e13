// SPDX-License-Identifier: Apache-2.0
// How much the outputs of a model lose for what a layer loses: one is cut alone, and the outputs are measured.

import type { Numerics } from '../../numerics/numerics';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { OutputJudge } from '../output-judge';
import type { GroupStatistics } from '../reconstruct/layer-statistics';
import type { LayerPoints, RankPoint } from './choose-ranks';
import { pointsOf, type FactorLayer } from './factor-layers';
import { fitFactors } from './fit-factors';
import type { FormLosses } from './shape-factors';

/** Share of its own parameters that a layer is cut to. */
const PROBED_SHARE = 0.5;

interface WeightRequest<Feeds> {
  readonly one: FactorLayer;
  readonly found: readonly FormLosses[];
  readonly statistics: GroupStatistics;
  readonly judge: OutputJudge<Feeds>;
  readonly numerics: Numerics;
}

/**
 * Noise of the model's outputs for each share of energy that the layer loses, and of that the root: half way, in
 * logarithms, to counting all layers alike. Noise adds up in a straight line for small cuts alone, and is measured on few
 * data; on the networks of benchmarks/precision the root was the best of the three. 1 where nothing can be told.
 */
export async function measureWeight<Feeds>(
  model: OnnxModel,
  { one, found, statistics, judge, numerics }: WeightRequest<Feeds>,
): Promise<number> {
  const [whole, ...others] = pointsOf(one, found).points as [RankPoint, ...RankPoint[]];
  const most = PROBED_SHARE * whole.cost.parameters;
  const fitting = others.filter(({ cost }) => cost.parameters <= most);
  const candidates = fitting.length > 0 ? fitting : others;
  if (candidates.length === 0) return 1;
  const point = candidates.reduce((best, other) => (other.lost < best.lost ? other : best));
  if (point.lost <= 0) return 1;
  const trial = model.clone();
  await fitFactors(trial.graph, { one, point, statistics, numerics });
  const { sqnrDb } = await judge.score(trial);
  return Math.sqrt(10 ** (-sqnrDb / 10) / point.lost);
}

/** The points of a layer with what the outputs lose by them. */
export function weighted({ points, ...layer }: LayerPoints, weight: number): LayerPoints {
  return { ...layer, points: points.map((point) => ({ ...point, lost: point.lost * weight })) };
}
