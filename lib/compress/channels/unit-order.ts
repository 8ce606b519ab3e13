// SPDX-License-Identifier: Apache-2.0

/** Units of a group in the order in which they are removed. */
export interface UnitOrder {
  /** Positions in the group's list of units. */
  readonly units: readonly number[];
  /** What the removal of each costs, as part of what the group contributes; not falling. */
  readonly losses: readonly number[];
}

/** The order of rising scores; their shares of the sum are the losses. */
export function orderByScore(scores: readonly number[]): UnitOrder {
  const units = scores.map((_, unit) => unit).sort((a, b) => scores[a]! - scores[b]! || a - b);
  const total = scores.reduce((sum, score) => sum + score, 0);
  return { units, losses: units.map((unit) => (total > 0 ? scores[unit]! / total : 0)) };
}

/** The order of rising costs, which are the losses: of groups whose costs can be compared. */
export function orderByCost(costs: readonly number[]): UnitOrder {
  const units = costs.map((_, unit) => unit).sort((a, b) => costs[a]! - costs[b]! || a - b);
  return { units, losses: units.map((unit) => costs[unit]!) };
}
