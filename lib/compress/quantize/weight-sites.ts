// SPDX-License-Identifier: Apache-2.0
// Operators whose arithmetic pays in INT8, and which of them are too small for it.

import type { GraphScope } from '../../onnx/graph/graph-scope';
import { intAttribute, isStandard } from '../../onnx/graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';

/** An operator with constant weights that is to compute on quantised values. */
export interface WeightSite {
  readonly node: NodeMessage;
  readonly weight: TensorMessage;
  /** Axis of the output channels; undefined for one scale for all. */
  readonly axis: number | undefined;
}

const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const FLOAT = 1;
/** Kernels for INT8 work in groups of this many channels. */
const SMALLEST = 16;

/**
 * Judges a node.
 *
 * @returns the site, the reason why it stays float, or undefined for an operator that has no weights
 */
export function findWeightSite(node: NodeMessage, scope: GraphScope): WeightSite | string | undefined {
  if (!WEIGHTED.has(node.opType) || !isStandard(node)) return undefined;
  const weight = scope.constants.get(node.input[1] ?? '');
  if (weight === undefined) return 'its second input is not a constant';
  if (weight.dataType !== FLOAT || scope.typeOf(node.input[0] ?? '') !== FLOAT) return 'it is not FLOAT';
  if (scope.constantOf(node.input[0]!) !== undefined) return 'both of its inputs are constants';
  const size = node.opType.startsWith('Conv')
    ? convolutionProblem(node, weight, scope)
    : productProblem(weight);
  return size ?? { node, weight, axis: channelAxis(node, weight) };
}

/** Weights of a transposed convolution in groups have no axis that counts all output channels. */
function channelAxis(node: NodeMessage, { dims }: TensorMessage): number | undefined {
  switch (node.opType) {
    case 'Conv':
      return 0;
    case 'ConvTranspose':
      return intAttribute(node, 'group', 1) === 1 ? 1 : undefined;
    case 'Gemm':
      return intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
    default:
      return dims.length - 1;
  }
}

function productProblem({ dims }: TensorMessage): string | undefined {
  if (dims.length !== 2) return `its weights have ${dims.length} dimensions, not 2`;
  const small = Math.min(...dims);
  return small < SMALLEST
    ? `its weights are [${dims.join(', ')}]: below ${SMALLEST} INT8 does not pay`
    : undefined;
}

/**
 * Small convolutions stay float, but for two kinds that have INT8 kernels: ungrouped ones with square kernels and a
 * multiple of eight channels, and depth-wise ones.
 */
function convolutionProblem(node: NodeMessage, weight: TensorMessage, scope: GraphScope): string | undefined {
  const { dims } = weight;
  const group = intAttribute(node, 'group', 1);
  const isTransposed = node.opType === 'ConvTranspose';
  const outputs = isTransposed ? dims[1]! * group : dims[0]!;
  const inputs = isTransposed ? dims[0]! : dims[1]! * group;
  const kernel = dims.slice(2);
  if (outputs >= SMALLEST && inputs / group >= SMALLEST) return undefined;
  const isSquare = new Set(kernel).size === 1;
  const isFirst = scope.graph.input.some(({ name }) => name === node.input[0]);
  const hasRoom = isFirst || outputs >= SMALLEST || inputs >= SMALLEST;
  if (group === 1 && (outputs % 8 === 0 || inputs % 8 === 0) && isSquare && hasRoom) return undefined;
  const isDepthwise = group > 1 && group === inputs;
  if (isDepthwise && outputs % 8 === 0 && Math.min(...kernel) >= 3) return undefined;
  return `it has ${inputs} input and ${outputs} output channels in ${group} groups: too few for INT8 to pay`;
}
