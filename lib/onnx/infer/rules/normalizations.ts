// SPDX-License-Identifier: Apache-2.0
// Normalisations with more than one output, and losses.

import type { Dims } from '../dim-algebra';
import type { NodeView, ShapeRules } from '../node-view';

/** The normalised tensor, and statistics with one element for each row. */
function layerNormalization(node: NodeView): (Dims | undefined)[] {
  const dims = node.dims(0);
  const axis = dims === undefined ? undefined : node.axis(node.int('axis', -1), dims.length);
  const statistics = axis === undefined ? undefined : dims!.map((dim, index) => (index < axis ? dim : 1));
  return [dims, statistics, statistics];
}

/** The normalised tensor; statistics of one element per channel. */
function batchNormalization(node: NodeView): (Dims | undefined)[] {
  const channels = node.dims(1) ?? node.dims(3);
  return [node.dims(0), channels, channels, channels, channels];
}

function loss(node: NodeView): Dims | undefined {
  if (node.text('reduction', 'mean') !== 'none') return [];
  const dims = node.dims(0);
  return dims === undefined || dims.length < 2 ? undefined : [dims[0]!, ...dims.slice(2)];
}

export const NORMALIZATION_RULES: ShapeRules = {
  LayerNormalization: layerNormalization,
  BatchNormalization: batchNormalization,
  NegativeLogLikelihoodLoss: (node) => [loss(node)],
  SoftmaxCrossEntropyLoss: (node) => [loss(node), node.dims(0)],
};
