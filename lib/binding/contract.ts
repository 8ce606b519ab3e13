// SPDX-License-Identifier: Apache-2.0
// What the .node file exports. Names follow TensorRT's and ONNX Runtime's; friendly classes live above, in
// runtime/ and builder/. Every promise settles from a thread of the addon, never from libuv's pool.

import type { LogLine } from '../errors';
import type { NativeNumerics } from './numerics-contract';

/** ABI families of TensorRT that one binary serves. */
export type Family = 'tensorrt-10' | 'tensorrt-11' | 'tensorrt-rtx';

/** A tensor as native code reports it: dims have -1 where dynamic, dimNames the symbols ('' where none). */
export interface NativeTensorInfo {
  name: string;
  type: string;
  dims: number[];
  dimNames: string[];
  isShapeTensor: boolean;
}

/** Facts about the binary itself. */
export interface NativeBuildInfo {
  version: string;
  /** Families whose headers were there when the addon was compiled. */
  families: Family[];
  compiler: string;
}

/** What came of opening the driver and counting its devices. `'too-old'`: below what a TensorRT family needs. */
export type CudaStatus = 'ok' | 'not-found' | 'no-device' | 'too-old' | 'mismatch' | 'error';

/** A CUDA device as the driver tells it. */
export interface NativeCudaDevice {
  /** Its number: `cuda:<ordinal>`. */
  ordinal: number;
  /** Name of the GPU. */
  name: string;
  /** Its UUID, by which the driver and nvidia-smi name it. */
  uuid: string;
  /** Major * 10 + minor: 90 for Hopper. */
  computeCapability: number;
  /** Memory of the device. */
  totalMemoryBytes: number;
  /** The device is a MIG instance; its uuid begins with "MIG-". */
  isMig: boolean;
  /** The GPU shares the host's memory. */
  isIntegrated: boolean;
  /** Its address on the PCI bus: `0000:3b:00.0`. */
  pciBusId: string;
}

/** Result of opening the driver and counting its devices; `message` explains every status but 'ok'. */
export interface NativeCudaReport {
  status: CudaStatus;
  path: string;
  /** CUDA version of the driver, 13000 for 13.0; 0 if unknown. */
  driverVersion: number;
  /** CUresult of the failing call, 0 if none. */
  code: number;
  message: string;
  devices: NativeCudaDevice[];
}

/** Result of opening one candidate library. */
export interface NativeLibraryReport {
  path: string;
  /** Absent if the file could not be opened or is no TensorRT. */
  version?: number;
  family?: Family;
  /** Why it cannot be used; absent if it can. */
  reason?: string;
  /** Whether the reason is that the file is not there. */
  missing: boolean;
}

export interface NativeProfileRange {
  input: string;
  isValues: boolean;
  min: number[];
  opt: number[];
  max: number[];
}

/** Plain data, so that it travels to a child process unchanged (the byte arrays excepted). */
export interface NativeBuildRequest {
  family: Family;
  /** Paths of the builder library and of its ONNX parser. */
  library: string;
  parserLibrary: string;
  /** The driver library to ask before TensorRT is; absent: the system's libcuda.so.1. */
  driverLibrary?: string;
  /** Either a path or bytes. The bytes are copied at the call. */
  modelPath?: string;
  modelBytes?: Uint8Array;
  /** The engine is streamed to this file; absent: returned as bytes. */
  outputPath?: string;
  profiles: NativeProfileRange[][];
  workspaceBytes?: number;
  tacticSharedMemoryBytes?: number;
  optimizationLevel?: number;
  useTimingCache?: boolean;
  timingCache?: Uint8Array;
  hardwareCompatibility?: 'none' | 'ampere+' | 'same-compute-capability';
  versionCompatible?: boolean;
  excludeLeanRuntime?: boolean;
  computeCapabilities?: number[];
  profilingVerbosity?: 'layer-names-only' | 'none' | 'detailed';
  weightStreaming?: boolean;
  refit?: 'none' | 'all' | 'identical';
  stripPlan?: boolean;
  sparseWeights?: boolean;
  disableTf32?: boolean;
  maxAuxStreams?: number;
  logSeverity?: LogLine['severity'];
}

export interface NativeBuildResult {
  /** Absent if it went to outputPath. Owned by the caller. */
  engine?: Uint8Array;
  engineBytes: number;
  /** getInferLibVersion(). */
  libraryVersion: number;
  /** The same as text, "1.7.1.116" as far as the library tells. */
  libraryVersionText: string;
  inputs: NativeTensorInfo[];
  outputs: NativeTensorInfo[];
  layers: number;
  parseMs: number;
  buildMs: number;
  timingCache?: Uint8Array;
  log: LogLine[];
}

/** Progress as TensorRT's IProgressMonitor tells it; events that pile up between two turns of the loop are merged. */
export type NativeBuildEvent =
  | { kind: 'progress'; phase: string; parent: string; step: number; steps: number; finished: boolean }
  | { kind: 'log'; line: LogLine };

export interface NativeBuild {
  readonly promise: Promise<NativeBuildResult>;
  /** Asks the build to stop at its next progress event. */
  cancel(): void;
}

/** What every session is asked for. */
interface NativeSessionBase {
  contexts: number;
  maxQueue: number;
  /** Record when the stages of each run begin and end. */
  stageTimes?: boolean;
  /** False forbids ArrayBuffers over native memory, as some runtimes do; for tests of the way around. */
  externalBuffers?: boolean;
}

/** ONNX Runtime's own settings; absent ones keep its default. Two lists of one length stand for a table. */
export interface NativeOnnxRuntimeSettings {
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  executionMode?: 'sequential' | 'parallel';
  interOpNumThreads?: number;
  enableCpuMemArena?: boolean;
  enableMemPattern?: boolean;
  logId?: string;
  logSeverityLevel?: number;
  logVerbosityLevel?: number;
  optimizedModelFilePath?: string;
  freeDimensionNames?: readonly string[];
  freeDimensionSizes?: readonly number[];
  configKeys?: readonly string[];
  configValues?: readonly string[];
  externalPaths?: readonly string[];
  /** Copied before the call returns. */
  externalData?: readonly Uint8Array[];
}

/** An ONNX model on the CPU. */
export interface NativeCpuSessionRequest extends NativeSessionBase {
  backend: 'onnxruntime';
  /** Path of libonnxruntime. */
  library: string;
  modelPath?: string;
  /** Copied before the call returns. */
  modelBytes?: Uint8Array;
  intraOpNumThreads: number;
  onnxRuntime?: NativeOnnxRuntimeSettings;
  /** ONNX Runtime writes its profile to `<prefix>_<date>.json` when the session closes. */
  profileFilePrefix?: string;
}

/** A plan on a GPU. Absent options keep TensorRT's default. */
export interface NativeGpuSessionRequest extends NativeSessionBase {
  backend: 'tensorrt';
  /** libnvinfer, libtensorrt_rtx or libnvinfer_lean. */
  library: string;
  /** For refitting. */
  parserLibrary?: string;
  driverLibrary?: string;
  pluginLibraries?: readonly string[];
  device: number;
  /** Read piece by piece where the library can. */
  planPath?: string;
  /** Copied before the call returns. */
  planBytes?: Uint8Array;
  /** For version-compatible plans: they carry code of their own. */
  allowHostCode?: boolean;
  cudaGraph: 'auto' | 'on' | 'off';
  cudaGraphLimit: number;
  contextMemory: 'static' | 'on-profile-change' | 'shared';
  /** A profile for every call; absent: the one that fits. */
  profile?: number;
  streamPriority: 'low' | 'normal' | 'high';
  auxStreams: boolean;
  persistentCacheBytes?: number;
  /** -1: automatic. */
  weightStreamingBudgetBytes?: number;
  pinnedMemoryBytes?: number;
  spinWait: boolean;
  /** TensorRT-RTX: what `runtimeCache` of an earlier session gave. */
  runtimeCache?: Uint8Array;
  /** TensorRT-RTX. */
  dynamicShapeKernels?: 'lazy' | 'eager' | 'none';
}

export type NativeSessionRequest = NativeCpuSessionRequest | NativeGpuSessionRequest;

/** A tensor in a device's memory. Kept alive by its object, and by calls that use it. */
export interface NativeDeviceTensor {
  readonly type: string;
  readonly dims: number[];
  readonly bytes: number;
  /** Ordinal of the device. */
  readonly device: number;
  /** Copies to the host, on a thread of its own. Rejects with `ERR_TRT_RUN_CLOSED` after `close()`. */
  download(): Promise<ArrayBuffer>;
  /** Gives the memory back once no call uses it. Closing again does nothing. */
  close(): void;
}

/** An input of a call: an array (of strings, the packed ones), or a tensor that is on the device already. */
export type NativeInput = NativeArray | NativeDeviceTensor;

/** What a traced run shall record. */
export interface NativeTraceRequest {
  layerTimes: boolean;
  /** Names, or true for all that were marked when the engine was built. */
  debugTensors: readonly string[] | boolean;
}

/** What a traced run gives besides its outputs. */
export interface NativeTrace {
  outputs: NativeOutputs;
  layers: { layer: string; milliseconds: number }[];
  debugTensors: { name: string; type: string; dims: number[]; data: ArrayBuffer }[];
}

/** Counters of a session since it was made. */
export interface NativeCounters {
  runs: number;
  failedRuns: number;
  /** Copied by the addon from host memory to host memory. */
  hostCopiedBytes: number;
  hostToDeviceBytes: number;
  deviceToHostBytes: number;
  graphCaptures: number;
  graphLaunches: number;
  graphEvictions: number;
  /** Page-locked memory in use and kept. */
  pinnedBytes: number;
  /** Device memory of tensors and scratch (the plan and TensorRT's own not among it). */
  deviceBytes: number;
}

/** Questions about an engine, answered by a context's thread. */
export type NativeQuery = 'inspector' | 'statistics' | 'runtime-cache';

/** An array whose memory native code reads or writes. */
export type NativeArray = Exclude<NodeJS.TypedArray, Uint8ClampedArray>;

/** Dimensions of each input, in the model's order; null where the model fixes them. */
export type NativeDims = readonly (readonly number[] | null)[] | null;

/**
 * Where an output goes: into this array, into host memory that the runtime allocates (null), into device memory that
 * it allocates ('device'), or nowhere (undefined).
 */
export type NativeTarget = NativeArray | 'device' | null | undefined;

/** The outputs that the runtime allocated, in the model's order; undefined for the others. Strings come packed. */
export type NativeOutputs = readonly ([data: ArrayBuffer, dims: number[]] | NativeDeviceTensor | undefined)[];

/** Calls that have ended since the last time: ticket, error or undefined, result, and again. */
export type NativeFinished = unknown[];

/**
 * A loaded model with its threads. Every asynchronous member takes a ticket, a number that comes back in
 * `onFinished` when the work has ended; all work that ended between two turns of the event loop comes in one call.
 */
export interface NativeSession {
  readonly inputs: NativeTensorInfo[];
  readonly outputs: NativeTensorInfo[];
  /** Version of the runtime, "1.30.0". */
  readonly libraryVersion: string;
  /** TensorRT: ranges of each input in each profile, [profile][input]; absent on the CPU. */
  readonly profiles?: NativeInputRange[][];
  /** TensorRT: tensors that were marked for debugging when the engine was built; absent on the CPU. */
  readonly debugTensors?: string[];
  /**
   * Queues an inference. The inputs are copied before it returns; `targets` must stay reachable and unseen until
   * the ticket comes back, with {@link NativeOutputs} as result. Throws when the queue is full.
   */
  submit(
    ticket: number,
    inputs: readonly NativeInput[],
    dims: NativeDims,
    targets: readonly NativeTarget[],
  ): void;
  /** As submit; all targets are null or undefined, the result is a {@link NativeTrace}. */
  submitTraced(
    ticket: number,
    inputs: readonly NativeInput[],
    dims: NativeDims,
    targets: readonly NativeTarget[],
    trace: NativeTraceRequest,
  ): void;
  /** Runs on the calling thread, before the calls that wait. */
  runSync(inputs: readonly NativeInput[], dims: NativeDims, targets: readonly NativeTarget[]): NativeOutputs;
  /** Takes a waiting call back; false if it runs or has run. A withdrawn ticket does not come back. */
  withdraw(ticket: number): boolean;
  /**
   * Queues the making of a binding; the result is a {@link NativeBinding}. `places`, one for each input and then for
   * each output: a device tensor that is an input, an array whose content the input starts with (shape tensors need
   * one), 'device' for an output that stays on the device; null for host memory. Null instead of the list: all null.
   */
  bind(ticket: number, dims: NativeDims, places: readonly (NativeInput | 'device' | null)[] | null): void;
  /** Queues a question. The result is a string of JSON ('inspector'), numbers by name, or bytes ('runtime-cache'). */
  query(ticket: number, what: NativeQuery): void;
  /** Queues new weights; runs when no other call does. The bytes are copied before it returns. */
  refit(ticket: number, model: { modelPath?: string; modelBytes?: Uint8Array }): void;
  /** TensorRT only; at once. */
  counters(): NativeCounters;
  /** TensorRT only; at once: shapes that do not run as a CUDA graph, and why. */
  graphFailures(): { shapes: string; reason: string }[];
  /**
   * What `stageTimes` recorded since the last call of this, oldest first, and what was dropped since. Rows of
   * STAGE_COLUMNS in milliseconds of CLOCK_MONOTONIC; null where the session does not record. At once, also after close.
   */
  takeStageTimes(): { rows: Float64Array; dropped: number } | null;
  /** Rejects waiting calls; the ticket comes back when the running ones have ended and the model is released. */
  close(ticket: number): void;
}

/** Range of an input in a profile; `isValues`: of the values of a shape tensor, else of its dimensions. */
export interface NativeInputRange {
  isValues: boolean;
  min: number[];
  opt: number[];
  max: number[];
}

/** Inputs and outputs at fixed places in native memory. */
export interface NativeBinding {
  /** Null for those on the device. */
  readonly inputs: (ArrayBuffer | null)[];
  /** A device tensor for those on the device. Sized for the most that an output can be. */
  readonly outputs: (ArrayBuffer | NativeDeviceTensor)[];
  /** -1 where only a run can tell. */
  readonly outputDims: number[][];
  /** False where {@link NativeBinding.collect} never has anything to do; absent counts as true. */
  readonly collects?: boolean;
  submit(ticket: number): void;
  /** Throws `ERR_TRT_RUN_BUSY` while a run of this binding is queued or in progress. */
  runSync(): void;
  /**
   * To be called after each `submit` that ended: copies the outputs where external buffers are refused. Gives the dims
   * that the run made where `outputDims` has a -1 in it, else null.
   */
  collect(): number[][] | null;
  /** Detaches the arrays. Their memory goes when no run and no array uses it any more. */
  close(): void;
}

/** A chain of operators. Values are numbered: the inputs first, then what the steps make. */
export interface NativeChainRequest {
  values: readonly { type: string; dims: readonly number[] }[];
  /** So many values, from the first, are inputs. */
  inputs: number;
  steps: readonly {
    operator: string;
    attributes: Readonly<Record<string, number | boolean | string | readonly number[]>>;
    inputs: readonly number[];
    outputs: readonly number[];
  }[];
  outputs: readonly number[];
  /** On the CPU; 0: one for each core. */
  threads: number;
  /** Absent: the CPU or, for `NativeOperators.prepare()`, where the device tensors are. */
  device?: number;
  driverLibrary?: string;
  cudaGraph?: 'auto' | 'on' | 'off';
}

/** Where an output of a chain goes: into an array, a device tensor, new host memory (null) or new device memory. */
export type NativeOperatorTarget = NativeArray | NativeDeviceTensor | 'device' | null;

/** Results of operators that have new memory; holes for those that went where the caller said. */
export type NativeOperatorOutputs = readonly (ArrayBuffer | NativeDeviceTensor | undefined)[];

/** Numbers of a chain since it was made. */
export interface NativeChainStatistics {
  runs: number;
  graphCaptures: number;
  graphLaunches: number;
  /** Memory for intermediate values, of one run at a time. */
  memoryBytes: number;
  /** Why the chain does not run as a CUDA graph, '' if there is no reason. */
  graphRefusal: string;
}

/** Operators over fixed shapes. */
export interface NativeChain {
  /** As `NativeOperators.run()`. */
  run(ticket: number, inputs: readonly NativeInput[], targets: readonly NativeOperatorTarget[]): void;
  statistics(): NativeChainStatistics;
  /** Gives the memory back; to be called when no run is in flight. Later runs throw `ERR_TRT_RUN_CLOSED`. */
  close(ticket: number): void;
}

/** The operators of one environment. Tickets as for sessions. */
export interface NativeOperators {
  /** Keeps a chain for {@link NativeOperators.run}, and gives its number. Its operators are made when it runs. */
  prepare(request: NativeChainRequest): number;
  /** Lets go of a prepared chain; calls of it that wait or run are not touched. */
  forget(prepared: number): void;
  /**
   * Runs a prepared chain once. Arrays must stay reachable until the ticket comes back, with
   * {@link NativeOperatorOutputs} as result. They are used in place where their memory is shared or the addon's, else
   * copied. Throws for arrays that overlap.
   */
  run(
    ticket: number,
    prepared: number,
    inputs: readonly NativeInput[],
    targets: readonly NativeOperatorTarget[],
  ): void;
  /** Takes a waiting call back, of a chain too; false if it runs or has run. A withdrawn ticket does not come back. */
  withdraw(ticket: number): boolean;
  /** The result is a {@link NativeChain}. */
  createChain(ticket: number, request: NativeChainRequest): void;
}

/** What is asked of a GPU's sensors. */
export interface NativeGpuMonitorRequest {
  /** As the CUDA driver tells them; either may be ''. */
  uuid: string;
  pciBusId: string;
  /** Absent: the system's libnvidia-ml.so.1. */
  library?: string;
  intervalMs: number;
}

/** Columns of samples by the name of their sensor; absent for a sensor that the device has not. */
export type NativeGpuColumns = Partial<
  Record<
    | 'powerW'
    | 'energyJoules'
    | 'smClockMhz'
    | 'memoryClockMhz'
    | 'temperatureC'
    | 'utilizationPercent'
    | 'throttleReasons'
    | 'memoryUsedBytes',
    Float64Array
  >
>;

/** What was sampled, copied. */
export interface NativeGpuReadings {
  intervalMs: number;
  /** Milliseconds of the monotonic clock, as `process.hrtime()` tells it. */
  timeMs: Float64Array;
  columns: NativeGpuColumns;
  energySource?: 'counter' | 'power';
  maxSmClockMhz?: number;
  maxMemoryClockMhz?: number;
  /** Sensor -> the driver's reason. */
  missing: Record<string, string>;
  /** Why sampling ended by itself. */
  endedBy?: string;
}

/** A thread that samples. Ends when it is stopped or collected. */
export interface NativeGpuMonitor {
  readonly name: string;
  readonly uuid: string;
  readonly driver: string;
  readonly isMig: boolean;
  read(): NativeGpuReadings;
  /** Takes a last sample and joins the thread, on another one. */
  stop(): Promise<NativeGpuReadings>;
}

/** A JPEG file to decode on a device. */
export interface NativeJpegRequest {
  driverLibrary?: string;
  device: number;
  /** Paths of nvJPEG libraries, or bare names for the loader: the first that works is used. */
  libraries: readonly string[];
  data: Uint8Array;
  maxPixels: number;
}

/** The exports of the .node file. Native errors carry `code`, `where`, `details` and `log`. */
export interface NativeAddon {
  readonly buildInfo: NativeBuildInfo;
  /** Opens libcuda (or `path`) and asks for devices. Never rejects: what is missing is in the report. */
  probeCuda(path?: string): Promise<NativeCudaReport>;
  /** Opens a library, asks getInferLibVersion() and closes it again where nothing keeps it. Never rejects. */
  probeTensorRt(path: string): Promise<NativeLibraryReport>;
  /**
   * Ends the work in flight and waits for its threads. For the moment before the process exits: native libraries tear
   * themselves down then, and a thread inside one would crash.
   */
  shutdown(): void;
  /** Builds on a thread of its own. */
  build(request: NativeBuildRequest, onEvents: (events: NativeBuildEvent[]) => void): NativeBuild;
  /** Opens a libonnxruntime and asks for its version; it stays open. Never rejects. */
  probeOnnxRuntime(path: string): Promise<{ version?: string; reason?: string }>;
  /** Loads a model on a thread of its own. */
  createSession(
    request: NativeSessionRequest,
    onFinished: (finished: NativeFinished) => void,
  ): Promise<NativeSession>;
  /** Copies an array to a device, on a thread of its own; the array is copied before the call returns. */
  uploadTensor(request: {
    driverLibrary?: string;
    device: number;
    type: string;
    dims: readonly number[];
    data: NativeArray;
  }): Promise<NativeDeviceTensor>;
  /** Free and total memory of a device, in bytes. Makes its context for the time of the call. */
  deviceMemory(device: number, driverLibrary?: string): Promise<{ free: number; total: number }>;
  /**
   * Decodes a JPEG file with nvJPEG on a thread of its own, to uint8 [height, width, 3]. `data` is read until the promise
   * settles; nobody may write it meanwhile.
   */
  decodeJpeg(request: NativeJpegRequest): Promise<NativeDeviceTensor>;
  /** Dense linear algebra and clustering. */
  readonly numerics: NativeNumerics;
  /** The operators of this environment; called once in each. */
  openOperators(onFinished: (finished: NativeFinished) => void): NativeOperators;
  /** Opens NVML and starts to sample; the first sample is taken when it resolves. */
  openGpuMonitor(request: NativeGpuMonitorRequest): Promise<NativeGpuMonitor>;
}
