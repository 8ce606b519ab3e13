// SPDX-License-Identifier: Apache-2.0
// Ranks for all layers at once. A layer has points: what a form and rank costs, and which share of its outputs' energy is
// lost. On the lower hull of the points each step down loses more for what it saves than the one before; taking the
// cheapest steps of all layers until the budget holds is then the best that hulls can do. What is left of the budget goes
// back to where it gains most.

import { TensorRTError } from '../../errors';
import type { Cost, FactorForm } from './rank-costs';

/** A form and rank of a layer. */
export interface RankPoint {
  /** Undefined for the layer as it is. */
  readonly form: FactorForm | undefined;
  readonly ranks: readonly number[];
  readonly cost: Cost;
  /** Share of the energy of the outputs that is lost. */
  readonly lost: number;
}

/** The points of a layer; the first is the layer as it is. */
export interface LayerPoints {
  /** Label of the node. */
  readonly node: string;
  /** What ranks are multiples of where nobody says them. */
  readonly step: number;
  readonly points: readonly RankPoint[];
}

/** What has to hold of all layers together. */
export interface RankBudget {
  readonly of: keyof Cost;
  /** Most of it, of the layers here. */
  readonly most: number;
}

/** A point for each layer so that the budget holds and little is lost; undefined where it cannot hold. */
export function chooseWithin(all: readonly LayerPoints[], budget: RankBudget): RankPoint[] | undefined {
  const costOf = ({ cost }: RankPoint) => cost[budget.of];
  const layers = all.map((layer) => ({ ...layer, points: bestPoints(layer.points, costOf) }));
  const hulls = layers.map(({ points }) => lowerHull(points, costOf));
  const at = hulls.map(() => 0);
  let total = hulls.reduce((sum, hull) => sum + costOf(hull[0]!), 0);
  while (total > budget.most) {
    const next = cheapestStep(hulls, at, costOf);
    if (next === undefined) return undefined;
    total += costOf(hulls[next]![at[next]! + 1]!) - costOf(hulls[next]![at[next]!]!);
    at[next]!++;
  }
  const chosen = hulls.map((hull, layer) => hull[at[layer]!]!);
  return giveBack(layers, chosen, { costOf, rest: budget.most - total });
}

/** The least that the layers can cost together. */
export function leastCost(layers: readonly LayerPoints[], of: keyof Cost): number {
  return layers.reduce((sum, { points }) => sum + Math.min(...points.map(({ cost }) => cost[of])), 0);
}

/** For each layer the cheapest point that loses at most so much. */
export function chooseByError(layers: readonly LayerPoints[], mostLost: number): RankPoint[] {
  return layers.map(({ points }) =>
    points.reduce((best, point) =>
      point.lost <= mostLost && point.cost.parameters < best.cost.parameters ? point : best,
    ),
  );
}

type CostOf = (point: RankPoint) => number;

/** The whole layer, and points than which none costs and loses less. */
function bestPoints([whole, ...others]: readonly RankPoint[], costOf: CostOf): RankPoint[] {
  const sorted = others.sort((a, b) => costOf(a) - costOf(b) || a.lost - b.lost);
  let least = Infinity;
  const best = sorted.filter(({ lost }) => {
    const isBetter = lost < least;
    if (isBetter) least = lost;
    return isBetter;
  });
  return [whole!, ...best];
}

/** Points that no mixture of two others beats, from the dearest to the cheapest. */
export function lowerHull(points: readonly RankPoint[], costOf: CostOf): RankPoint[] {
  const [whole, ...others] = points as [RankPoint, ...RankPoint[]];
  const sorted = others
    .filter((point) => costOf(point) < costOf(whole))
    .sort((a, b) => costOf(b) - costOf(a) || a.lost - b.lost);
  const hull = [whole];
  for (const point of sorted) {
    if (costOf(point) === costOf(hull.at(-1)!)) continue;
    // A point that costs more and loses more than a later one is no corner.
    while (hull.length > 1 && isAbove(hull.at(-2)!, hull.at(-1)!, { point, costOf })) hull.pop();
    hull.push(point);
  }
  return hull;
}

/** True where `middle` lies on or above the line between its neighbours. */
function isAbove(
  before: RankPoint,
  middle: RankPoint,
  { point, costOf }: { point: RankPoint; costOf: CostOf },
): boolean {
  return slope(before, middle, costOf) >= slope(before, point, costOf);
}

/** What is lost for each unit that is saved. */
function slope(from: RankPoint, to: RankPoint, costOf: CostOf): number {
  return (to.lost - from.lost) / (costOf(from) - costOf(to));
}

function cheapestStep(
  hulls: readonly RankPoint[][],
  at: readonly number[],
  costOf: CostOf,
): number | undefined {
  let [best, least] = [undefined as number | undefined, Infinity];
  hulls.forEach((hull, layer) => {
    const [from, to] = [hull[at[layer]!]!, hull[at[layer]! + 1]];
    if (to === undefined) return;
    const price = slope(from, to, costOf);
    if (price < least) [best, least] = [layer, price];
  });
  return best;
}

/** Spends what is left, each time where a unit of it saves most error. */
function giveBack(
  layers: readonly LayerPoints[],
  chosen: RankPoint[],
  { costOf, rest }: { costOf: CostOf; rest: number },
): RankPoint[] {
  let left = rest;
  for (;;) {
    let best: { layer: number; point: RankPoint; gain: number } | undefined;
    layers.forEach(({ points }, layer) => {
      const now = chosen[layer]!;
      for (const point of points) {
        const more = costOf(point) - costOf(now);
        if (more > left || point.lost >= now.lost) continue;
        const gain = more <= 0 ? Infinity : (now.lost - point.lost) / more;
        if (best === undefined || gain > best.gain) best = { layer, point, gain };
      }
    });
    if (best === undefined) return chosen;
    left -= costOf(best.point) - costOf(chosen[best.layer]!);
    chosen[best.layer] = best.point;
  }
}

/** A budget that no ranks reach. */
export function budgetError(of: string, asked: number, closest: number): TensorRTError {
  const shown = (share: number) => `${(100 * share).toFixed(1)} %`;
  return new TensorRTError(
    'ERR_TRT_COMPRESS_TARGET',
    `${shown(asked)} of the ${of} was asked for; with rank 1 everywhere ${shown(closest)} are left.`,
    {
      hint: `Ask for ${shown(Math.ceil(closest * 1000) / 1000)} or more; far above it the outputs are closer.`,
      details: { asked, closest },
    },
  );
}
