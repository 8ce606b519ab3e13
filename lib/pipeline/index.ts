// SPDX-License-Identifier: Apache-2.0
/**
 * Pipelines: models with what comes before and after them, so that images and sounds go in and labels, boxes or vectors
 * come out.
 *
 * @packageDocumentation
 */
export { createPipeline } from './create-pipeline';
export type { PipelineSource } from './create-pipeline';
export { Pipeline } from './pipeline';
export type { PipelineStage, PipelineStatistics } from './pipeline';
export type { PipelineOptions } from './pipeline-options';
export type {
  Detection,
  PipelineImage,
  PipelineInputs,
  PipelineResults,
  PipelineSound,
  RawSound,
  ScoredClass,
  TensorsResult,
} from './results';
export { checkPipelineSpec } from './spec/check-spec';
export type {
  AudioClassificationSpec,
  AudioPre,
  BoxDecoding,
  ClassificationPost,
  ClassificationSpec,
  DetectionPost,
  DetectionSpec,
  EmbeddingPost,
  EmbeddingSpec,
  ImagePre,
  PipelineSpec,
  PipelineTask,
  TensorsPost,
  TensorsSpec,
} from './spec/pipeline-spec';
export { readPipelineSpec } from './spec/read-spec';
