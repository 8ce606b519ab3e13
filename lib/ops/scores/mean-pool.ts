// SPDX-License-Identifier: Apache-2.0
import { rejectUnknownOptions } from '../../option-checks';
import type { ElementType } from '../../tensor/element-type';
import { OPERATOR_OPTIONS, runOperator } from '../run-operator';
import {
  requireRank,
  requireSpec,
  requireType,
  specOf,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { readType, requireScores, type ScoreOptions } from './score-checks';

const OPTION_NAMES = [...OPERATOR_OPTIONS, 'type'];
const MASK_TYPES: readonly ElementType[] = ['int64', 'int32', 'bool', 'float32'];
const EMBEDDINGS = { operator: 'meanPool', argument: 'the embeddings' };
const MASK = { operator: 'meanPool', argument: 'the mask' };

/**
 * Plans {@link meanPool}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link meanPool}.
 */
export function planMeanPool(
  [embeddings, mask]: readonly [embeddings: TensorSpec, mask?: TensorSpec],
  options: ScoreOptions = {},
): OperatorPlan {
  rejectUnknownOptions('meanPool', options, OPTION_NAMES);
  requireScores(embeddings, EMBEDDINGS);
  requireRank(embeddings, [3, 3], EMBEDDINGS);
  const [rows, tokens, columns] = embeddings.dims as [number, number, number];
  if (mask !== undefined) {
    requireType(mask, MASK_TYPES, MASK);
    requireSpec(mask, { type: mask.type, dims: [rows, tokens] }, MASK);
  }
  return {
    operator: 'meanPool',
    attributes: {},
    outputs: [{ type: readType(options.type, embeddings), dims: [rows, columns] }],
  };
}

/**
 * The mean of each text's token embeddings, weighted by the mask: `sum(mask * token) / sum(mask)`.
 *
 * Tokens of mask 0 are not read: NaN there does no harm. A text whose weights sum to 0 gives zeros. Tokens are added
 * first to last, in float32. Does not block.
 *
 * @param embeddings - float32, float16 or bfloat16 `[texts, tokens, size]`.
 * @param mask - int64, int32, bool or float32 `[texts, tokens]`; `undefined`: all tokens count.
 * @returns `[texts, size]`, float32 unless `type` says otherwise.
 * @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` for types and dims that do not fit, `ERR_TRT_ARG_VALUE`,
 *   `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR`.
 * @see The mean pooling of Sentence-BERT (https://arxiv.org/abs/1908.10084).
 */
export async function meanPool<T extends OperatorTensor>(
  embeddings: T,
  mask?: OperatorTensor,
  options: ScoreOptions = {},
): Promise<Placed<T>> {
  const spec = specOf(embeddings, EMBEDDINGS);
  const plan = planMeanPool(mask === undefined ? [spec] : [spec, specOf(mask, MASK)], options);
  const inputs = mask === undefined ? [embeddings] : [embeddings, mask];
  const [result] = await runOperator({ ...plan, inputs }, options);
  return result as Placed<T>;
}
