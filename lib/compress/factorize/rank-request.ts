// SPDX-License-Identifier: Apache-2.0
// From what was asked for to a form and rank for each layer.

import { TensorRTError } from '../../errors';
import {
  budgetError,
  chooseByError,
  chooseWithin,
  leastCost,
  type LayerPoints,
  type RankPoint,
} from './choose-ranks';
import type { FactorizeOptions } from './factorize-options';

/** What a layer becomes, or why it stays whole. */
export interface RankChoice {
  readonly point: RankPoint;
  readonly reason?: string;
}

type Request = Pick<FactorizeOptions<unknown>, 'target' | 'rank' | 'ratio' | 'form'>;

/** Half of the parameters, where nothing is said. */
const DEFAULT_SHARE = 0.5;

/**
 * A form and rank for each layer.
 *
 * @param total - Parameters of the model.
 * @param added - Parameters of biases that fitting may give to layers that have none.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_TARGET; ERR_TRT_ARG_VALUE for ranks of nodes that are no layers
 */
export function chooseRanks(
  all: readonly LayerPoints[],
  { request, total, added = 0 }: { request: Request; total: number; added?: number },
): RankChoice[] {
  const { target, rank, ratio } = request;
  if (rank !== undefined) return chooseByRank(all, rank, request.form ?? 'auto');
  const layers = all.map((layer) => ({ ...layer, points: evenPoints(layer) }));
  if (ratio !== undefined) return layers.map((layer) => chooseByRatio(layer, ratio));
  if (target?.error !== undefined) {
    const reason = `every smaller rank loses more than ${target.error} of its outputs`;
    return withReason(chooseByError(layers, target.error ** 2), reason);
  }
  const of = target?.flops === undefined ? 'parameters' : 'multiplyAdds';
  const share = target?.flops ?? target?.parameters ?? DEFAULT_SHARE;
  const whole = layers.reduce((sum, { points }) => sum + points[0]!.cost[of], 0);
  const model = of === 'parameters' ? total : whole;
  const fixed = model - whole + (of === 'parameters' ? added : 0);
  const most = share * model - fixed;
  const chosen = chooseWithin(layers, { of, most });
  if (chosen === undefined) {
    const closest = (fixed + leastCost(layers, of)) / model;
    throw budgetError(of === 'parameters' ? 'parameters' : 'multiply-adds', share, closest);
  }
  const reason = 'whole it loses least for what others save';
  return withReason(chosen, reason);
}

function withReason(points: readonly RankPoint[], reason: string): RankChoice[] {
  return points.map((point) => (point.form === undefined ? { point, reason } : { point }));
}

/** The whole layer, and the points whose ranks kernels are made for. */
function evenPoints({ step, points: [whole, ...others] }: LayerPoints): RankPoint[] {
  const even = others.filter(({ ranks }) => ranks.every((rank) => rank % step === 0 || rank < step));
  return [whole!, ...even];
}

function chooseByRatio({ points }: LayerPoints, ratio: number): RankChoice {
  const [whole, ...others] = points as [RankPoint, ...RankPoint[]];
  const most = ratio * whole.cost.parameters;
  const fitting = others.filter(({ cost }) => cost.parameters <= most);
  if (fitting.length === 0)
    return { point: whole, reason: `no rank has ${ratio} of its parameters or fewer` };
  return { point: fitting.reduce((best, point) => (point.lost < best.lost ? point : best)) };
}

function chooseByRank(
  layers: readonly LayerPoints[],
  rank: number | Readonly<Record<string, number>>,
  form: string,
): RankChoice[] {
  if (typeof rank === 'object') checkNodes(layers, Object.keys(rank));
  return layers.map(({ node, points }) => {
    const whole = points[0]!;
    const wanted = typeof rank === 'number' ? rank : Object.hasOwn(rank, node) ? rank[node]! : undefined;
    if (wanted === undefined) return { point: whole, reason: 'no rank was given for it' };
    const own = points.filter(
      (point) => point.ranks.every((one) => one === wanted) && point.form !== undefined,
    );
    const point = own.find((one) => one.form === (form === 'auto' ? 'channel' : form)) ?? own[0];
    return point === undefined
      ? { point: whole, reason: `with rank ${wanted} it would not have fewer parameters` }
      : { point };
  });
}

function checkNodes(layers: readonly LayerPoints[], given: readonly string[]): void {
  const known = layers.map(({ node }) => node);
  const unknown = given.find((node) => !known.includes(node));
  if (unknown === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Option "rank" names "${unknown}", which is no layer that can be factorised.`,
    { hint: `Layers are: ${known.slice(0, 10).join(', ')}.`, details: { node: unknown, known } },
  );
}
