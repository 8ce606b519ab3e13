// SPDX-License-Identifier: Apache-2.0
export { meanPool, planMeanPool } from './mean-pool';
export type { ScoreOptions, ScoreType } from './score-checks';
export {
  cosineSimilarity,
  l2Normalize,
  planCosineSimilarity,
  planL2Normalize,
  type NormOptions,
} from './similarity';
export {
  logSoftmax,
  planLogSoftmax,
  planSigmoid,
  planSoftmax,
  sigmoid,
  softmax,
  type SoftmaxOptions,
} from './softmax';
export { argMax, planArgMax, planSoftmaxTopK, planTopK, softmaxTopK, topK, type Best } from './top-k';
