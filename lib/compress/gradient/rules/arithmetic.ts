// SPDX-License-Identifier: Apache-2.0
import type { GradientRule, NodeGradient } from '../node-gradient';
import { sumToInput } from '../sum-to-shape';

/** Gradients of the inputs of an operator that broadcasts; each is made only where it is asked for. */
function broadcast(...parts: readonly ((node: NodeGradient, gradient: string) => string)[]): GradientRule {
  return (node) =>
    parts.map((make, index) =>
      node.ifWanted(index, () => sumToInput(node, make(node, node.gradient), index)),
    );
}

const same = (_: NodeGradient, gradient: string): string => gradient;
const negative = (node: NodeGradient, gradient: string): string => node.op('Neg', [gradient]);

/** x^e for any e; the power that is left is written as the exponent less one. */
function baseOfPower(node: NodeGradient, gradient: string): string {
  // It may be of another type than the base.
  const exponent = node.op('CastLike', [node.input(1), node.input(0)]);
  const lower = node.op('Pow', [node.input(0), node.sub(exponent, node.write.float(1))]);
  return node.mul(gradient, node.mul(exponent, lower));
}

/** Largest or smallest of several inputs; inputs that are equal share the gradient. */
function extreme(node: NodeGradient): (string | undefined)[] {
  const masks = node.node.input.map((name) =>
    node.op('Cast', [node.op('Equal', [name, node.output])], { to: 1 }),
  );
  const share = node.div(node.gradient, masks.length === 1 ? masks[0]! : node.op('Sum', masks));
  return masks.map((mask, index) =>
    node.ifWanted(index, () => sumToInput(node, node.mul(share, mask), index)),
  );
}

/** Sum, difference, product and the like of tensors, with broadcasting. */
export const ARITHMETIC_RULES: Readonly<Record<string, GradientRule>> = {
  Add: broadcast(same, same),
  Sub: broadcast(same, negative),
  Mul: broadcast(
    (node, gradient) => node.mul(gradient, node.input(1)),
    (node, gradient) => node.mul(gradient, node.input(0)),
  ),
  Div: broadcast(
    (node, gradient) => node.div(gradient, node.input(1)),
    (node, gradient) => node.op('Neg', [node.div(node.mul(gradient, node.output), node.input(1))]),
  ),
  Pow: broadcast(baseOfPower, (node, gradient) =>
    node.mul(gradient, node.mul(node.output, node.op('Log', [node.input(0)]))),
  ),
  Sum: (node) =>
    node.node.input.map((_, index) => node.ifWanted(index, () => sumToInput(node, node.gradient, index))),
  Mean: (node) => {
    const share = node.mul(node.gradient, 1 / node.node.input.length);
    return node.node.input.map((_, index) => node.ifWanted(index, () => sumToInput(node, share, index)));
  },
  Max: extreme,
  Min: extreme,
  Where: (node) => {
    const [condition, zero] = [node.input(0), node.write.float(0)];
    return [
      undefined,
      node.ifWanted(1, () => sumToInput(node, node.op('Where', [condition, node.gradient, zero]), 1)),
      node.ifWanted(2, () => sumToInput(node, node.op('Where', [condition, zero, node.gradient]), 2)),
    ];
  },
};
