// SPDX-License-Identifier: Apache-2.0
/**
 * Bring ONNX models to FP16, BF16, INT8, FP8 or INT4, prune them, let weights share values, factorise and distil them: pure
 * TypeScript, the same for TensorRT 10, 11 and TensorRT-RTX. Models are run by a runner that the caller passes, e.g.
 * `sessionRunner()` of the package; `nativeNumerics()` of the package computes on threads what takes long.
 *
 * @packageDocumentation
 */
export { cast, type CastTo, type CastToOptions, type CastToReport } from './cast';
export { quantize, type Quantized } from './quantize';
export type { AccuracyBound, QuantizedType, QuantizeOptions, WeightRounding } from './quantize-options';
export type { BoundLayer, KeptBound, QuantizationReport, Trial } from './quantize-report';
export type { QuantizationDecisions } from './quantization-decisions';
export type { OutputScore } from './output-judge';
export type { QuantizedNode } from './quantize/insert-weights';
export type { FloatNode } from './quantize/plan-quantization';
export type { NodeExclusion } from '../onnx/graph/node-exclusion';
export type { KeptNode } from '../onnx/passes/cast-values';
export type { FeedSource, ModelSource, Runner, RunnerOutputs } from './runner';

// The smallest model within a bound.
export {
  compress,
  SEARCH_STEPS,
  type Compressed,
  type CompressOptions,
  type CompressReport,
  type CompressTarget,
  type SearchStep,
} from './compress';
export { STORAGES, type Choice, type Storage } from './search/choice';
export { drawPareto } from './search/draw-pareto';
export type { SearchEnd } from './search/run-search';
export type { CompressionTrial, FailedTrial } from './search/trial';
export {
  measureCompression,
  type ChangedLayer,
  type CompressionFacts,
  type CompressionMeasures,
  type ModelFacts,
} from './report/measure-compression';
export { describeGains } from './report/describe-gains';
export { measureLatency, type LatencyOptions, type TimedSession } from './report/measure-latency';
export type { WeightFacts } from './report/weight-facts';

export { collectRanges, type CollectRangesOptions } from './calibrate/collect-ranges';
export type { CalibrationMethod } from './calibrate/amplitude';
export type { CalibrationData } from './calibrate/feed-source';
export type { TensorRange, TensorRanges } from './calibrate/choose-ranges';

// TensorRT 10's own calibration cache.
export {
  rangesFromCache,
  readCalibrationCache,
  writeCalibrationCache,
  type CacheAlgorithm,
  type CalibrationCache,
  type RangesFromCacheOptions,
  type WriteCacheOptions,
} from './calibrate/calibration-cache';

// What a rewritten model does, layer by layer.
export {
  listLayerPairs,
  profileLayers,
  type LayerError,
  type LayerPair,
  type ProfileLayersOptions,
} from './mixed/layer-errors';

// Training by back-propagation, and distillation.
export {
  distill,
  type Distilled,
  type DistillOptions,
  type DistillReport,
  type MadeStudent,
  type MakeStudent,
  type Student,
} from './distill';
export type { FeaturePair } from './distill/feature-pairs';
export { softLabels, type SoftLabelOptions, type SoftLabels } from './distill/soft-labels';
export { writeSoftLabels } from './distill/write-soft-labels';
export { finetune, type Finetuned, type FinetuneOptions } from './train';
export type { EpochRecord } from './train/checkpoint';
export type { KeptParameter } from './train/find-parameters';
export type { OptimizerOptions } from './train/optimizers';
export type { ScheduleOptions } from './train/schedules';
export type { TrainingOptions, TrainingProgress, ValidationMeasure } from './train/train-options';
export type { TrainedParameter, TrainingReport } from './train/train-report';
export type { TrainingEnd } from './train/train-loop';
export type { Trainer, TrainerSession, TrainingTensor } from './train/trainer';
export type { TrainingData } from './train/training-data';

// Zeros in weights.
export {
  prune,
  type PruneCriterion,
  type Pruned,
  type PrunedLayer,
  type PruneOptions,
  type PrunePattern,
  type PruneReport,
  type Shrinkage,
} from './prune';

// Weights that share values, products of thin matrices.
export {
  cluster,
  type Clustered,
  type ClusteredWeight,
  type ClusterOptions,
  type ClusterReport,
  type ClusterScope,
} from './cluster';
export { loadCompact, saveCompact, type CompactFile, type LoadCompactOptions } from './cluster/compact-file';
export type { Lookup } from './cluster/lookups';
export { measureStoredSize, type StoredSize } from './report/stored-size';
export {
  factorize,
  type Factorized,
  type FactorizedLayer,
  type FactorizeOptions,
  type FactorizeReport,
  type FactorizeTarget,
} from './factorize';
export type { FactorForm } from './factorize/rank-costs';

// Levels and codebooks for weights.
export {
  createMapping,
  MAPPING_KINDS,
  type MappingKind,
  type MappingOptions,
} from './mapping/create-mapping';
export { Mapping, measureMapping, type MappingError } from './mapping/mapping';
export {
  mapWeights,
  type MappedWeight,
  type MapWeightsOptions,
  type MapWeightsReport,
} from './mapping/map-weights';

// Channels, neurons and heads removed.
export { pruneChannels, type PrunedChannels } from './prune-channels';
export type { PruneChannelsOptions } from './channels/prune-channels-options';
export type { BeforeAfter } from './report/before-after';
export type { PruneChannelsReport, PrunedGroup, PrunedNode } from './channels/prune-channels-report';
export { lossSensitivity, type LossSensitivityOptions } from './channels/loss-sensitivity';
export type {
  ChannelCriterion,
  ChannelGroup,
  ChannelReader,
  ChannelSensitivity,
} from './channels/rank-units';
export type { ChannelTarget } from './channels/choose-removals';
export type { KeptChannels } from './channels/removable-groups';
export { countWork, type NodeWork, type WorkCount } from './report/count-work';
