// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { allGraphs, nodeLabel } from '../graph/graph-walk';
import type { GraphMessage } from '../graph/onnx-messages';

const QUANTIZED = /QuantizeLinear$|^QLinear|Integer$/;

/**
 * Passes that change precision start from floating point: a quantised model would be rounded twice.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_UNSUPPORTED_OPERATOR with the first node that is quantised
 */
export function refuseQuantized(graph: GraphMessage): void {
  const nodes = allGraphs(graph).flatMap(({ node }) => node);
  const found = nodes.find(({ opType }) => QUANTIZED.test(opType));
  if (found === undefined) return;
  const node = nodeLabel(found);
  throw new TensorRTError(
    'ERR_TRT_ONNX_UNSUPPORTED_OPERATOR',
    `The model is quantised already: node "${node}" is ${found.opType}. Only models of floating point are changed.`,
    { hint: 'Start from the model that it was quantised from.', details: { node, operator: found.opType } },
  );
}
