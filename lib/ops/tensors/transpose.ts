// SPDX-License-Identifier: Apache-2.0
import { rejectUnknownOptions, valueError } from '../../option-checks';
import type { TensorData } from '../../tensor/element-arrays';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import {
  requireRank,
  specOf,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { MAX_RANK, readCounts, requireBytes } from './element-range';

const NAME = { operator: 'transpose', argument: 'x' };

/**
 * Plans {@link transpose}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link transpose}.
 */
export function planTranspose(
  [x]: readonly [TensorSpec],
  permutation: readonly number[],
  options: OperatorOptions = {},
): OperatorPlan {
  rejectUnknownOptions('transpose', options, OPERATOR_OPTIONS);
  requireBytes(x, NAME);
  requireRank(x, [0, MAX_RANK], NAME);
  const rank = x.dims.length;
  const axes = readCounts('permutation', permutation, rank);
  if (new Set(axes).size !== rank || axes.some((axis) => axis >= rank))
    throw valueError('permutation', axes, `each axis from 0 to ${rank - 1} once`);
  return {
    operator: 'transpose',
    attributes: { permutation: axes },
    outputs: [{ type: x.type, dims: axes.map((axis) => x.dims[axis]!) }],
  };
}

/**
 * Axes in another order: `y[i0, i1, ...] = x[...]` with `y`'s axis number `k` being `x`'s axis `permutation[k]`.
 *
 * `transpose(x, [0, 3, 1, 2])` makes `[N, C, H, W]` of `[N, H, W, C]`. Copies bits: NaN stays as it is. Does not block.
 *
 * @param x - Of up to 8 axes, any type but strings and 4-bit types.
 * @param permutation - Each axis of `x` once, counted from 0.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE` for what is no permutation, `ERR_TRT_ARG_TENSOR`,
 *   `ERR_TRT_ARG_UNKNOWN_OPTION`, `ERR_TRT_RUN_DEVICE_TENSOR` for closed device tensors.
 * @see ONNX operator Transpose, `numpy.transpose`.
 */
export async function transpose<T extends OperatorTensor, A extends TensorData = TensorData>(
  x: T,
  permutation: readonly number[],
  options: OperatorOptions = {},
): Promise<Placed<T, A>> {
  const plan = planTranspose([specOf(x, NAME)], permutation, options);
  const [y] = await runOperator({ ...plan, inputs: [x] }, options);
  return y as Placed<T, A>;
}
