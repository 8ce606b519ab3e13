// SPDX-License-Identifier: Apache-2.0
/**
 * Bring ONNX models to FP16, BF16, INT8, FP8 or INT4: pure TypeScript, the same for TensorRT 10, 11 and TensorRT-RTX.
 * Models are run by a runner that the caller passes, e.g. `sessionRunner()` of the package.
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
