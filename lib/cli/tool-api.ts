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
import type { Feeds } from '../runtime/feeds';
import type {
  PreparedModel,
  PreparedPrecision,
  PreparePrecisionOptions,
} from '../compress/prepare-precision';

/** What commands use of the package. */
export interface ToolApi {
  probe(): Promise<ProbeReport>;
  buildEngine(model: string, options: BuildOptions): Promise<Engine>;
  loadEngine(path: string): Promise<Engine>;
  createSession(model: string | Uint8Array, options: SessionOptions): Promise<Session>;
  readModelInfo(path: string): Promise<ModelInfo>;
  runBench(request: BenchRequest): Promise<BenchResult>;
  benchAgainst(request: AgainstRequest): Promise<Comparison>;
  preparePrecision(
    model: string,
    precision: PreparedPrecision,
    options: PreparePrecisionOptions<Feeds>,
  ): Promise<PreparedModel>;
}

/** The real functions, each loaded at its first call. */
export function createToolApi(): ToolApi {
  return {
    // In a child process: opening whatever libraries a machine has may end a process.
    probe: async () => (await import('../index.js')).probe({ isolated: true }),
    buildEngine: async (model, options) => (await import('../index.js')).buildEngine(model, options),
    loadEngine: async (path) => (await import('../index.js')).loadEngine(path),
    createSession: async (model, options) => (await import('../index.js')).createSession(model, options),
    readModelInfo: async (path) => (await import('../onnx/index.js')).readModelInfo(path),
    runBench: async (request) => (await import('../bench/index.js')).runBench(request),
    benchAgainst: async (request) => (await import('../bench/compare/index.js')).benchAgainst(request),
    preparePrecision: async (model, precision, options) =>
      (await import('../compress/prepare-precision.js')).preparePrecision(model, precision, options),
  };
}
