// SPDX-License-Identifier: Apache-2.0
// Operators that move values, as far as channels can be followed through them.

import { attributeOf, intAttribute } from '../../onnx/graph/graph-walk';
import { readWholeNumbers } from '../../onnx/graph/tensor-values';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import type { ChannelAnalysis, ChannelRule } from './channel-analysis';
import { moveAxes, reshapeLayout, singleAxis, transposeLayout, type TargetShape } from './channel-layout';

const INT64 = 7;

/** Transpose: channels go where their axes go. */
export const transposeRule: ChannelRule = (node, analysis) => {
  const layout = analysis.map.of(node.input[0]!)?.layout;
  const permutation = attributeOf(node, 'perm')?.ints.map(Number);
  if (layout === undefined || permutation === undefined) return false;
  return analysis.pass(node.input[0]!, node.output[0]!, transposeLayout(layout, permutation));
};

/** Reshape and Flatten: see `reshapeLayout`. */
export const reshapeRule: ChannelRule = (node, analysis) => {
  const block = analysis.map.of(node.input[0]!);
  const output = node.output[0]!;
  const sizes = analysis.sizesOf(output);
  const shape = sizes === undefined ? targetShape(node, analysis) : { sizes, isWhole: true };
  if (block === undefined || shape === undefined) return false;
  const isFlat = node.opType === 'Flatten' && block.layout.rank === 2;
  const reshaped = isFlat
    ? { layout: block.layout, repeats: 1 }
    : reshapeLayout(block.layout, shape, featuresReadFrom(output, analysis));
  if (reshaped === undefined) return false;
  const made = analysis.map.add(output, reshaped.layout);
  analysis.map.tie(made, block, { repeats: reshaped.repeats });
  return true;
};

function flatShape(node: NodeMessage): TargetShape | undefined {
  return intAttribute(node, 'axis', 1) === 1 ? { sizes: [undefined, undefined], isWhole: true } : undefined;
}

/**
 * What a shape tells that cannot be inferred as a whole: it is a constant, or computed and ends in constants behind the
 * batch and the sequence.
 */
function targetShape(reshape: NodeMessage, analysis: ChannelAnalysis): TargetShape | undefined {
  if (reshape.opType === 'Flatten') return flatShape(reshape);
  const name = reshape.input[1] ?? '';
  const whole = wholeNumbers(name, analysis);
  if (whole !== undefined)
    return { sizes: whole.map((size) => (size === -1 ? undefined : size)), isWhole: true };
  const node = analysis.producers.get(name);
  if (node?.opType !== 'Concat') return undefined;
  const parts = node.input.map((input) => wholeNumbers(input, analysis));
  const sizes = parts.flatMap((part) => part?.map((size) => (size === -1 ? undefined : size)) ?? [undefined]);
  const isSingle = (input: string) => analysis.producers.get(input)?.opType === 'Unsqueeze';
  return {
    sizes,
    isWhole: node.input.every((input, index) => parts[index] !== undefined || isSingle(input)),
  };
}

function wholeNumbers(name: string, analysis: ChannelAnalysis): number[] | undefined {
  const constant = analysis.scope.constantOf(name);
  if (constant?.dataType === INT64) return readWholeNumbers(constant);
  const node = analysis.producers.get(name);
  const value = node?.opType === 'Constant' ? attributeOf(node, 'value')?.t : undefined;
  return value?.dataType === INT64 ? readWholeNumbers(value) : undefined;
}

/** Number of features that products behind a value expect. */
function featuresReadFrom(name: string, analysis: ChannelAnalysis, depth = 4): number | undefined {
  for (const node of depth === 0 ? [] : analysis.readersOfValue(name)) {
    const dims = analysis.scope.constantOf(node.input[1] ?? '')?.dims;
    const isProduct = (node.opType === 'Gemm' || node.opType === 'MatMul') && node.input[0] === name;
    const isTurned = node.opType === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
    const found =
      isProduct && dims?.length === 2
        ? dims[isTurned ? 1 : 0]
        : ['Relu', 'Dropout', 'Identity', 'LeakyRelu'].includes(node.opType)
          ? featuresReadFrom(node.output[0]!, analysis, depth - 1)
          : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Squeeze, Unsqueeze and reductions of axes that hold no channels. */
export const axesRule: ChannelRule = (node, analysis) => {
  const layout = analysis.map.of(node.input[0]!)?.layout;
  const axes = attributeOf(node, 'axes')?.ints.map(Number) ?? wholeNumbers(node.input[1] ?? '', analysis);
  if (layout?.rank === undefined || axes === undefined || axes.length === 0) return false;
  const isGrowing = node.opType === 'Unsqueeze';
  const isKept = node.opType.startsWith('Reduce') && intAttribute(node, 'keepdims', 1) === 1;
  const rank = isKept ? layout.rank : layout.rank + (isGrowing ? axes.length : -axes.length);
  const base = isGrowing ? rank : layout.rank;
  const touched = new Set(axes.map((axis) => (axis < 0 ? axis + base : axis)));
  const free = Array.from({ length: base }, (_, position) => position).filter(
    (position) => !touched.has(position),
  );
  const moved = moveAxes(layout, rank, (position) => {
    if (isGrowing) return free[position];
    if (touched.has(position)) return undefined;
    return isKept ? position : free.indexOf(position);
  });
  return moved !== undefined && analysis.pass(node.input[0]!, node.output[0]!, moved);
};

/** Concat: of channels, which follow each other then, or along another axis, which ties the inputs to each other. */
export const concatRule: ChannelRule = (node, analysis) => {
  const { map } = analysis;
  const blocks = node.input.map((name) => map.of(name));
  const layout = blocks[0]?.layout;
  const axis = layout && axisFromEnd(intAttribute(node, 'axis', 0), layout.rank);
  if (layout?.axes.length !== 1 || axis === undefined) return false;
  const isSame = blocks.every(
    (one) => one?.layout.axes.length === 1 && one.layout.axes[0]!.axis === layout.axes[0]!.axis,
  );
  if (!isSame) return false;
  const isOfChannels = axis === layout.axes[0]!.axis;
  if (!isOfChannels && blocks.some((one) => one!.count !== blocks[0]!.count)) return false;
  const count = isOfChannels ? blocks.reduce((sum, one) => sum + one!.count, 0) : blocks[0]!.count;
  const made = map.add(node.output[0]!, singleAxis(layout.axes[0]!.axis, count, layout.rank));
  let from = 0;
  for (const one of blocks) {
    map.tie(made, one!, { fromA: from });
    if (isOfChannels) from += one!.count;
  }
  return true;
};

/** Split: the reverse of Concat. */
export const splitRule: ChannelRule = (node, analysis) => {
  const { map } = analysis;
  const block = map.of(node.input[0]!);
  const axis = block && axisFromEnd(intAttribute(node, 'axis', 0), block.layout.rank);
  if (block?.layout.axes.length !== 1 || axis === undefined) return false;
  if (axis !== block.layout.axes[0]!.axis)
    return node.output.every((name) => analysis.pass(node.input[0]!, name));
  const parts = node.output.length;
  const given = attributeOf(node, 'split')?.ints.map(Number) ?? wholeNumbers(node.input[1] ?? '', analysis);
  if (given === undefined && ((node.input[1] ?? '') !== '' || block.count % parts !== 0)) return false;
  const sizes = given ?? node.output.map(() => block.count / parts);
  if (sizes.reduce((sum, size) => sum + size, 0) !== block.count) return false;
  let from = 0;
  node.output.forEach((name, index) => {
    map.tie(block, map.add(name, singleAxis(axis, sizes[index]!, block.layout.rank)), { fromA: from });
    from += sizes[index]!;
  });
  return true;
};

function axisFromEnd(axis: number, rank: number | undefined): number | undefined {
  if (axis < 0) return axis;
  return rank === undefined ? undefined : axis - rank;
}
