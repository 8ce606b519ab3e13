// SPDX-License-Identifier: Apache-2.0
export { benchAgainst, parseAgainst, type AgainstRequest, type AgainstTarget } from './against';
export { compareDocuments, compareResults, compareRounds } from './compare-documents';
export type {
  CompareOptions,
  ComparedCase,
  ComparedMetric,
  ComparedSide,
  Comparison,
  Condition,
  ConditionOutcome,
  Difference,
  UnstableSide,
  Verdict,
} from './comparison';
export { checkConditions, parseCondition, parseConditions } from './conditions';
export type { Measurement } from './measurement';
export { compareInterleaved, type InterleavedRequest, type Round, type RunOnce } from './interleaved';
