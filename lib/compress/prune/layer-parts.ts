// SPDX-License-Identifier: Apache-2.0
// A layer that is pruned in bands of its inputs: what each band has to give, and what became of all of them.

import { isLastPart, shareOf } from '../reconstruct/compress-in-order';
import type { WeightLayer } from '../layers/weight-layer';
import type { PrunedWeights } from './prune-layer';
import type { PruneAmount } from './support-pattern';

/**
 * What a part of a layer has to give: zeros by its share of the weights, so many that all parts together have as many as
 * the layer is to have.
 *
 * @param done - What became of the parts before it.
 */
export function amountOfPart(
  part: WeightLayer,
  amount: PruneAmount,
  done: PrunedWeights | undefined,
): PruneAmount {
  if ('threshold' in amount || part.view.band === undefined) return amount;
  if (isLastPart(part)) return { count: Math.max(0, amount.count - (done?.zeros ?? 0)) };
  return { count: Math.round(amount.count * shareOf(part)) };
}

/** What became of a layer after one more of its parts. */
export function joinResults(before: PrunedWeights | undefined, now: PrunedWeights): PrunedWeights {
  if (before === undefined) return now;
  const warning = before.warning ?? now.warning;
  return {
    zeros: before.zeros + now.zeros,
    ...(now.error &&
      before.error && {
        // What the last part leaves is what the layer loses; before it was fitted, each part lost more.
        error: {
          before: now.error.before + Math.max(0, before.error.before - before.error.after),
          after: now.error.after,
        },
      }),
    ...(now.damping === undefined ? {} : { damping: now.damping }),
    ...(warning && { warning }),
  };
}
