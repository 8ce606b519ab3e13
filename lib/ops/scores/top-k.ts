// SPDX-License-Identifier: Apache-2.0
import { integer, rejectUnknownOptions } from '../../option-checks';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import {
  formatSpec,
  specOf,
  tensorError,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { readRows, readScale, readType, type ScoreOptions } from './score-checks';
import type { SoftmaxOptions } from './softmax';

/** The best of each row, best first. */
export interface Best<T> {
  /** `[..., k]`. */
  readonly values: Placed<T>;
  /** int32 `[..., k]`: where in the row each value is. */
  readonly indices: Placed<T, Int32Array>;
}

const TOP_K_OPTIONS = [...OPERATOR_OPTIONS, 'type'];
const SOFTMAX_TOP_K_OPTIONS = [...TOP_K_OPTIONS, 'temperature'];
const SCORES = 'the scores';

const checkK = integer(1, 1024);

interface BestRequest {
  operator: string;
  scores: TensorSpec;
  k: number;
  type: ScoreOptions['type'];
}

function planBest({ operator, scores, k, type }: BestRequest): OperatorPlan {
  const name = { operator, argument: SCORES };
  const { outer, columns } = readRows(scores, name);
  checkK('k', k);
  if (k > columns)
    throw tensorError(name, `at least k = ${k} classes along the last axis`, formatSpec(scores));
  const dims = [...outer, k];
  return {
    operator,
    attributes: { k },
    outputs: [
      { type: readType(type, scores), dims },
      { type: 'int32', dims },
    ],
  };
}

/**
 * Plans {@link topK}: what a chain needs to know of it. Two results: values, indices.
 *
 * @throws {TensorRTError} As {@link topK}.
 */
export function planTopK(
  [scores]: readonly [TensorSpec],
  k: number,
  options: ScoreOptions = {},
): OperatorPlan {
  rejectUnknownOptions('topK', options, TOP_K_OPTIONS);
  return planBest({ operator: 'topK', scores, k, type: options.type });
}

/**
 * The `k` largest of each row along the last axis, largest first.
 *
 * Of equal ones the one with the lower index comes first; 0 and -0 are equal. NaN is above all numbers. The same sets in
 * the same order on the CPU and on every GPU. Does not block.
 *
 * @param scores - float32, float16 or bfloat16 `[..., classes]`.
 * @param k - From 1 to 1024, at most the number of classes.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for `k` out of range, `ERR_TRT_ARG_TENSOR` for fewer than `k` classes and
 *   for other elements, `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR`.
 * @see ONNX operator TopK (`largest`, `sorted`).
 */
export async function topK<T extends OperatorTensor>(
  scores: T,
  k: number,
  options: ScoreOptions = {},
): Promise<Best<T>> {
  const plan = planTopK([specOf(scores, { operator: 'topK', argument: SCORES })], k, options);
  const [values, indices] = await runOperator({ ...plan, inputs: [scores] }, options);
  return { values, indices } as Best<T>;
}

/**
 * Plans {@link softmaxTopK}: what a chain needs to know of it. Two results: probabilities, indices.
 *
 * @throws {TensorRTError} As {@link softmaxTopK}.
 */
export function planSoftmaxTopK(
  [logits]: readonly [TensorSpec],
  k: number,
  options: SoftmaxOptions = {},
): OperatorPlan {
  rejectUnknownOptions('softmaxTopK', options, SOFTMAX_TOP_K_OPTIONS);
  const plan = planBest({ operator: 'softmaxTopK', scores: logits, k, type: options.type });
  return { ...plan, attributes: { k, scale: readScale(options.temperature) } };
}

/**
 * The `k` most probable classes of each row: {@link softmax}'s probabilities, without writing those of the others.
 *
 * Chosen and sorted by the logits, as {@link topK} does: where probabilities are equal by rounding, the order is that of
 * the logits. NaN and infinity as for {@link softmax}; the indices are valid there too. Does not block.
 *
 * @param logits - float32, float16 or bfloat16 `[..., classes]`.
 * @param k - From 1 to 1024, at most the number of classes.
 * @throws {TensorRTError} As {@link softmax} and {@link topK}.
 */
export async function softmaxTopK<T extends OperatorTensor>(
  logits: T,
  k: number,
  options: SoftmaxOptions = {},
): Promise<Best<T>> {
  const plan = planSoftmaxTopK([specOf(logits, { operator: 'softmaxTopK', argument: SCORES })], k, options);
  const [values, indices] = await runOperator({ ...plan, inputs: [logits] }, options);
  return { values, indices } as Best<T>;
}

/**
 * Plans {@link argMax}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link argMax}.
 */
export function planArgMax([scores]: readonly [TensorSpec], options: OperatorOptions = {}): OperatorPlan {
  rejectUnknownOptions('argMax', options, OPERATOR_OPTIONS);
  const name = { operator: 'argMax', argument: SCORES };
  const { outer, columns } = readRows(scores, name);
  if (columns === 0) throw tensorError(name, 'at least one class along the last axis', formatSpec(scores));
  return { operator: 'argMax', attributes: {}, outputs: [{ type: 'int32', dims: outer }] };
}

/**
 * Where the largest of each row along the last axis is: the first of equal ones; the first NaN if there is one.
 *
 * Does not block.
 *
 * @param scores - float32, float16 or bfloat16 `[..., classes]`.
 * @returns int32 `[...]`.
 * @throws {TensorRTError} `ERR_TRT_ARG_TENSOR`, `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`;
 *   `ERR_TRT_RUN_DEVICE_TENSOR`.
 * @see ONNX operator ArgMax, `numpy.argmax`.
 */
export async function argMax<T extends OperatorTensor>(
  scores: T,
  options: OperatorOptions = {},
): Promise<Placed<T, Int32Array>> {
  const plan = planArgMax([specOf(scores, { operator: 'argMax', argument: SCORES })], options);
  const [indices] = await runOperator({ ...plan, inputs: [scores] }, options);
  return indices as Placed<T, Int32Array>;
}
