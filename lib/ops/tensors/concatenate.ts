// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { describeType, rejectUnknownOptions, valueError } from '../../option-checks';
import type { TensorData } from '../../tensor/element-arrays';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import {
  formatSpec,
  requireSpec,
  specOf,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { readAxis, readCounts, requireBytes } from './element-range';

/** Options of {@link concatenate} and {@link split}. */
export interface AxisOptions extends OperatorOptions {
  /** The axis along which the parts lie; negative ones count from the end. Default: 0, the batch. */
  axis?: number;
}

const OPTION_NAMES = [...OPERATOR_OPTIONS, 'axis'];
const partName = (index: number) => ({ operator: 'concatenate', argument: `tensor ${index}` });
const SPLIT_NAME = { operator: 'split', argument: 'x' };

/**
 * Plans {@link concatenate}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link concatenate}.
 */
export function planConcatenate(tensors: readonly TensorSpec[], options: AxisOptions = {}): OperatorPlan {
  rejectUnknownOptions('concatenate', options, OPTION_NAMES);
  requireSome(tensors);
  const first = tensors[0]!;
  requireBytes(first, partName(0));
  const axis = readAxis(options.axis ?? 0, first, partName(0));
  let size = 0;
  tensors.forEach((spec, index) => {
    const own = spec.dims[axis] ?? 0;
    // Along the axis any size; all else as in the first.
    requireSpec(spec, { type: first.type, dims: withDim(first.dims, axis, own) }, partName(index));
    size += own;
  });
  return {
    operator: 'concatenate',
    attributes: { axis },
    outputs: [{ type: first.type, dims: withDim(first.dims, axis, size) }],
  };
}

function requireSome(tensors: unknown): void {
  if (Array.isArray(tensors) && tensors.length > 0) return;
  const came = Array.isArray(tensors) ? 'an empty list' : describeType(tensors);
  throw new TensorRTError(
    Array.isArray(tensors) ? 'ERR_TRT_ARG_TENSOR' : 'ERR_TRT_ARG_TYPE',
    `concatenate() expected a list of at least one tensor, got ${came}.`,
    { details: { operator: 'concatenate', received: came } },
  );
}

/**
 * Tensors behind each other along one axis.
 *
 * Copies bits: NaN stays as it is. Does not block.
 *
 * @param tensors - At least one; all of one type and, but for the axis, of the same dims. Those on
 *   devices are all on one.
 * @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` for an empty list and for tensors that do not fit, `ERR_TRT_ARG_VALUE` for
 *   an axis that they do not have, `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR` for
 *   closed device tensors and different devices.
 * @see ONNX operator Concat, `numpy.concatenate`.
 */
export async function concatenate<T extends OperatorTensor, A extends TensorData = TensorData>(
  tensors: readonly T[],
  options: AxisOptions = {},
): Promise<Placed<T, A>> {
  requireSome(tensors);
  const inputs = [...tensors];
  const plan = planConcatenate(
    inputs.map((tensor, index) => specOf(tensor, partName(index))),
    options,
  );
  const [whole] = await runOperator({ ...plan, inputs }, options);
  return whole as Placed<T, A>;
}

function withDim(dims: readonly number[], axis: number, size: number): number[] {
  return dims.map((dim, index) => (index === axis ? size : dim));
}

/**
 * Plans {@link split}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link split}.
 */
export function planSplit(
  [x]: readonly [TensorSpec],
  sizes: readonly number[],
  options: AxisOptions = {},
): OperatorPlan {
  rejectUnknownOptions('split', options, OPTION_NAMES);
  requireBytes(x, SPLIT_NAME);
  const axis = readAxis(options.axis ?? 0, x, SPLIT_NAME);
  const counts = readCounts('sizes', sizes);
  const sum = counts.reduce((total, count) => total + count, 0);
  if (counts.length === 0 || sum !== x.dims[axis])
    throw valueError(
      'sizes',
      counts,
      `at least one size, ${x.dims[axis]} in all: axis ${axis} of ${formatSpec(x)}`,
    );
  return {
    operator: 'split',
    attributes: { axis },
    outputs: counts.map((count) => ({ type: x.type, dims: withDim(x.dims, axis, count) })),
  };
}

/**
 * A tensor in parts along one axis: what {@link concatenate} would join again.
 *
 * Copies bits: NaN stays as it is. Does not block.
 *
 * @param sizes - The parts' sizes along the axis; their sum is the axis' size. 0 gives an empty part.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for sizes that do not add up and for an axis that `x` does not have,
 *   `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_TENSOR`, `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR`.
 * @see ONNX operator Split, `numpy.split`.
 */
export async function split<T extends OperatorTensor, A extends TensorData = TensorData>(
  x: T,
  sizes: readonly number[],
  options: AxisOptions = {},
): Promise<Placed<T, A>[]> {
  const plan = planSplit([specOf(x, SPLIT_NAME)], sizes, options);
  const parts = await runOperator({ ...plan, inputs: [x] }, options);
  return parts as Placed<T, A>[];
}
