// SPDX-License-Identifier: Apache-2.0
/**
 * Build TensorRT engines from ONNX models and run them, from Node.js.
 *
 * Importing this opens no native library and loads no ONNX reader: each function loads what it needs when it is called.
 *
 * @packageDocumentation
 */
export { TensorRTError, errorCodes, isErrorCode } from './errors';
export type { LogLine, TensorRTErrorCode, TensorRTErrorOptions } from './errors';
export type { AddonFailureCause, AddonOrigin } from './binding/load-failure';
export type { CudaStatus, Family, NativeCudaDevice as CudaDevice } from './binding/contract';
export { buildEngine } from './builder/build-engine';
export type { BuildOptions, BuildProgress, BuildQuantization } from './builder/build-engine';
export type { DynamicAxes } from './builder/dynamic-axes';
export type { Precision } from './builder/precision-checks';
export type { InputRange, ProfileSpec, ShapeRange, ValuesRange } from './builder/profiles';
export type { BackendName } from './runtime/backend';
export { Engine } from './runtime/engine';
export type { EngineReport } from './runtime/engine';
export type { BindingOptions, BindingShapes } from './runtime/binding-request';
export type { CallOptions } from './runtime/call-options';
export { deviceMemory, uploadTensor } from './runtime/device-memory';
export type { DeviceMemory } from './runtime/device-memory';
export { DeviceTensor } from './runtime/device-tensor';
export type { SessionStatistics } from './runtime/engine-queries';
export type { Feeds } from './runtime/feeds';
export type { GpuName } from './runtime/gpu-device';
export { monitorGpu } from './runtime/gpu-monitor';
export type { GpuMonitor, GpuMonitorOptions } from './runtime/gpu-monitor';
export type { GpuReadings, GpuSamples } from './runtime/gpu-readings';
export { IoBinding } from './runtime/io-binding';
export type { OnnxRuntimeOptions } from './runtime/onnx-runtime-options';
export { loadEngine } from './runtime/load-engine';
export type { LoadOptions } from './runtime/load-engine';
export type {
  EngineProfile,
  EngineRange,
  FileDigest,
  Manifest,
  MinOptMax,
  PrecisionRewrite,
} from './runtime/manifest';
export { readPlanHeader } from './runtime/plan-header';
export type { PlanHeader } from './runtime/plan-header';
export { probe } from './runtime/probe';
export type {
  AddonReport,
  CpuReport,
  CudaReport,
  ProbeOptions,
  ProbeReport,
  TensorRtReport,
} from './runtime/probe';
export type { TriedPath } from './runtime/locate-tensorrt';
export type { RuntimeChoice } from './runtime/select-library';
export { Session } from './runtime/session';
export type { RunOptions } from './runtime/session';
export type { OutputOptions } from './runtime/session-outputs';
export type { AnyArrays, DeviceOutputs, NamedArrays, Placed, RunOutputs } from './runtime/output-types';
export { STAGE_COLUMNS } from './runtime/stage-times';
export type { StageTimes } from './runtime/stage-times';
export { Tensor } from './runtime/tensor';
export type { StringData, StringTensorLike, TensorData, TensorLike } from './runtime/tensor';
export type { RunTrace, TraceOptions } from './runtime/trace';
export { nativeNumerics } from './runtime/native-numerics';
export type { Clusters, KMeansOptions, Numerics, ProductShape, SingularValues } from './numerics/numerics';
export { throttleReasonNames } from './runtime/throttle-reasons';
export { createSession } from './session/create-session';
export type { SessionOptions } from './session/create-session';
export { sessionRunner } from './session/session-runner';
export type { ModelRunner } from './session/session-runner';
export { sessionTrainer } from './session/session-trainer';
export type { ModelTrainer, ModelTrainerSession } from './session/session-trainer';
export { ELEMENT_TYPES } from './tensor/element-type';
export type { ElementType } from './tensor/element-type';
export type { Dimension, TensorInfo } from './tensor/tensor-info';
