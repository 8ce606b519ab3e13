// SPDX-License-Identifier: Apache-2.0
import { oneOf, rejectUnknownOptions, typeError, valueError } from '../../option-checks';
import type { ElementType } from '../../tensor/element-type';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import {
  formatSpec,
  requireType,
  specOf,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { checkElement, checkScale, FLOAT_TYPES, readAxis } from './element-range';

/** How real numbers and integers belong together. */
export interface QuantizationScale {
  /** Distance of two neighbouring integers, positive; a list has one for each channel along `axis`. */
  scale: number | readonly number[];
  /** The integer that stands for 0, of the integer type; a list as `scale` is one. Default: 0. */
  zeroPoint?: number | readonly number[];
  /** Axis of the channels, where `scale` is a list; negative ones count from the end. Default: 1. */
  axis?: number;
}

/** Options of {@link quantizeLinear}. */
export interface QuantizeLinearOptions extends OperatorOptions, QuantizationScale {
  /** Type of the result. Default: `'int8'`. */
  type?: 'int8' | 'uint8';
}

/** Options of {@link dequantizeLinear}. */
export interface DequantizeLinearOptions extends OperatorOptions, QuantizationScale {
  /** Type of the result. Default: `'float32'`. */
  type?: 'float32' | 'float16' | 'bfloat16';
}

const OPTION_NAMES = [...OPERATOR_OPTIONS, 'scale', 'zeroPoint', 'axis', 'type'];
const INTEGERS: readonly ElementType[] = ['int8', 'uint8'];

/**
 * Plans {@link quantizeLinear}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link quantizeLinear}.
 */
export function planQuantizeLinear([x]: readonly [TensorSpec], options: QuantizeLinearOptions): OperatorPlan {
  rejectUnknownOptions('quantizeLinear', options, OPTION_NAMES);
  const { type = 'int8' } = options;
  oneOf(...INTEGERS)('type', type);
  requireType(x, FLOAT_TYPES, { operator: 'quantizeLinear', argument: 'x' });
  return {
    operator: 'quantizeLinear',
    attributes: readScales(x, options, { operator: 'quantizeLinear', integer: type }),
    outputs: [{ type, dims: x.dims }],
  };
}

/**
 * Plans {@link dequantizeLinear}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link dequantizeLinear}.
 */
export function planDequantizeLinear(
  [x]: readonly [TensorSpec],
  options: DequantizeLinearOptions,
): OperatorPlan {
  rejectUnknownOptions('dequantizeLinear', options, OPTION_NAMES);
  const { type = 'float32' } = options;
  oneOf(...FLOAT_TYPES)('type', type);
  requireType(x, INTEGERS, { operator: 'dequantizeLinear', argument: 'x' });
  return {
    operator: 'dequantizeLinear',
    attributes: readScales(x, options, { operator: 'dequantizeLinear', integer: x.type }),
    outputs: [{ type, dims: x.dims }],
  };
}

/** The attributes `axis` (-1: one scale for all), `scales` and `zeroPoints`. */
function readScales(
  x: TensorSpec,
  options: QuantizationScale,
  { operator, integer }: { operator: string; integer: ElementType },
): { axis: number; scales: readonly number[]; zeroPoints: readonly number[] } {
  const { scale, zeroPoint } = options;
  const perChannel = Array.isArray(scale);
  if (!perChannel && options.axis !== undefined)
    throw typeError('scale', scale, 'a list, one for each channel, where there is an axis');
  const axis = perChannel ? readAxis(options.axis ?? 1, x, { operator, argument: 'x' }) : -1;
  const count = perChannel ? x.dims[axis]! : 1;
  const scales = readList('scale', scale, count, perChannel);
  const zeroPoints =
    zeroPoint === undefined ? scales.map(() => 0) : readList('zeroPoint', zeroPoint, count, perChannel);
  for (const value of scales) {
    checkScale('scale', value);
    if (value < 0) throw valueError('scale', value, 'positive');
  }
  for (const value of zeroPoints) checkElement('zeroPoint', value, integer);
  return { axis, scales, zeroPoints };

  function readList(name: string, value: unknown, length: number, isList: boolean): readonly number[] {
    if (Array.isArray(value) !== isList)
      throw typeError(name, value, isList ? 'a list, as scale is one' : 'a number, as scale is one');
    if (!isList) return [value as number];
    const list = value as readonly number[];
    if (list.length !== length || length === 0)
      throw valueError(
        name,
        list,
        `one number for each of the ${length} channels of axis ${axis} of ${formatSpec(x)}`,
      );
    return [...list];
  }
}

/**
 * Real numbers as 8-bit integers: `q = saturate(round(x / scale) + zeroPoint)`, ties to even, computed in float32.
 *
 * NaN becomes what 0 becomes (`zeroPoint`); infinity the type's limit. Does not block.
 *
 * @param x - `float32`, `float16` or `bfloat16`, of any shape.
 * @returns The same dims, `int8` or `uint8`.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for a scale that is not positive and finite, a zero point that the type
 *   does not have, lists of another length than the axis, an axis that `x` does not have; `ERR_TRT_ARG_TYPE`,
 *   `ERR_TRT_ARG_TENSOR`, `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR` for closed device tensors.
 * @see ONNX operator QuantizeLinear.
 */
export async function quantizeLinear<T extends OperatorTensor>(
  x: T,
  options: QuantizeLinearOptions,
): Promise<Placed<T, Int8Array | Uint8Array>> {
  const plan = planQuantizeLinear([specOf(x, { operator: 'quantizeLinear', argument: 'x' })], options);
  const [q] = await runOperator({ ...plan, inputs: [x] }, options);
  return q as Placed<T, Int8Array | Uint8Array>;
}

/**
 * The real numbers that 8-bit integers stand for: `y = (x - zeroPoint) * scale`, computed in float32 and rounded to the
 * result's type. Does not block.
 *
 * @param x - `int8` or `uint8`, of any shape.
 * @returns The same dims, of `type`.
 * @throws {TensorRTError} As {@link quantizeLinear}.
 * @see ONNX operator DequantizeLinear.
 */
export async function dequantizeLinear<T extends OperatorTensor>(
  x: T,
  options: DequantizeLinearOptions,
): Promise<Placed<T, Float32Array | Uint16Array>> {
  const plan = planDequantizeLinear([specOf(x, { operator: 'dequantizeLinear', argument: 'x' })], options);
  const [y] = await runOperator({ ...plan, inputs: [x] }, options);
  return y as Placed<T, Float32Array | Uint16Array>;
}
