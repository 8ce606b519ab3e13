// SPDX-License-Identifier: Apache-2.0
// Rounding has no slope. Training through it takes the slope of what it rounds: forward rounded, backward as if not,
// zero where the value is beyond the range and was cut off.

import type { GradientRule, NodeGradient } from '../node-gradient';

/** The gradient of an integer tensor is kept in the scale of the real numbers that it stands for. */
function quantize(node: NodeGradient): (string | undefined)[] {
  if (node.wants(1)) node.refuse('its scale would have to be trained');
  const [x, scale, zero] = [node.input(0), node.input(1), node.input(2)];
  const range = rangeOf(node.int('output_dtype', 0), zero === '' ? undefined : node.elementType(zero));
  if (range === undefined) return node.refuse('its type is not INT8, UINT8, INT4 or UINT4');
  const rank = node.dims(scale)?.length;
  const axis = node.int('axis', 1);
  const along = (value: string): string =>
    rank === 1 ? alongAxis(node, value, { axis, rank: node.rank(x) }) : value;
  const steps = node.op('Round', [node.div(x, along(scale))]);
  const moved = zero === '' ? steps : node.add(steps, along(node.op('Cast', [zero], { to: 1 })));
  const inside = node.op('And', [
    node.op('GreaterOrEqual', [moved, node.write.float(range[0])]),
    node.op('LessOrEqual', [moved, node.write.float(range[1])]),
  ]);
  return [node.where(inside, node.gradient)];
}

function alongAxis(
  node: NodeGradient,
  value: string,
  { axis, rank }: { readonly axis: number; readonly rank: number },
): string {
  const behind = rank - 1 - ((axis + rank) % rank);
  if (behind === 0) return value;
  return node.op('Unsqueeze', [value, node.write.ints(Array.from({ length: behind }, (_, at) => at + 1))]);
}

const RANGES: Readonly<Record<number, readonly [number, number]>> = {
  2: [0, 255],
  3: [-128, 127],
  21: [0, 15],
  22: [-8, 7],
};

function rangeOf(declared: number, ofZero: number | undefined): readonly [number, number] | undefined {
  return RANGES[declared !== 0 ? declared : (ofZero ?? 2)];
}

/** Rounding of all kinds. */
export const ROUNDING_RULES: Readonly<Record<string, GradientRule>> = {
  Round: (node) => [node.gradient],
  QuantizeLinear: quantize,
  DequantizeLinear: (node) => {
    if (node.wants(1)) node.refuse('its scale would have to be trained');
    return [node.gradient];
  },
};
