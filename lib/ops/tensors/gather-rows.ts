// SPDX-License-Identifier: Apache-2.0
import { rejectUnknownOptions } from '../../option-checks';
import type { TensorData } from '../../tensor/element-arrays';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import {
  requireRank,
  requireType,
  specOf,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { requireBytes } from './element-range';

const NAME = { operator: 'gatherRows', argument: 'x' };
const INDICES_NAME = { operator: 'gatherRows', argument: 'indices' };

/**
 * Plans {@link gatherRows}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link gatherRows}, but for the indices' values.
 */
export function planGatherRows(
  [x, indices]: readonly [TensorSpec, TensorSpec],
  options: OperatorOptions = {},
): OperatorPlan {
  rejectUnknownOptions('gatherRows', options, OPERATOR_OPTIONS);
  requireBytes(x, NAME);
  requireRank(x, [1, Infinity], NAME);
  requireType(indices, ['int32', 'int64'], INDICES_NAME);
  return {
    operator: 'gatherRows',
    attributes: {},
    outputs: [{ type: x.type, dims: [...indices.dims, ...x.dims.slice(1)] }],
  };
}

/**
 * Rows of a tensor by their numbers: `y[i, ...] = x[indices[i], ...]`, as an embedding table is read.
 *
 * On the CPU an index that is negative or beyond the last row refuses the call before anything is written. On a device
 * the host does not see the indices: the row of such an index is zeros.
 *
 * Copies bits: NaN stays as it is. Does not block.
 *
 * @param x - `[R, ...]`, any type but strings and 4-bit types.
 * @param indices - `int32` or `int64`, of any shape; each from 0 to R - 1.
 * @returns The dims of `indices`, then those of a row.
 * @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` for types, a scalar `x`, and (on the CPU) an index without a row;
 *   `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR` for closed device tensors and
 *   different devices.
 * @see ONNX operator Gather with axis 0, `numpy.take`; negative indices do not count from the end here.
 */
export async function gatherRows<T extends OperatorTensor, A extends TensorData = TensorData>(
  x: T,
  indices: OperatorTensor,
  options: OperatorOptions = {},
): Promise<Placed<T, A>> {
  const plan = planGatherRows([specOf(x, NAME), specOf(indices, INDICES_NAME)], options);
  const [rows] = await runOperator({ ...plan, inputs: [x, indices] }, options);
  return rows as Placed<T, A>;
}
