// SPDX-License-Identifier: Apache-2.0
// A convolution is linear in its input and in its weights, and both gradients are convolutions again:
//
// - that of the input is the transposed convolution of the output's gradient with the same weights;
// - that of the weights is the convolution of the input with the output's gradient, batch and channels exchanged,
//   strides and dilations exchanged. Each group is a group there too, with the batch as its channels.

import type { GradientRule, NodeGradient } from '../node-gradient';
import { convolutionWindow, spatialSizes, type Window } from './windows';

/** Writes the gradient of what a convolution slid over. */
export function inputGradient(
  node: NodeGradient,
  { gradient, weights }: { readonly gradient: string; readonly weights: string },
  { window, like, group }: { readonly window: Window; readonly like: string; readonly group: number },
): string {
  const { strides, dilations, kernel, begin, end } = window;
  const sizes = node.dims(like)?.slice(2) ?? [];
  if (kernel !== undefined && sizes.length > 0 && sizes.every((size) => typeof size === 'number')) {
    // Rows at the end that no stride reached belong to the input too.
    const outputPadding = sizes.map((size, axis) => {
      const reach = size + begin[axis]! + end[axis]! - dilations[axis]! * (kernel[axis]! - 1) - 1;
      return reach % strides[axis]!;
    });
    return node.op('ConvTranspose', [gradient, weights], {
      strides,
      dilations,
      group,
      pads: [...begin, ...end],
      output_padding: outputPadding,
    });
  }
  const full = node.op('ConvTranspose', [gradient, weights], { strides, dilations, group });
  return cutOut(node, full, { like, begin });
}

/** Brings the last axes of `full` to the sizes of `like`, from `begin` on; zeros come in where it is too short. */
function cutOut(
  node: NodeGradient,
  full: string,
  { like, begin }: { readonly like: string; readonly begin: readonly number[] },
): string {
  const { write } = node;
  const axes = write.ints(begin.map((_, axis) => axis + 2));
  const wanted = spatialSizes(node, like, begin.length);
  const missing = node.op('Sub', [node.op('Add', [wanted, write.ints(begin)]), spatialShape(node, full)]);
  const zeros = write.ints(begin.map(() => 0));
  const behind = node.op('Max', [missing, zeros]);
  const pads = node.op('Concat', [zeros, behind], { axis: 0 });
  const padded = node.op('Pad', [full, pads, '', axes]);
  const starts = write.ints(begin);
  return node.op('Slice', [padded, starts, node.op('Add', [starts, wanted]), axes]);
}

function spatialShape(node: NodeGradient, value: string): string {
  return node.op('Slice', [node.shape(value), node.write.ints([2]), node.write.ints([2 ** 31 - 1])]);
}

/** A value, and one of the forward pass that has its shape. */
interface Shaped {
  readonly value: string;
  readonly like: string;
}

/** Writes the gradient of weights `[outputs, inputs / group, ...kernel]`. */
export function weightGradient(
  node: NodeGradient,
  {
    input,
    gradient,
    weights,
  }: { readonly input: Shaped; readonly gradient: Shaped; readonly weights: string },
  { window, group }: { readonly window: Window; readonly group: number },
): string {
  const { strides, dilations, begin, end } = window;
  const exchange = [1, 0, ...strides.map((_, axis) => axis + 2)];
  const exchanged = (one: Shaped, order: readonly number[]): string =>
    group === 1
      ? node.op('Transpose', [one.value], { perm: exchange })
      : groupsExchanged(node, one, { group, order });
  const made = node.op('Conv', [exchanged(input, [2, 1, 0, 3]), exchanged(gradient, [1, 2, 0, 3])], {
    strides: dilations,
    dilations: strides,
    pads: [...begin, ...end],
    group,
  });
  const turned = node.op('Transpose', [made], { perm: exchange });
  // Rows at the end that no stride reached make the kernel longer here.
  const axes = strides.map((_, axis) => axis + 2);
  const sizes = spatialSizes(node, weights, strides.length);
  return node.op('Slice', [turned, node.write.ints(axes.map(() => 0)), sizes, node.write.ints(axes)]);
}

/**
 * `[n, g c, ...]` with batch and channels exchanged by group: `[c, g n, ...]` for the input, `[g c, n, ...]` for the
 * output's gradient.
 */
function groupsExchanged(
  node: NodeGradient,
  { value, like }: Shaped,
  { group, order }: { readonly group: number; readonly order: readonly number[] },
): string {
  const rank = node.rank(like);
  const channels = node.dims(like)![1];
  if (typeof channels !== 'number') node.refuse(`the number of channels of "${like}" is not known`);
  const each = channels / group;
  const split = node.op('Reshape', [value, node.write.ints([0, group, each, -1])]);
  const turned = node.op('Transpose', [split], { perm: order });
  const first = order[0] === 2 ? each : channels;
  const sizes = spatialSizes(node, like, rank - 2);
  const target = node.op('Concat', [node.write.ints([first, -1]), sizes], { axis: 0 });
  return node.op('Reshape', [turned, target]);
}

const biasGradient = (node: NodeGradient): string => {
  const axes = [0, ...Array.from({ length: node.rank(node.output) - 2 }, (_, axis) => axis + 2)];
  return node.op('ReduceSum', [node.gradient, node.write.ints(axes)], { keepdims: 0 });
};

function conv(node: NodeGradient): (string | undefined)[] {
  const [input, weights] = [node.input(0), node.input(1)];
  const window = convolutionWindow(node);
  const [gradient, group] = [node.gradient, node.int('group', 1)];
  return [
    node.ifWanted(0, () => inputGradient(node, { gradient, weights }, { window, like: input, group })),
    node.ifWanted(1, () =>
      weightGradient(
        node,
        { input: { value: input, like: input }, gradient: { value: gradient, like: node.output }, weights },
        { window, group },
      ),
    ),
    node.ifWanted(2, () => biasGradient(node)),
  ];
}

/** The transposed convolution is the gradient of a convolution: input and output have changed places. */
function convTranspose(node: NodeGradient): (string | undefined)[] {
  const [input, weights] = [node.input(0), node.input(1)];
  if (node.text('auto_pad') !== undefined && node.text('auto_pad') !== 'NOTSET')
    node.refuse('its padding is chosen by auto_pad');
  if (node.ints('output_shape') !== undefined) node.refuse('its padding is chosen by output_shape');
  const window = convolutionWindow(node);
  const { strides, dilations, begin, end } = window;
  const [gradient, group] = [node.gradient, node.int('group', 1)];
  // What output_padding added at the end is behind the last window, so a plain convolution leaves it out.
  return [
    node.ifWanted(0, () =>
      node.op('Conv', [gradient, weights], { strides, dilations, group, pads: [...begin, ...end] }),
    ),
    node.ifWanted(1, () =>
      weightGradient(
        node,
        { input: { value: gradient, like: node.output }, gradient: { value: input, like: input }, weights },
        { window, group },
      ),
    ),
    node.ifWanted(2, () => biasGradient(node)),
  ];
}

/** Convolutions. */
export const CONVOLUTION_RULES: Readonly<Record<string, GradientRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
};
