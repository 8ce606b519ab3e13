// SPDX-License-Identifier: Apache-2.0
import type { GradientRule, NodeGradient } from '../node-gradient';

/** A value of the node's output with the axes that the reduction took away, as axes of one element. */
function withAxes(node: NodeGradient, value: string): string {
  if (node.int('keepdims', 1) !== 0) return value;
  const axes = node.input(1);
  // Without axes all were taken away, and a scalar broadcasts by itself.
  return axes === '' ? value : node.op('Unsqueeze', [value, axes]);
}

function isNothing(node: NodeGradient): boolean {
  return node.input(1) === '' && node.int('noop_with_empty_axes', 0) !== 0;
}

const spread = (node: NodeGradient, value: string): string =>
  node.op('Expand', [withAxes(node, value), node.shape(node.input(0))]);

function reduceMean(node: NodeGradient): string[] {
  if (isNothing(node)) return [node.gradient];
  const ratio = node.op('Div', [node.op('Size', [node.input(0)]), node.op('Size', [node.output])]);
  return [spread(node, node.div(node.gradient, node.op('Cast', [ratio], { to: 1 })))];
}

/** Elements that are equally large share the gradient. */
function reduceExtreme(node: NodeGradient): string[] {
  if (isNothing(node)) return [node.gradient];
  const input = node.input(0);
  const mask = node.op('Cast', [node.op('Equal', [input, withAxes(node, node.output)])], { to: 1 });
  const axes = node.input(1);
  const count = node.op('ReduceSum', axes === '' ? [mask] : [mask, axes], { keepdims: 1 });
  return [node.mul(mask, node.div(withAxes(node, node.gradient), count))];
}

/** Sums, means and extremes over axes. */
export const REDUCTION_RULES: Readonly<Record<string, GradientRule>> = {
  ReduceSum: (node) => [isNothing(node) ? node.gradient : spread(node, node.gradient)],
  ReduceMean: reduceMean,
  ReduceMax: reduceExtreme,
  ReduceMin: reduceExtreme,
  ReduceSumSquare: (node) => [
    node.mul(node.mul(node.input(0), 2), isNothing(node) ? node.gradient : withAxes(node, node.gradient)),
  ],
  ReduceL2: (node) => {
    // At zero the length has no slope; PyTorch takes none too.
    const isLong = node.op('Greater', [node.output, node.write.float(0)]);
    const scaled = node.where(isLong, node.div(node.gradient, node.output));
    return [node.mul(node.input(0), withAxes(node, scaled))];
  },
};
