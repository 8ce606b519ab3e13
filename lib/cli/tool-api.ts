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
import type { Quantized } from '../compress/quantize';
import type { QuantizeOptions } from '../compress/quantize-options';
import type { ModelRunner } from '../runtime/model-runner';

/** What commands use of the package. */
export interface ToolApi {
  probe(): Promise<ProbeReport>;
  buildEngine(model: string, options: BuildOptions): Promise<Engine>;
  loadEngine(path: string): Promise<Engine>;
  createSession(model: string | Uint8Array, options: SessionOptions): Promise<Session>;
  createPipeline(model: string, options: PipelineOptions): Promise<Pipeline>;
  readModelInfo(path: string): Promise<ModelInfo>;
  runBench(request: BenchRequest): Promise<BenchResult>;
  benchAgainst(request: AgainstRequest): Promise<Comparison>;
  cast(model: string, options: CastToOptions<Feeds>): Promise<CastTo>;
  quantize(model: string, options: QuantizeOptions<Feeds>): Promise<Quantized>;
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
