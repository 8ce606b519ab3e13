// SPDX-License-Identifier: Apache-2.0
/**
 * Evaluate models on labelled data, hold them against a reference, and validate rewritten ones against their source.
 *
 * @packageDocumentation
 */
export { evaluate } from './evaluate';
export type { EvaluateOptions, EvaluationProgress } from './evaluate-options';
export type { EvaluatedModel, ModelOutputs, ModelToEvaluate } from './evaluated-model';
export { EVALUATION_SCHEMA_VERSION } from './evaluation';
export type {
  ClassificationEvaluation,
  DetectionEvaluation,
  Evaluation,
  EvaluationFacts,
  EvaluationTask,
  ReferenceFacts,
  RegressionEvaluation,
} from './evaluation';
export type { LayerError } from './layers/layer-error';

// Labelled data.
export type {
  BatchFeeds,
  BatchLabels,
  LabelledBatch,
  LabelledBatches,
  Sample,
  SampleLabel,
} from './data/labelled-batch';
export { openData, type DataFiles, type OpenData } from './data/open-data';
export { openInputs, type InputFiles } from './data/open-inputs';
export type { Decode } from './data/read-samples';

// Measures, to be used by themselves.
export { averagePrecision, precisionCurve } from './metrics/average-precision';
export type { PrecisionCurve, RankedDetection } from './metrics/average-precision';
export { scoreClasses } from './metrics/class-scores';
export type { ClassScore, ClassScores, PrecisionRecall } from './metrics/class-scores';
export { ConfusionMatrix } from './metrics/confusion-matrix';
export { DetectionSums, intersectionOverUnion } from './metrics/detection';
export type { Box, ClassPrecision, Detection, DetectionMeasures, LabelledBox } from './metrics/detection';
export { ReferenceSums, type ReferenceMeasures } from './metrics/reference-sums';
export { RegressionSums, type RegressionMeasures } from './metrics/regression';
export { areaUnderRoc, type RocAuc } from './metrics/roc-auc';
export { argmax, TopK } from './metrics/top-k';
export type { ClassificationMeasures, ClassificationOptions } from './tasks/classification';
export { readDetections, type ReadDetections } from './tasks/detection';

// Reports.
export { formatEvaluationHtml } from './formats/evaluation-html';
export { drawLayerErrors } from './formats/layer-chart';

// Validation.
export { validate } from './validate/validate';
export type { TensorDifference, WorstElement } from './validate/difference-sums';
export type { Tolerance, ValidatedPrecision } from './validate/tolerance';
export type {
  Divergence,
  GivenInputs,
  InnerDifference,
  ModelToValidate,
  OutputDifference,
  ValidateOptions,
  Validation,
} from './validate/validation';
