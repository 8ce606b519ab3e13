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
export type { PipelineRunOptions, PipelineStage, PipelineStatistics } from './pipeline';
export type { PipelineOptions } from './pipeline-options';
export type {
  Detection,
  InstanceDetection,
  InstanceMask,
  Keypoint,
  KeypointDetection,
  PipelineImage,
  PipelineInputs,
  PipelineResults,
  PipelineSound,
  RawSound,
  ScoredClass,
  Segmentation,
  SegmentClass,
  TensorsResult,
} from './results';
export { checkPipelineSpec } from './spec/check-spec';
export type {
  AudioClassificationSpec,
  AudioPre,
  ClassificationSpec,
  ConstantInput,
  DetectionSpec,
  EmbeddingSpec,
  GivenInput,
  ImagePre,
  ImageSizeInput,
  InstanceSegmentationSpec,
  KeypointsSpec,
  OtherInput,
  OtherInputs,
  PipelineSpec,
  PipelineTask,
  SegmentationSpec,
  TensorsSpec,
} from './spec/pipeline-spec';
export type {
  BoxDecoding,
  BoxesScoresPost,
  BoxNumbers,
  BoxUnits,
  ClassificationPost,
  DetectionColumn,
  DetectionPost,
  EmbeddingPost,
  EndToEndPost,
  InstanceSegmentationPost,
  KeypointsPost,
  SegmentationPost,
  TensorsPost,
} from './spec/post-spec';
export type { GivenTensors } from './stages/other-inputs';
export { readPipelineSpec } from './spec/read-spec';
