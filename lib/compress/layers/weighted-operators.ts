// SPDX-License-Identifier: Apache-2.0
import { intAttribute, isStandard } from '../../onnx/graph/graph-walk';
import type { NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';

const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** True for operators that have weights. */
export function isWeighted(node: NodeMessage): boolean {
  return WEIGHTED.has(node.opType) && isStandard(node);
}

/** Axis along which a product of matrices sums. */
export function reductionAxis(
  node: NodeMessage,
  { dims }: Pick<TensorMessage, 'dims'>,
  index: number,
): number {
  if (node.opType === 'Gemm') {
    const isTurned = intAttribute(node, index === 1 ? 'transB' : 'transA', 0) === 1;
    return isTurned === (index === 1) ? 1 : 0;
  }
  return index === 1 ? dims.length - 2 : dims.length - 1;
}
