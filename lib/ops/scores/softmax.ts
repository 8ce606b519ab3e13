// SPDX-License-Identifier: Apache-2.0
import { rejectUnknownOptions } from '../../option-checks';
import { OPERATOR_OPTIONS, runOperator } from '../run-operator';
import { specOf, type OperatorPlan, type OperatorTensor, type Placed, type TensorSpec } from '../tensor-spec';
import { readRows, readScale, readType, requireScores, type ScoreOptions } from './score-checks';

/** Options of {@link softmax} and {@link logSoftmax}. */
export interface SoftmaxOptions extends ScoreOptions {
  /**
   * What the logits are divided by, from 1e-30 to 1e30: above 1 the probabilities come closer to each other, below 1
   * the largest takes more. The logits are multiplied with its reciprocal, rounded to float32. Default: 1.
   */
  temperature?: number;
}

const SOFTMAX_OPTIONS = [...OPERATOR_OPTIONS, 'type', 'temperature'];
const SIGMOID_OPTIONS = [...OPERATOR_OPTIONS, 'type'];
const LOGITS = 'the logits';

function planRows(operator: string, logits: TensorSpec, options: SoftmaxOptions): OperatorPlan {
  rejectUnknownOptions(operator, options, SOFTMAX_OPTIONS);
  readRows(logits, { operator, argument: LOGITS });
  return {
    operator,
    attributes: { scale: readScale(options.temperature) },
    outputs: [{ type: readType(options.type, logits), dims: logits.dims }],
  };
}

/**
 * Plans {@link softmax}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link softmax}.
 */
export function planSoftmax([logits]: readonly [TensorSpec], options: SoftmaxOptions = {}): OperatorPlan {
  return planRows('softmax', logits, options);
}

/**
 * Probabilities along the last axis: `exp((x - max) / temperature) / sum`.
 *
 * For another axis {@link transpose} first. Computed in float32, sums in a fixed order: the same bits on the CPU and on
 * every GPU. A row with NaN or +Infinity, or of nothing but -Infinity, becomes NaN. Copies; does not block.
 *
 * @param logits - float32, float16 or bfloat16 `[..., classes]`.
 * @returns Of the same dims, float32 unless `type` says otherwise.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for a temperature or type out of range, `ERR_TRT_ARG_TENSOR` for other
 *   elements and for a scalar, `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR`.
 * @see ONNX operator Softmax, `scipy.special.softmax`.
 */
export async function softmax<T extends OperatorTensor>(
  logits: T,
  options: SoftmaxOptions = {},
): Promise<Placed<T>> {
  const plan = planSoftmax([specOf(logits, { operator: 'softmax', argument: LOGITS })], options);
  const [result] = await runOperator({ ...plan, inputs: [logits] }, options);
  return result as Placed<T>;
}

/**
 * Plans {@link logSoftmax}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link logSoftmax}.
 */
export function planLogSoftmax([logits]: readonly [TensorSpec], options: SoftmaxOptions = {}): OperatorPlan {
  return planRows('logSoftmax', logits, options);
}

/**
 * Logarithms of {@link softmax}: `(x - max) / temperature - ln(sum)`. They do not underflow where probabilities do.
 *
 * NaN and infinity as for {@link softmax}, but -Infinity beside numbers stays -Infinity.
 *
 * @throws {TensorRTError} As {@link softmax}.
 * @see ONNX operator LogSoftmax, `scipy.special.log_softmax`.
 */
export async function logSoftmax<T extends OperatorTensor>(
  logits: T,
  options: SoftmaxOptions = {},
): Promise<Placed<T>> {
  const plan = planLogSoftmax([specOf(logits, { operator: 'logSoftmax', argument: LOGITS })], options);
  const [result] = await runOperator({ ...plan, inputs: [logits] }, options);
  return result as Placed<T>;
}

/**
 * Plans {@link sigmoid}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link sigmoid}.
 */
export function planSigmoid([logits]: readonly [TensorSpec], options: ScoreOptions = {}): OperatorPlan {
  rejectUnknownOptions('sigmoid', options, SIGMOID_OPTIONS);
  requireScores(logits, { operator: 'sigmoid', argument: LOGITS });
  return {
    operator: 'sigmoid',
    attributes: {},
    outputs: [{ type: readType(options.type, logits), dims: logits.dims }],
  };
}

/**
 * `1 / (1 + exp(-x))` of each element; at most 2 ulp from the exact value. NaN gives NaN, -Infinity 0, Infinity 1.
 *
 * Copies; does not block.
 *
 * @param logits - float32, float16 or bfloat16 of any dims.
 * @throws {TensorRTError} `ERR_TRT_ARG_TENSOR`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`;
 *   `ERR_TRT_RUN_DEVICE_TENSOR`.
 * @see ONNX operator Sigmoid, `scipy.special.expit`.
 */
export async function sigmoid<T extends OperatorTensor>(
  logits: T,
  options: ScoreOptions = {},
): Promise<Placed<T>> {
  const plan = planSigmoid([specOf(logits, { operator: 'sigmoid', argument: LOGITS })], options);
  const [result] = await runOperator({ ...plan, inputs: [logits] }, options);
  return result as Placed<T>;
}
