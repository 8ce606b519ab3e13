// SPDX-License-Identifier: Apache-2.0
// When weights can be fitted to what a layer makes, and the bias that goes with them.

import { attributeOf } from '../../onnx/graph/graph-walk';
import type { LayerBias } from '../layers/layer-bias';
import type { WeightLayer } from '../layers/weight-layer';
import type { LayerStatistics } from './layer-statistics';
import { meanBias } from './least-squares';

/** True where nodes of a layer add a bias themselves. */
export function hasOwnBias({ uses }: WeightLayer): boolean {
  return uses.some(({ node }) => node.opType !== 'MatMul' && (node.input[2] ?? '') !== '');
}

/** True where a layer makes its weights times its inputs, and nothing besides but a bias that can be changed. */
export function isFittable(layer: WeightLayer, hasBias: boolean): boolean {
  const isPlain = layer.uses.every(
    ({ node }) => node.opType !== 'Gemm' || (attributeOf(node, 'alpha')?.f ?? 1) === 1,
  );
  return isPlain && (hasBias || !hasOwnBias(layer));
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
  // What is to be made has the bias in it only where the node itself adds it, and of a band what is missing is told.
  const isWhole = isOwn && statistics.every(({ output }) => output.whole === undefined);
  return isWhole ? means : means.map((mean, output) => mean + values[output]!);
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
