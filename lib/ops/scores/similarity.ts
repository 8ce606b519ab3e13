// SPDX-License-Identifier: Apache-2.0
import { rejectUnknownOptions } from '../../option-checks';
import { OPERATOR_OPTIONS, runOperator } from '../run-operator';
import {
  formatSpec,
  requireRank,
  requireType,
  specOf,
  tensorError,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { readNumber, readRows, readType, requireScores, type ScoreOptions } from './score-checks';

/** Options of {@link l2Normalize} and {@link cosineSimilarity}. */
export interface NormOptions extends ScoreOptions {
  /**
   * The least that a norm counts as, from 1e-30 to 1: vectors shorter than that do not become of length 1. Default:
   * 1e-12 for {@link l2Normalize}, 1e-8 for {@link cosineSimilarity}.
   */
  epsilon?: number;
}

const OPTION_NAMES = [...OPERATOR_OPTIONS, 'type', 'epsilon'];
const VECTORS = { operator: 'l2Normalize', argument: 'the vectors' };
const QUERIES = { operator: 'cosineSimilarity', argument: 'the queries' };
const OTHERS = { operator: 'cosineSimilarity', argument: 'the vectors' };

const readEpsilon = (value: number) => readNumber('epsilon', value, [1e-30, 1]);

/**
 * Plans {@link l2Normalize}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link l2Normalize}.
 */
export function planL2Normalize([vectors]: readonly [TensorSpec], options: NormOptions = {}): OperatorPlan {
  rejectUnknownOptions('l2Normalize', options, OPTION_NAMES);
  readRows(vectors, VECTORS);
  return {
    operator: 'l2Normalize',
    attributes: { epsilon: readEpsilon(options.epsilon ?? 1e-12) },
    outputs: [{ type: readType(options.type, vectors), dims: vectors.dims }],
  };
}

/**
 * Vectors along the last axis, divided by their length: `x / max(sqrt(sum(x * x)), epsilon)`.
 *
 * Computed in float32: squares of elements above 1.8e19 overflow, and the vector becomes zeros. A vector with NaN or
 * infinity has NaN where it had them, and NaN or 0 elsewhere. Does not block.
 *
 * @param vectors - float32, float16 or bfloat16 `[..., size]`.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for an epsilon out of range, `ERR_TRT_ARG_TENSOR`, `ERR_TRT_ARG_TYPE`,
 *   `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR`.
 * @see `torch.nn.functional.normalize`.
 */
export async function l2Normalize<T extends OperatorTensor>(
  vectors: T,
  options: NormOptions = {},
): Promise<Placed<T>> {
  const plan = planL2Normalize([specOf(vectors, VECTORS)], options);
  const [result] = await runOperator({ ...plan, inputs: [vectors] }, options);
  return result as Placed<T>;
}

/**
 * Plans {@link cosineSimilarity}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link cosineSimilarity}.
 */
export function planCosineSimilarity(
  [queries, vectors]: readonly [queries: TensorSpec, vectors: TensorSpec],
  options: NormOptions = {},
): OperatorPlan {
  rejectUnknownOptions('cosineSimilarity', options, OPTION_NAMES);
  requireScores(queries, QUERIES);
  requireRank(queries, [1, 2], QUERIES);
  requireRank(vectors, [2, 2], OTHERS);
  requireType(vectors, [queries.type], OTHERS);
  const [count, size] = vectors.dims as [number, number];
  if (queries.dims.at(-1) !== size)
    throw tensorError(
      OTHERS,
      `vectors of ${queries.dims.at(-1)} elements, as the queries have`,
      formatSpec(vectors),
    );
  return {
    operator: 'cosineSimilarity',
    attributes: { epsilon: readEpsilon(options.epsilon ?? 1e-8) },
    outputs: [{ type: readType(options.type, queries), dims: [...queries.dims.slice(0, -1), count] }],
  };
}

/**
 * Cosines of the angles between each query and each vector: `q . v / (max(|q|, epsilon) * max(|v|, epsilon))`.
 *
 * From -1 to 1 but for rounding; 0 for a vector of zeros. For the nearest ones, {@link topK} of the result. Computed in
 * float32; NaN and infinity in a vector make its cosines NaN. Does not block.
 *
 * @param queries - `[size]` or `[queries, size]`, float32, float16 or bfloat16.
 * @param vectors - `[count, size]`, of the same type.
 * @returns `[count]` or `[queries, count]`.
 * @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` for dims and types that do not fit each other, `ERR_TRT_ARG_VALUE`,
 *   `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_UNKNOWN_OPTION`; `ERR_TRT_RUN_DEVICE_TENSOR`.
 * @see `torch.nn.functional.cosine_similarity`.
 */
export async function cosineSimilarity<T extends OperatorTensor>(
  queries: T,
  vectors: T,
  options: NormOptions = {},
): Promise<Placed<T>> {
  const plan = planCosineSimilarity([specOf(queries, QUERIES), specOf(vectors, OTHERS)], options);
  const [result] = await runOperator({ ...plan, inputs: [queries, vectors] }, options);
  return result as Placed<T>;
}
