// SPDX-License-Identifier: Apache-2.0
// How many units of each group go.

import { TensorRTError } from '../../errors';
import type { Cost, RemovalCost } from './removal-cost';
import type { RemovableGroup } from './removable-groups';
import type { UnitOrder } from './unit-order';

/** Shares of what the model has that may be left. */
export interface ChannelTarget {
  /** Of its parameters, 0 to 1. */
  readonly parameters?: number;
  /** Of its multiply-adds, 0 to 1. */
  readonly flops?: number;
}

/** What limits the removal. */
export interface RemovalLimits {
  /** What is left of each group is a multiple of this, counted in positions of the weights; `'auto'` by size. */
  readonly multipleOf: number | 'auto';
  /** Fewest units that stay in a group. */
  readonly minimum: number;
}

/** Multiples that kernels are made for; more than half of a layer would be no choice any more. */
const LARGEST_STEP = 8;
const PARTS = 2;
/** Halvings of the interval that a budget is looked for in. */
const STEPS = 40;

/** In how many units a group can be cut. */
export function stepOf({ units, width }: RemovableGroup, { multipleOf }: RemovalLimits): number {
  const channels = units.length * width;
  let multiple = multipleOf === 'auto' ? LARGEST_STEP : multipleOf;
  if (multipleOf === 'auto') while (multiple > 1 && multiple > channels / PARTS) multiple /= 2;
  return Math.max(1, Math.ceil(multiple / width));
}

/** The most units of a group that may go. */
export function mostRemoved(group: RemovableGroup, limits: RemovalLimits): number {
  const step = stepOf(group, limits);
  const least = Math.min(group.units.length, Math.max(1, limits.minimum));
  return Math.max(0, group.units.length - Math.min(group.units.length, Math.ceil(least / step) * step));
}

/**
 * Units to remove for a share of them; what stays is rounded to the nearest multiple, or down for a budget.
 *
 * @param ratio - Of the units that go, 0 to 1.
 */
export function removedAt(
  group: RemovableGroup,
  ratio: number,
  limits: RemovalLimits & { down?: boolean },
): number {
  const step = stepOf(group, limits);
  const count = group.units.length;
  const kept = (count * (1 - ratio)) / step;
  const rounded = (limits.down === true ? Math.floor(kept + 1e-9) : Math.round(kept)) * step;
  // All of them may be nearer than a multiple is.
  const wanted = kept * step;
  if (limits.down !== true && count - wanted <= Math.abs(wanted - rounded)) return 0;
  return Math.max(0, Math.min(mostRemoved(group, limits), count - Math.min(count, rounded)));
}

/** What is to be cut, from where. */
export interface RemovalChoice {
  readonly groups: readonly RemovableGroup[];
  readonly orders: readonly UnitOrder[];
  readonly cost: RemovalCost;
  readonly limits: RemovalLimits;
  /** `'group'`: the same share of each group; `'global'`: what costs least, wherever it is. */
  readonly scope: 'group' | 'global';
}

/** Units to remove from each group for a share of all channels. */
export function chooseByRatio({ groups, orders, limits, scope }: RemovalChoice, ratio: number): number[] {
  if (scope === 'group') return groups.map((group) => removedAt(group, ratio, limits));
  const wanted = ratio * groups.reduce((sum, { units, width }) => sum + units.length * width, 0);
  const counts = groups.map(() => 0);
  const candidates = candidatesOf({ groups, orders, limits }, (group) => groups[group]!.width);
  let removed = 0;
  for (const { group, units } of candidates) {
    const channels = units * groups[group]!.width;
    if (removed + channels / 2 > wanted) break;
    counts[group]! += units;
    removed += channels;
  }
  return counts;
}

/**
 * Units to remove from each group until the model fits a budget.
 *
 * @throws {TensorRTError} ERR_TRT_COMPRESS_TARGET with the least that can be reached
 */
export function chooseByTarget(choice: RemovalChoice, target: ChannelTarget): number[] {
  const { groups, cost, limits, scope } = choice;
  const before: Cost = cost.before;
  const fits = (counts: readonly number[]) => isWithin(cost.atMost(counts), before, target);
  const all = groups.map((group) => mostRemoved(group, limits));
  if (!fits(all)) throw outOfReach(cost.atMost(all), before, target);
  if (scope === 'global') {
    const counts = groups.map(() => 0);
    const candidates = candidatesOf(choice, (group) => savedShare(choice, group));
    for (const { group, units } of candidates) {
      if (fits(counts)) break;
      counts[group]! += units;
    }
    return counts;
  }
  let [low, high] = [0, 1];
  const at = (ratio: number) => groups.map((group) => removedAt(group, ratio, { ...limits, down: true }));
  for (let i = 0; i < STEPS; i++) {
    const middle = (low + high) / 2;
    if (fits(at(middle))) high = middle;
    else low = middle;
  }
  return at(high);
}

/** Steps of all groups, those that cost least for what they save first; of one group in its own order. */
function candidatesOf(
  { groups, orders, limits }: Pick<RemovalChoice, 'groups' | 'orders' | 'limits'>,
  saving: (group: number) => number,
): { group: number; units: number; price: number }[] {
  const list = groups.flatMap((group, index) => {
    const step = stepOf(group, limits);
    const most = mostRemoved(group, limits);
    const saved = saving(index);
    const steps: { group: number; units: number; price: number }[] = [];
    let price = 0;
    // The first step takes what is left over, so that the rest is a multiple.
    for (let from = 0; from < most && saved > 0;) {
      const size = Math.min(
        most - from,
        from === 0 && group.units.length % step !== 0 ? group.units.length % step : step,
      );
      const loss = orders[index]!.losses.slice(from, from + size).reduce((sum, one) => sum + one, 0);
      // Never cheaper than the step before it, which has to come first.
      price = Math.max(price, loss / size / saved);
      steps.push({ group: index, units: size, price });
      from += size;
    }
    return steps;
  });
  return list.sort((a, b) => a.price - b.price);
}

/** Share of the model that one unit of a group takes. */
function savedShare({ groups, cost }: RemovalChoice, group: number): number {
  const saved = cost.of(groups.map((_, index) => (index === group ? 1 : 0)));
  const { parameters, multiplyAdds } = cost.before;
  return 1 - (saved.parameters / parameters + saved.multiplyAdds / Math.max(1, multiplyAdds)) / 2;
}

function isWithin(cost: Cost, before: Cost, target: ChannelTarget): boolean {
  const parameters =
    target.parameters === undefined || cost.parameters <= target.parameters * before.parameters;
  return (
    parameters && (target.flops === undefined || cost.multiplyAdds <= target.flops * before.multiplyAdds)
  );
}

function outOfReach(least: Cost, before: Cost, target: ChannelTarget): TensorRTError {
  const closest = {
    parameters: least.parameters / before.parameters,
    flops: least.multiplyAdds / Math.max(1, before.multiplyAdds),
  };
  const shown = (share: number) => `${(share * 100).toFixed(1)} %`;
  const asked = [
    ...(target.parameters === undefined ? [] : [`${shown(target.parameters)} of the parameters`]),
    ...(target.flops === undefined ? [] : [`${shown(target.flops)} of the multiply-adds`]),
  ];
  return new TensorRTError(
    'ERR_TRT_COMPRESS_TARGET',
    `${asked.join(' and ')} cannot be reached by removing channels: with all that may go, ${shown(closest.parameters)} of the parameters and ${shown(closest.flops)} of the multiply-adds are left.`,
    {
      hint: 'Ask for no less than that, allow fewer channels in a layer (minimum, multipleOf), or look in the report for what cannot be removed.',
      details: { target, closest },
    },
  );
}
