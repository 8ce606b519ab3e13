// SPDX-License-Identifier: Apache-2.0
// Operators whose arithmetic pays on quantised values, and which of them are too small for it.

import type { GraphScope } from '../../onnx/graph/graph-scope';
import { intAttribute, isStandard } from '../../onnx/graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { isWeighted, reductionAxis } from '../layers/weighted-operators';
import type { QuantizedType } from '../quantize-options';
import type { ScaleLayout } from './scale-layout';

/** Constant weights of an operator that are to be quantised. */
export interface WeightSite {
  readonly node: NodeMessage;
  readonly weight: TensorMessage;
  readonly type: QuantizedType;
  readonly layout: ScaleLayout;
  /** Position of the weights among the inputs of the node. */
  readonly weightIndex: number;
  /** Position of the values that they are multiplied with; undefined for a table of embeddings. */
  readonly activationIndex: number | undefined;
}

/** What decides besides the node itself. */
export interface SiteRules {
  readonly type: QuantizedType;
  /** Activations stay float: small weights pay too, as there is no kernel to be found. */
  readonly weightOnly: boolean;
  readonly blockSize: number;
  /** INT8 too where it is hardly faster. */
  readonly smallLayers: boolean;
}

const FLOAT = 1;
/** Kernels for eight bits work in groups of this many channels. */
const SMALLEST = 16;
/** Fewer weights are not worth two nodes. */
const FEWEST_WEIGHTS = 256;
/** Largest kernel of a convolution in FP8, in elements. */
const LARGEST_FP8_KERNEL = 32;

/**
 * Judges a node.
 *
 * @returns the site, the reason why it stays float, or undefined for an operator that has no weights
 */
export function findWeightSite(
  node: NodeMessage,
  scope: GraphScope,
  rules: SiteRules,
): WeightSite | string | undefined {
  if (!isWeighted(node)) return undefined;
  const isConvolution = node.opType.startsWith('Conv');
  const positions = isConvolution ? [1] : [1, 0];
  const weightIndex = positions.find((index) => scope.constants.has(node.input[index] ?? ''));
  if (weightIndex === undefined) {
    return isConvolution ? 'its weights are not a constant' : 'neither of its inputs is a constant';
  }
  const weight = scope.constants.get(node.input[weightIndex]!)!;
  const activationIndex = 1 - weightIndex;
  const activation = node.input[activationIndex] ?? '';
  if (weight.dataType !== FLOAT || scope.typeOf(activation) !== FLOAT) return 'it is not FLOAT';
  if (scope.constantOf(activation) !== undefined) return 'both of its inputs are constants';
  const problem = isConvolution
    ? convolutionProblem(node, weight, { scope, rules })
    : ((rules.type === 'int4' ? blockProblem(node, weight, { weightIndex, rules }) : undefined) ??
      productProblem(weight, rules));
  if (problem !== undefined) return problem;
  const layout = layoutOf(node, weight, { weightIndex, rules });
  return { node, weight, type: rules.type, layout, weightIndex, activationIndex };
}

/** A table that rows are taken from: `Gather` along its first axis. Its rows have a scale each, in INT8. */
export function findEmbeddingSite(node: NodeMessage, scope: GraphScope): WeightSite | undefined {
  if (node.opType !== 'Gather' || !isStandard(node) || intAttribute(node, 'axis', 0) !== 0) return undefined;
  const weight = scope.constants.get(node.input[0] ?? '');
  if (weight?.dataType !== FLOAT || weight.dims.length !== 2 || weight.dims[1]! < SMALLEST) return undefined;
  if (weight.dims[0]! * weight.dims[1]! < FEWEST_WEIGHTS) return undefined;
  if (scope.constantOf(node.input[1] ?? '') !== undefined) return undefined;
  return { node, weight, type: 'int8', layout: { axis: 0 }, weightIndex: 0, activationIndex: undefined };
}

function layoutOf(
  node: NodeMessage,
  weight: TensorMessage,
  { weightIndex, rules }: { weightIndex: number; rules: SiteRules },
): ScaleLayout {
  // Weights of a transposed convolution in groups have no axis that counts all output channels.
  if (node.opType === 'ConvTranspose') return intAttribute(node, 'group', 1) === 1 ? { axis: 1 } : {};
  if (node.opType === 'Conv') return { axis: 0 };
  const reduced = reductionAxis(node, weight, weightIndex);
  if (rules.type === 'int4') return { axis: reduced, blockSize: rules.blockSize };
  const last = weight.dims.length - 1;
  // ONNX Runtime has no kernel for more than two dimensions with a scale for each channel.
  if (last > 1 && !rules.weightOnly) return {};
  return { axis: reduced === last ? last - 1 : last };
}

/** INT8 has kernels for all sizes; those of small ones are no faster than FP16's. */
function isAnySize({ type, smallLayers }: SiteRules): boolean {
  return smallLayers && type === 'int8';
}

function productProblem({ dims }: TensorMessage, rules: SiteRules): string | undefined {
  const { type, weightOnly } = rules;
  const shown = `its weights are [${dims.join(', ')}]`;
  if (dims.length < 2) return `${shown}: a vector has no channels`;
  if (type === 'int4' && dims.at(-1)! % 2 !== 0) return `${shown}: INT4 needs an even last dimension`;
  if (weightOnly) return tooFew(dims);
  return Math.min(...dims.slice(-2)) < SMALLEST && !isAnySize(rules)
    ? `${shown}: below ${SMALLEST} ${type.toUpperCase()} does not pay`
    : undefined;
}

/** TensorRT-RTX 1.7 ends the process on some of these instead of refusing them. */
function blockProblem(
  node: NodeMessage,
  weight: TensorMessage,
  { weightIndex, rules }: { weightIndex: number; rules: SiteRules },
): string | undefined {
  if (weightIndex === 0) return 'INT4 is for weights that come second';
  const axis = reductionAxis(node, weight, weightIndex);
  const length = weight.dims[axis] ?? 0;
  const isShort =
    axis === weight.dims.length - 1 && length > rules.blockSize && length % rules.blockSize !== 0;
  return isShort ? `its ${length} inputs are no multiple of the block size of ${rules.blockSize}` : undefined;
}

function tooFew(dims: readonly number[]): string | undefined {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return count < FEWEST_WEIGHTS ? `its ${count} weights are too few to matter` : undefined;
}

function convolutionProblem(
  node: NodeMessage,
  { dims }: TensorMessage,
  { scope, rules }: { scope: GraphScope; rules: SiteRules },
): string | undefined {
  if (rules.type === 'int4') return 'INT4 in blocks is for products of matrices';
  if (rules.weightOnly) return tooFew(dims);
  if (isAnySize(rules)) return undefined;
  const group = intAttribute(node, 'group', 1);
  const isTransposed = node.opType === 'ConvTranspose';
  const outputs = isTransposed ? dims[1]! * group : dims[0]!;
  const inputs = isTransposed ? dims[0]! : dims[1]! * group;
  const kernel = dims.slice(2);
  if (rules.type === 'fp8') return fp8Problem(inputs, outputs, kernel);
  if (outputs >= SMALLEST && inputs / group >= SMALLEST) return undefined;
  const isFirst = scope.graph.input.some(({ name }) => name === node.input[0]);
  const isSmallButFast =
    group === 1
      ? isFastUngrouped({ inputs, outputs, kernel, isFirst })
      : group === inputs && outputs % 8 === 0 && Math.min(...kernel) >= 3;
  if (isSmallButFast) return undefined;
  return `it has ${inputs} input and ${outputs} output channels in ${group} groups: too few for INT8 to pay`;
}

function fp8Problem(inputs: number, outputs: number, kernel: readonly number[]): string | undefined {
  if (Math.min(inputs, outputs) <= SMALLEST) {
    return `it has ${inputs} input and ${outputs} output channels: too few for FP8 to pay`;
  }
  const volume = kernel.reduce((product, dim) => product * dim, 1);
  return volume > LARGEST_FP8_KERNEL ? `its kernel of ${volume} elements is too large for FP8` : undefined;
}

/** Ungrouped convolutions with square kernels and a multiple of eight channels have INT8 kernels all the same. */
function isFastUngrouped(shape: {
  inputs: number;
  outputs: number;
  kernel: readonly number[];
  isFirst: boolean;
}): boolean {
  const { inputs, outputs, kernel, isFirst } = shape;
  const isSquare = new Set(kernel).size === 1;
  const hasRoom = isFirst || outputs >= SMALLEST || inputs >= SMALLEST;
  return (outputs % 8 === 0 || inputs % 8 === 0) && isSquare && hasRoom;
}
