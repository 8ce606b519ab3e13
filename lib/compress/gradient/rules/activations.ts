// SPDX-License-Identifier: Apache-2.0
// Functions of one number each. x is the input, y the output, g the gradient of the output.

import type { GradientRule, NodeGradient } from '../node-gradient';
import { sumToInput } from '../sum-to-shape';

type Slope = (node: NodeGradient, values: { x: string; y: string; g: string }) => string;

function unary(slope: Slope): GradientRule {
  return (node) => [slope(node, { x: node.input(0), y: node.output, g: node.gradient })];
}

const above = (node: NodeGradient, x: string, bound = 0): string =>
  node.op('Greater', [x, node.write.float(bound)]);

/** A slope of its own on the negative side: `where(x > 0, g, g * slope)`. */
const onNegative = (node: NodeGradient, { x, g }: { x: string; g: string }, slope: string): string =>
  node.op('Where', [above(node, x), g, node.mul(g, slope)]);

/** exp(-x^2 / 2) / sqrt(2 pi) */
function normalDensity(node: NodeGradient, x: string): string {
  return node.mul(node.op('Exp', [node.mul(node.mul(x, x), -0.5)]), 1 / Math.sqrt(2 * Math.PI));
}

/** g * (Phi(x) + x phi(x)); the approximation by tanh has a slope of its own. */
function gelu(node: NodeGradient, { x, g }: { x: string; g: string }): string {
  if (node.text('approximate') === 'tanh') return tanhGelu(node, { x, g });
  const below = node.mul(node.add(node.op('Erf', [node.mul(x, Math.SQRT1_2)]), 1), 0.5);
  return node.mul(g, node.add(below, node.mul(x, normalDensity(node, x))));
}

function tanhGelu(node: NodeGradient, { x, g }: { x: string; g: string }): string {
  const root = Math.sqrt(2 / Math.PI);
  const square = node.mul(x, x);
  const inner = node.mul(node.mul(x, root), node.add(node.mul(square, 0.044715), 1));
  const tanh = node.op('Tanh', [inner]);
  const innerSlope = node.add(node.mul(square, 3 * 0.044715 * root), root);
  const steep = node.mul(node.mul(x, node.sub(1, node.mul(tanh, tanh))), innerSlope);
  return node.mul(g, node.mul(node.add(node.add(tanh, 1), steep), 0.5));
}

/** Inside the bounds, the borders included, as PyTorch has it. */
function clip(node: NodeGradient): (string | undefined)[] {
  let gradient = node.gradient;
  const [x, low, high] = [0, 1, 2].map((index) => node.input(index));
  if (low !== '') gradient = node.where(node.op('GreaterOrEqual', [x!, low!]), gradient);
  if (high !== '') gradient = node.where(node.op('LessOrEqual', [x!, high!]), gradient);
  if (node.wants(1) || node.wants(2)) node.refuse('its bounds would have to be trained');
  return [gradient];
}

/** x sigmoid(alpha x) */
function swish(node: NodeGradient, { x, y, g }: { x: string; y: string; g: string }): string {
  const alpha = node.float('alpha', 1);
  const gate = node.op('Sigmoid', [node.mul(x, alpha)]);
  return node.mul(g, node.add(gate, node.mul(node.mul(y, alpha), node.sub(1, gate))));
}

function softmax(node: NodeGradient): string[] {
  const [y, g] = [node.output, node.gradient];
  const axes = node.write.ints([node.int('axis', -1)]);
  const shared = node.op('ReduceSum', [node.mul(g, y), axes], { keepdims: 1 });
  return [node.mul(y, node.sub(g, shared))];
}

function logSoftmax(node: NodeGradient): string[] {
  const g = node.gradient;
  const axes = node.write.ints([node.int('axis', -1)]);
  const shared = node.op('ReduceSum', [g, axes], { keepdims: 1 });
  return [node.sub(g, node.mul(node.op('Exp', [node.output]), shared))];
}

function parametricRelu(node: NodeGradient): (string | undefined)[] {
  const [x, g] = [node.input(0), node.gradient];
  return [
    node.ifWanted(0, () => onNegative(node, { x, g }, node.input(1))),
    node.ifWanted(1, () => sumToInput(node, node.mul(g, node.op('Min', [x, node.write.float(0)])), 1)),
  ];
}

/** Outside of training it does nothing. */
function dropout(node: NodeGradient): string[] {
  const isTraining = node.wholeNumbers(2);
  if (node.input(2) !== '' && isTraining?.[0] !== 0)
    node.refuse('it drops values at random: training_mode is not false');
  return [node.gradient];
}

/** Exponential units: `scale * x` above zero; below, the slope is the output's distance from its limit. */
function exponentialUnit(alpha: number, scale: number): Slope {
  return (node, { x, y, g }) => {
    const [a, s] = [node.float('alpha', alpha), node.float('gamma', scale)];
    const positive = s === 1 ? g : node.mul(g, s);
    return node.op('Where', [above(node, x), positive, node.mul(g, node.add(y, a * s))]);
  };
}

/** Activations, elementary functions, softmax. */
export const ACTIVATION_RULES: Readonly<Record<string, GradientRule>> = {
  Identity: unary((_, { g }) => g),
  Dropout: dropout,
  Cast: unary((node, { x, g }) => node.op('CastLike', [g, x])),
  Neg: unary((node, { g }) => node.op('Neg', [g])),
  Abs: unary((node, { x, g }) => node.mul(g, node.op('Sign', [x]))),
  Exp: unary((node, { y, g }) => node.mul(g, y)),
  Log: unary((node, { x, g }) => node.div(g, x)),
  Sqrt: unary((node, { y, g }) => node.div(node.mul(g, 0.5), y)),
  Reciprocal: unary((node, { y, g }) => node.op('Neg', [node.mul(g, node.mul(y, y))])),
  Sin: unary((node, { x, g }) => node.mul(g, node.op('Cos', [x]))),
  Cos: unary((node, { x, g }) => node.op('Neg', [node.mul(g, node.op('Sin', [x]))])),
  Erf: unary((node, { x, g }) => {
    const bell = node.op('Exp', [node.op('Neg', [node.mul(x, x)])]);
    return node.mul(g, node.mul(bell, 2 / Math.sqrt(Math.PI)));
  }),
  Relu: unary((node, { x, g }) => node.where(above(node, x), g)),
  LeakyRelu: unary((node, { x, g }) =>
    onNegative(node, { x, g }, node.write.float(node.float('alpha', 0.01))),
  ),
  PRelu: parametricRelu,
  ThresholdedRelu: unary((node, { x, g }) => node.where(above(node, x, node.float('alpha', 1)), g)),
  Clip: clip,
  Sigmoid: unary((node, { y, g }) => node.mul(g, node.mul(y, node.sub(1, y)))),
  Tanh: unary((node, { y, g }) => node.mul(g, node.sub(1, node.mul(y, y)))),
  Softplus: unary((node, { x, g }) => node.mul(g, node.op('Sigmoid', [x]))),
  Softsign: unary((node, { x, g }) => {
    const width = node.add(node.op('Abs', [x]), 1);
    return node.div(g, node.mul(width, width));
  }),
  Elu: unary(exponentialUnit(1, 1)),
  Selu: unary(exponentialUnit(1.6732632, 1.050701)),
  Gelu: unary(gelu),
  Swish: unary(swish),
  HardSigmoid: unary((node, { y, g }) => {
    const inside = node.op('And', [above(node, y), node.op('Less', [y, node.write.float(1)])]);
    return node.where(inside, node.mul(g, node.float('alpha', 0.2)));
  }),
  HardSwish: unary((node, { x, g }) => {
    const slope = node.add(node.mul(x, 1 / 3), 0.5);
    const rising = node.where(above(node, x, -3), node.mul(g, slope));
    return node.op('Where', [above(node, x, 3), g, rising]);
  }),
  Softmax: softmax,
  LogSoftmax: logSoftmax,
};
