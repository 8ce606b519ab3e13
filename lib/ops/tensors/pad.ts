// SPDX-License-Identifier: Apache-2.0
import { oneOf, rejectUnknownOptions, valueError } from '../../option-checks';
import type { TensorData } from '../../tensor/element-arrays';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import {
  formatSpec,
  requireRank,
  specOf,
  tensorError,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { checkElement, MAX_RANK, readCounts, requireBytes } from './element-range';

/** Options of {@link pad}. */
export interface PadOptions extends OperatorOptions {
  /** Elements before each axis, then elements after each axis: `[top, left, bottom, right]` for two axes. */
  pads: readonly number[];
  /** What they are: `value`, the nearest element, or the axis mirrored without its edge. Default: `'constant'`. */
  mode?: 'constant' | 'edge' | 'reflect';
  /** The constant, rounded to the type; integers must have it. Default: 0. */
  value?: number;
}

const OPTION_NAMES = [...OPERATOR_OPTIONS, 'pads', 'mode', 'value'];
const NAME = { operator: 'pad', argument: 'x' };
const checkMode = oneOf('constant', 'edge', 'reflect');

/**
 * Plans {@link pad}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link pad}.
 */
export function planPad([x]: readonly [TensorSpec], options: PadOptions): OperatorPlan {
  rejectUnknownOptions('pad', options, OPTION_NAMES);
  requireBytes(x, NAME);
  requireRank(x, [0, MAX_RANK], NAME);
  const { mode = 'constant', value = 0 } = options;
  const rank = x.dims.length;
  const pads = readCounts('pads', options.pads, 2 * rank);
  checkMode('mode', mode);
  checkElement('value', value, x.type);
  const dims = x.dims.map((dim, axis) => dim + pads[axis]! + pads[rank + axis]!);
  x.dims.forEach((dim, axis) => checkReach(mode, dim, Math.max(pads[axis]!, pads[rank + axis]!), pads));
  if (mode === 'edge' && x.dims.some((dim, axis) => dim === 0 && dims[axis]! > 0))
    throw tensorError(NAME, 'an element to repeat along each padded axis', formatSpec(x));
  return {
    operator: 'pad',
    attributes: { begins: pads.slice(0, rank), mode, value },
    outputs: [{ type: x.type, dims }],
  };
}

function checkReach(mode: string, dim: number, reach: number, pads: readonly number[]): void {
  if (mode !== 'reflect' || reach <= Math.max(dim - 1, 0)) return;
  throw valueError('pads', pads, `at most ${Math.max(dim - 1, 0)} where a mirrored axis has ${dim} elements`);
}

/**
 * Elements around a tensor: `y` is `x` with `pads[k]` elements before and `pads[rank + k]` after its axis `k`.
 *
 * Copies bits: NaN stays as it is. Does not block.
 *
 * @param x - Of up to 8 axes, any type but strings and 4-bit types.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE` for negative pads, a wrong number of them, a mirror
 *   that reaches beyond the other edge, a value that the type cannot be; `ERR_TRT_ARG_TENSOR` for a type, more than 8
 *   axes, and `'edge'` along an axis without elements; `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR`.
 * @see ONNX operator Pad, `numpy.pad`.
 */
export async function pad<T extends OperatorTensor, A extends TensorData = TensorData>(
  x: T,
  options: PadOptions,
): Promise<Placed<T, A>> {
  const plan = planPad([specOf(x, NAME)], options);
  const [y] = await runOperator({ ...plan, inputs: [x] }, options);
  return y as Placed<T, A>;
}
