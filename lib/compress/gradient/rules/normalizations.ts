// SPDX-License-Identifier: Apache-2.0
// All of them bring values to mean zero and variance one over some axes: h = (x - mean) * inverse, y = h * scale + bias.

import type { GradientRule, NodeGradient } from '../node-gradient';
import { boundTo, sumToShape } from '../sum-to-shape';

/** inverse * (g - mean(g) - h mean(g h)), where mean and deviation depend on the input themselves. */
function centredGradient(
  node: NodeGradient,
  { g, h, inverse }: { readonly g: string; readonly h: string; readonly inverse: string },
  axes: readonly number[],
): string {
  const mean = (value: string): string =>
    node.op('ReduceMean', [value, node.write.ints(axes)], { keepdims: 1 });
  const along = node.mul(h, mean(node.mul(g, h)));
  return node.mul(inverse, node.sub(node.sub(g, mean(g)), along));
}

const axesFrom = (first: number, rank: number): number[] =>
  Array.from({ length: rank - first }, (_, axis) => axis + first);

function layerNormalization(node: NodeGradient): (string | undefined)[] {
  const x = node.input(0);
  const rank = node.rank(x);
  const axes = axesFrom((node.int('axis', -1) + rank) % rank, rank);
  const [mean, inverse] = [node.extraOutput(1), node.extraOutput(2)];
  const h = node.mul(node.sub(x, mean), inverse);
  const toParameter = (value: string, index: number): string =>
    sumToShape(boundTo(node), value, { target: node.input(index), from: x });
  return [
    node.ifWanted(0, () =>
      centredGradient(node, { g: node.mul(node.gradient, node.input(1)), h, inverse }, axes),
    ),
    node.ifWanted(1, () => toParameter(node.mul(node.gradient, h), 1)),
    node.ifWanted(2, () => toParameter(node.gradient, 2)),
  ];
}

/** A parameter of channels, `[c]`, as `[c, 1, 1]`. */
function perChannel(node: NodeGradient, name: string, rank: number): string {
  if (rank <= 2) return name;
  return node.op('Unsqueeze', [name, node.write.ints(axesFrom(1, rank - 1))]);
}

const sumOverChannel = (node: NodeGradient, value: string, rank: number): string =>
  node.op('ReduceSum', [value, node.write.ints([0, ...axesFrom(2, rank)])], { keepdims: 0 });

/** By its own statistics where the node was written out for training, otherwise by those it has. */
function batchNormalization(node: NodeGradient): (string | undefined)[] {
  const x = node.input(0);
  const rank = node.rank(x);
  const { kept } = node;
  if (kept === undefined && node.int('training_mode', 0) !== 0) node.refuse('its training_mode is not 0');
  const inverse = kept?.['inverse'] ?? frozenInverse(node, rank);
  const h = (): string =>
    kept?.['normal'] ?? node.mul(node.sub(x, perChannel(node, node.input(3), rank)), inverse);
  if (node.wants(3) || node.wants(4)) node.refuse('its mean and variance would have to be trained');
  return [
    node.ifWanted(0, () => {
      const g = node.mul(node.gradient, perChannel(node, node.input(1), rank));
      if (kept === undefined) return node.mul(g, inverse);
      return centredGradient(node, { g, h: h(), inverse }, [0, ...axesFrom(2, rank)]);
    }),
    node.ifWanted(1, () => sumOverChannel(node, node.mul(node.gradient, h()), rank)),
    node.ifWanted(2, () => sumOverChannel(node, node.gradient, rank)),
  ];
}

function frozenInverse(node: NodeGradient, rank: number): string {
  const variance = node.add(node.input(4), node.float('epsilon', 1e-5));
  return perChannel(node, node.op('Reciprocal', [node.op('Sqrt', [variance])]), rank);
}

function instanceNormalization(node: NodeGradient): (string | undefined)[] {
  const x = node.input(0);
  const rank = node.rank(x);
  const axes = axesFrom(2, rank);
  const mean = (value: string): string =>
    node.op('ReduceMean', [value, node.write.ints(axes)], { keepdims: 1 });
  const centred = node.sub(x, mean(x));
  const variance = node.add(mean(node.mul(centred, centred)), node.float('epsilon', 1e-5));
  const inverse = node.op('Reciprocal', [node.op('Sqrt', [variance])]);
  const h = node.mul(centred, inverse);
  return [
    node.ifWanted(0, () => {
      const g = node.mul(node.gradient, perChannel(node, node.input(1), rank));
      return centredGradient(node, { g, h, inverse }, axes);
    }),
    node.ifWanted(1, () => sumOverChannel(node, node.mul(node.gradient, h), rank)),
    node.ifWanted(2, () => sumOverChannel(node, node.gradient, rank)),
  ];
}

/** Normalisations. */
export const NORMALIZATION_RULES: Readonly<Record<string, GradientRule>> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
};
