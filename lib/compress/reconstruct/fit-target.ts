// SPDX-License-Identifier: Apache-2.0
// When weights can be fitted to what a layer makes, and the bias that goes with them.

import { attributeOf } from '../../onnx/graph/graph-walk';
import type { LayerBias } from '../layers/layer-bias';
import type { WeightLayer } from '../layers/weight-layer';
import type { LayerStatistics } from './layer-statistics';
import { meanBias } from './least-squares';

/** True where a layer makes its weights times its inputs, and nothing besides but a bias that can be changed. */
export function isFittable({ uses }: WeightLayer, hasBias: boolean): boolean {
  return uses.every(({ node }) => {
    if (node.opType === 'Gemm' && (attributeOf(node, 'alpha')?.f ?? 1) !== 1) return false;
    return hasBias || node.opType === 'MatMul' || (node.input[2] ?? '') === '';
  });
}

/**
 * The bias that makes up for what weights lose on average.
 *
 * @param matrices - New weights, `[outputs][inputs]` for each group.
 */
export function movedBias(
  { isOwn, values }: LayerBias,
  statistics: LayerStatistics,
  matrices: readonly ArrayLike<number>[],
): number[] {
  const means = statistics.flatMap((sums, group) => [...meanBias(sums, matrices[group]!)]);
  // What a node makes has the bias in it only where the node itself adds it.
  return isOwn ? means : means.map((mean, output) => mean + values[output]!);
}

/** Squared distance of arrays by the energy of the first. */
export function relativeDistance(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  let [error, energy] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    error += (expected[i]! - actual[i]!) ** 2;
    energy += expected[i]! ** 2;
  }
  return energy === 0 ? 0 : error / energy;
}
