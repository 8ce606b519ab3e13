// SPDX-License-Identifier: Apache-2.0
// The functions of the package that commands call, behind one interface: unit tests put fakes here, and nothing of
// the package is loaded before a command needs it.

import type { Engine } from '../runtime/engine';
import type { ProbeReport } from '../runtime/probe-report';
import type { BuildOptions } from '../builder/build-options';
import type { Session } from '../runtime/session';
import type { SessionOptions } from '../session/create-session';
import type { ModelInfo } from '../onnx';
import type { BenchRequest } from '../bench/bench-request';
import type { AgainstRequest } from '../bench/compare/against';
import type { Comparison } from '../bench/compare/comparison';
import type { BenchResult } from '../bench/result';
import type {
  DataFiles,
  EvaluateOptions,
  Evaluation,
  InputFiles,
  ValidateOptions,
  Validation,
} from '../evaluate';
import type { Pipeline, PipelineOptions } from '../pipeline';
import type { Feeds } from '../runtime/feeds';
import type { TensorRanges } from '../compress/calibrate/choose-ranges';
import type { CastTo, CastToOptions } from '../compress/cast';
import type { Compressed, CompressOptions } from '../compress/compress';
import type { Distilled, DistillOptions, MakeStudent } from '../compress/distill';
import type { SoftLabelOptions, SoftLabels } from '../compress/distill/soft-labels';
import type { TrainingData } from '../compress/train/training-data';
import type { Clustered, ClusterOptions } from '../compress/cluster';
import type { CompressionFacts, CompressionMeasures } from '../compress/report/measure-compression';
import type { LatencyOptions } from '../compress/report/measure-latency';
import type { CompactFile } from '../compress/cluster/compact-file';
import type { Factorized, FactorizeOptions } from '../compress/factorize';
import type { Pruned, PruneOptions } from '../compress/prune';
import type { ModelSource, OnnxModel } from '../onnx/graph/onnx-model';
import type { Quantized } from '../compress/quantize';
import type { QuantizeOptions } from '../compress/quantize-options';
import type { LossSensitivityOptions } from '../compress/channels/loss-sensitivity';
import type { PruneChannelsOptions } from '../compress/channels/prune-channels-options';
import type { ChannelSensitivity } from '../compress/channels/rank-units';
import type { PrunedChannels } from '../compress/prune-channels';
import type { CompressionTrial } from '../compress/search/trial';
import type { Numerics } from '../numerics/numerics';
import type { ModelRunner } from '../runtime/model-runner';
import type { ModelTrainer } from '../session/session-trainer';

/** What commands use of the package. */
export interface ToolApi {
  probe(): Promise<ProbeReport>;
  buildEngine(model: string | Uint8Array, options: BuildOptions): Promise<Engine>;
  loadEngine(path: string): Promise<Engine>;
  createSession(model: string | Uint8Array, options: SessionOptions): Promise<Session>;
  createPipeline(model: string, options: PipelineOptions): Promise<Pipeline>;
  readModelInfo(path: string): Promise<ModelInfo>;
  runBench(request: BenchRequest): Promise<BenchResult>;
  benchAgainst(request: AgainstRequest): Promise<Comparison>;
  cast(model: string, options: CastToOptions<Feeds>): Promise<CastTo>;
  quantize(model: string, options: QuantizeOptions<Feeds>): Promise<Quantized>;
  cluster(model: string, options: ClusterOptions<Feeds>): Promise<Clustered>;
  saveCompact(model: OnnxModel, path: string): Promise<CompactFile>;
  loadCompact(path: string): Promise<OnnxModel>;
  measureCompression(
    source: string,
    compressed: string,
    measures: CompressionMeasures<Evaluation>,
  ): Promise<CompressionFacts<Evaluation>>;
  measureLatency(
    models: readonly [ModelSource, ModelSource],
    options: LatencyOptions<Feeds>,
  ): Promise<readonly [number, number]>;
  factorize(model: string, options: FactorizeOptions<Feeds>): Promise<Factorized>;
  prune(model: string, options: PruneOptions<Feeds>): Promise<Pruned>;
  pruneChannels(model: string | OnnxModel, options: PruneChannelsOptions<Feeds>): Promise<PrunedChannels>;
  lossSensitivity(data: TrainingData, options: LossSensitivityOptions): Promise<ChannelSensitivity>;
  compress(model: string, options: CompressOptions<Feeds>): Promise<Compressed>;
  drawPareto(
    trials: readonly CompressionTrial[],
    source: CompressionTrial,
    chosen: CompressionTrial,
  ): Promise<string>;
  nativeNumerics(): Promise<Numerics>;
  distill(
    teacher: string,
    student: string | MakeStudent,
    data: TrainingData,
    options: DistillOptions,
  ): Promise<Distilled>;
  writeSoftLabels(
    path: string,
    request: {
      readonly teacher: string;
      readonly inputs: TrainingData['inputs'];
      readonly options: SoftLabelOptions;
    },
  ): Promise<SoftLabels>;
  sessionTrainer(options: SessionOptions): Promise<ModelTrainer>;
  writeCalibrationCache(ranges: TensorRanges): Promise<string>;
  sessionRunner(options: SessionOptions): Promise<ModelRunner>;
  openInputs(files: InputFiles): Promise<() => AsyncIterable<Feeds>>;
  evaluate(model: string | Uint8Array, data: DataFiles, options: EvaluateOptions): Promise<Evaluation>;
  validate(candidate: string, source: string, options: ValidateOptions): Promise<Validation>;
}

/** The real functions, each loaded at its first call. */
export function createToolApi(): ToolApi {
  return {
    // In a child process: opening whatever libraries a machine has may end a process.
    probe: async () => (await import('../index.js')).probe({ isolated: true }),
    buildEngine: async (model, options) => (await import('../index.js')).buildEngine(model, options),
    loadEngine: async (path) => (await import('../index.js')).loadEngine(path),
    createSession: async (model, options) => (await import('../index.js')).createSession(model, options),
    createPipeline: async (model, options) =>
      (await import('../pipeline/index.js')).createPipeline(model, options),
    readModelInfo: async (path) => (await import('../onnx/reader.js')).readModelInfo(path),
    runBench: async (request) => (await import('../bench/index.js')).runBench(request),
    benchAgainst: async (request) => (await import('../bench/compare/index.js')).benchAgainst(request),
    cast: async (model, options) => (await import('../compress/index.js')).cast(model, options),
    quantize: async (model, options) => (await import('../compress/index.js')).quantize(model, options),
    cluster: async (model, options) => (await import('../compress/index.js')).cluster(model, options),
    saveCompact: async (model, path) => (await import('../compress/index.js')).saveCompact(model, path),
    loadCompact: async (path) => (await import('../compress/index.js')).loadCompact(path),
    measureCompression: async (source, compressed, measures) =>
      (await import('../compress/index.js')).measureCompression(source, compressed, measures),
    measureLatency: async (models, options) =>
      (await import('../compress/index.js')).measureLatency(models, options),
    factorize: async (model, options) => (await import('../compress/index.js')).factorize(model, options),
    prune: async (model, options) => (await import('../compress/index.js')).prune(model, options),
    pruneChannels: async (model, options) =>
      (await import('../compress/index.js')).pruneChannels(model, options),
    lossSensitivity: async (data, options) =>
      (await import('../compress/index.js')).lossSensitivity(data, options),
    compress: async (model, options) => (await import('../compress/index.js')).compress(model, options),
    drawPareto: async (trials, source, chosen) =>
      (await import('../compress/index.js')).drawPareto(trials, source, chosen),
    nativeNumerics: async () => (await import('../index.js')).nativeNumerics(),
    distill: async (teacher, student, data, options) =>
      (await import('../compress/index.js')).distill(teacher, student, data, options),
    writeSoftLabels: async (path, { teacher, inputs, options }) => {
      const compress = await import('../compress/index.js');
      const labels = await compress.softLabels(teacher, inputs, options);
      await compress.writeSoftLabels(path, labels);
      return labels;
    },
    sessionTrainer: async (options) => (await import('../index.js')).sessionTrainer(options),
    writeCalibrationCache: async (ranges) =>
      (await import('../compress/index.js')).writeCalibrationCache(ranges),
    sessionRunner: async (options) => (await import('../index.js')).sessionRunner(options),
    openInputs: async (files) => (await import('../evaluate/index.js')).openInputs(files),
    evaluate: async (model, data, options) =>
      (await import('../evaluate/index.js')).evaluate(model, data, options),
    validate: async (candidate, source, options) =>
      (await import('../evaluate/index.js')).validate(candidate, source, options),
  };
}
