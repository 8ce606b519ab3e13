// SPDX-License-Identifier: Apache-2.0
import { oneOf, rejectUnknownOptions, valueError } from '../../option-checks';
import type { TensorData } from '../../tensor/element-arrays';
import type { ElementType } from '../../tensor/element-type';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import { specOf, type OperatorPlan, type OperatorTensor, type Placed, type TensorSpec } from '../tensor-spec';
import { BYTE_TYPES, checkElement, checkScale, requireBytes } from './element-range';

/** Options of {@link convert}. */
export interface ConvertOptions extends OperatorOptions {
  /** Type of the result's elements: any but strings and the types of 4 bits. */
  type: ElementType;
  /** What each element is multiplied with. Finite and not 0. Default: 1. */
  scale?: number;
  /** What is added then: a finite number, for an integer `type` one of that type. Default: 0. */
  zeroPoint?: number;
}

const OPTION_NAMES = [...OPERATOR_OPTIONS, 'type', 'scale', 'zeroPoint'];
const NAME = { operator: 'convert', argument: 'x' };
const checkType = oneOf(...BYTE_TYPES);

/**
 * Plans {@link convert}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link convert}.
 */
export function planConvert([x]: readonly [TensorSpec], options: ConvertOptions): OperatorPlan {
  rejectUnknownOptions('convert', options, OPTION_NAMES);
  const { type, scale, zeroPoint } = options;
  checkType('type', type);
  if (scale !== undefined) checkScale('scale', scale);
  if (zeroPoint !== undefined) checkShift(zeroPoint, type);
  requireBytes(x, NAME);
  const scaled = scale !== undefined || zeroPoint !== undefined;
  return {
    operator: 'convert',
    attributes: { scaled, scale: scale ?? 1, zeroPoint: zeroPoint ?? 0 },
    outputs: [{ type, dims: x.dims }],
  };
}

function checkShift(zeroPoint: number, type: ElementType): void {
  checkElement('zeroPoint', zeroPoint, type);
  if (!Number.isFinite(Math.fround(zeroPoint)))
    throw valueError('zeroPoint', String(zeroPoint), 'a finite number as float32');
}

/**
 * Elements as another type: each the nearest that the type has, ties to even, rounded once.
 *
 * - Too large a number is the type's limit in integers and 8-bit floats, infinity in `float32`, `float16`, `bfloat16`.
 * - NaN is 0 in integers, true in `bool`, and the quiet NaN in other floats. Infinity is the limit in integers and 8-bit
 *   floats.
 * - To `bool`: all but 0 are true. From `bool`: 0 and 1.
 * - Conversions between integers and from and to `float64` are exact where the type has the number. Unlike
 *   `ndarray.astype` and ONNX Cast, fractions are rounded, not cut, and nothing wraps around.
 *
 * With `scale` or `zeroPoint`: `y = x * scale + zeroPoint`, computed in float32 (of which an `int32`, `int64` or
 * `float64` x is rounded first); for integers the product is rounded before the sum.
 *
 * Reads host arrays in place and does not block. Each byte is read once and written once.
 *
 * @typeParam A - The result's array on the host, which `type` decides: `convert<Tensor, Uint8Array>(...)`.
 * @param x - Of any shape.
 * @returns The same dims, of `type`.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION` for options,
 *   `ERR_TRT_ARG_TENSOR` for strings and 4-bit types, `ERR_TRT_RUN_DEVICE_TENSOR` for closed device tensors.
 * @see ONNX operator Cast, of which it differs as said.
 */
export async function convert<T extends OperatorTensor, A extends TensorData = TensorData>(
  x: T,
  options: ConvertOptions,
): Promise<Placed<T, A>> {
  const plan = planConvert([specOf(x, NAME)], options);
  const [y] = await runOperator({ ...plan, inputs: [x] }, options);
  return y as Placed<T, A>;
}
