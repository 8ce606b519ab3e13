// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { allGraphs, nodeLabel } from '../graph/graph-walk';
import type { GraphMessage } from '../graph/onnx-messages';

const LINEAR = /^(Quantize|Dequantize)Linear$/;
/** Operators that quantise and compute in one, some of them by what comes at run time: TensorRT takes none. */
const FUSED = /^QLinear|Integer$|^DynamicQuantize|^QAttention$|^(QGemm|MatMulNBits|GatherBlockQuantized)$/;

/**
 * Passes that change precision start from floating point: a quantised model would be rounded twice.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_UNSUPPORTED with the first node that is quantised
 */
export function refuseQuantized(graph: GraphMessage): void {
  refuse(graph, (op) => LINEAR.test(op) || FUSED.test(op));
}

/**
 * Refuses operators that quantise and compute in one, dynamic ones among them. QuantizeLinear and DequantizeLinear pass.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_UNSUPPORTED with the first such node
 */
export function refuseFusedQuantization(graph: GraphMessage): void {
  refuse(graph, (op) => FUSED.test(op));
}

function refuse(graph: GraphMessage, isRefused: (op: string) => boolean): void {
  const nodes = allGraphs(graph).flatMap(({ node }) => node);
  const found = nodes.find(({ opType }) => isRefused(opType));
  if (found === undefined) return;
  const node = nodeLabel(found);
  throw new TensorRTError(
    'ERR_TRT_QUANT_UNSUPPORTED',
    `The model is quantised already: node "${node}" is ${found.opType}. Only models of floating point are changed.`,
    { hint: 'Start from the model that it was quantised from.', details: { node, operator: found.opType } },
  );
}
