// SPDX-License-Identifier: Apache-2.0
// TensorRT takes precision from the graph alone: a model that is in another one than was asked for is rewritten before
// the build, the same for every family.

import { availableParallelism } from 'node:os';

import type { QuantizeOptions } from '../compress/quantize-options';
import type { QuantizationReport } from '../compress/quantize-report';
import type { FeedSource } from '../compress/runner';
import { TensorRTError } from '../errors';
import type { ModelInfo } from '../onnx';
import type { OnnxModel } from '../onnx/graph/onnx-model';
import { CpuBackend } from '../runtime/cpu-backend';
import { digestText } from '../runtime/digest';
import type { Feeds } from '../runtime/feeds';
import type { PrecisionRewrite } from '../runtime/manifest';
import { runnerOver, type ModelRunner } from '../runtime/model-runner';
import { openSession } from '../runtime/session';
import type { BuildSettings } from './build-options';
import { calibrationPath, findCalibration, keepCalibration } from './calibration-store';
import { digestModel, type ModelDigest } from './model-digest';
import { checkPrecision, takePrecisionCensus, type Precision } from './precision-checks';

/** A model in the precision that was asked for. */
export interface RewrittenModel {
  readonly model: OnnxModel;
  /** For the manifest. */
  readonly rewrite: PrecisionRewrite;
  /** Content of the model that it was made from. */
  readonly source: ModelDigest;
  readonly warnings: readonly string[];
}

/** What a rewrite starts from. */
export interface RewriteRequest {
  readonly model: string | Uint8Array;
  readonly info: ModelInfo;
  readonly settings: BuildSettings;
}

/**
 * Rewrites a model to the precision that was asked for.
 *
 * @returns null where the model is built as it is: it was not asked for, or the graph is in that precision already
 * @throws {TensorRTError} what `cast` and `quantize` throw
 */
export async function rewritePrecision(request: RewriteRequest): Promise<RewrittenModel | null> {
  const { precision } = request.settings;
  if (precision === 'model' || precision === 'fp32') return null;
  if (takePrecisionCensus(request.info).dominant === precision) return null;
  return precision === 'fp16' || precision === 'bf16'
    ? castForBuild(request, precision)
    : quantizeForBuild(request, precision);
}

/**
 * Checks that a model is in the precision that was asked for, or in FP32, from which it is rewritten.
 *
 * @throws {TensorRTError} ERR_TRT_BUILD_PRECISION
 */
export function checkCanRewrite(info: ModelInfo, precision: Precision): void {
  const { dominant } = takePrecisionCensus(info);
  if (precision === 'fp32' || precision === 'model' || dominant === precision)
    checkPrecision(info, precision);
  else if (dominant !== 'fp32') throw notFloat(precision, dominant);
}

async function load({ model, settings }: RewriteRequest): Promise<OnnxModel> {
  const { loadModel } = await import('../onnx/graph/onnx-model.js');
  const { externalData } = settings;
  return loadModel(model, externalData === undefined ? {} : { externalData });
}

async function castForBuild(request: RewriteRequest, to: 'fp16' | 'bf16'): Promise<RewrittenModel> {
  const { cast } = await import('../compress/cast.js');
  const { calibration, quantization, signal } = request.settings;
  const { model, report } = await cast<Feeds>(await load(request), {
    to,
    ...(quantization?.exclude === undefined ? {} : { exclude: quantization.exclude }),
    ...(signal === undefined ? {} : { signal }),
    ...(calibration === undefined ? {} : { calibration, runner: cpuRunner() }),
  });
  const { reduced, kept, score } = report;
  return {
    model,
    source: await sourceDigest(request),
    rewrite: {
      precision: to,
      rest: 'fp32',
      calibration: null,
      score: score ?? null,
      bound: null,
      method: null,
      equalization: null,
      changedNodes: reduced,
      keptNodes: kept.map(({ node, reason }) => ({ node, reason })),
    },
    warnings: [],
  };
}

async function quantizeForBuild(
  request: RewriteRequest,
  type: 'int8' | 'fp8' | 'int4',
): Promise<RewrittenModel> {
  const { calibration } = request.settings;
  const options = quantizeOptions(request.settings, type);
  const source = await sourceDigest(request);
  if (calibration === undefined) {
    const { quantize } = await import('../compress/quantize.js');
    const { model, report } = await quantize<Feeds>(await load(request), options);
    return { model, source, rewrite: rewriteOf(report, null), warnings: report.warnings };
  }
  const { openFeeds } = await import('../compress/calibrate/feed-source.js');
  const feeds = await openFeeds(calibration);
  try {
    return await calibrateForBuild(request, { options, source, feeds });
  } finally {
    await feeds.close();
  }
}

interface CalibratedRequest {
  readonly options: QuantizeOptions<Feeds>;
  readonly source: ModelDigest;
  readonly feeds: FeedSource<Feeds>;
}

/** What an earlier build of the same decided is used again; nothing is run then. */
async function calibrateForBuild(
  request: RewriteRequest,
  { options, source, feeds }: CalibratedRequest,
): Promise<RewrittenModel> {
  const { quantize } = await import('../compress/quantize.js');
  const { digestFeeds } = await import('../compress/calibrate/digest-feeds.js');
  const { settings } = request;
  const key = {
    modelDigest: digestText(JSON.stringify([source.sha256, source.externalFiles])),
    dataDigest: await digestFeeds(feeds),
    options: describeOptions(options),
  };
  const path = calibrationPath(settings, key);
  const kept = path === null || !canReplay(options) ? undefined : await findCalibration(path, key);
  const how =
    kept === undefined ? { calibration: feeds, runner: cpuRunner() } : { decisions: kept.decisions };
  const { model, report } = await quantize<Feeds>(await load(request), { ...options, ...how });
  const { decisions } = report;
  const score = report.score ?? kept?.score;
  const warnings = kept?.warnings ?? report.warnings;
  if (path !== null && kept === undefined)
    await keepCalibration(path, { ...key, decisions, warnings, ...(score === undefined ? {} : { score }) });
  const record = { sha256: key.dataDigest, runs: feeds.count, reused: kept !== undefined };
  return {
    model,
    source,
    rewrite: rewriteOf({ ...report, ...(score === undefined ? {} : { score }) }, record),
    warnings,
  };
}

function quantizeOptions(
  { quantization = {}, maxDrop, signal }: BuildSettings,
  type: 'int8' | 'fp8' | 'int4',
): QuantizeOptions<Feeds> {
  const bound = maxDrop === undefined ? quantization.bound : { ...quantization.bound, maxDrop };
  return {
    ...quantization,
    type,
    ...(bound === undefined ? {} : { bound }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Rounding by data and corrected biases are in the weights, which a table does not hold. A score is a function. */
function canReplay({ rounding = 'nearest', biasCorrection = false, bound }: QuantizeOptions<Feeds>): boolean {
  const isByWeights = rounding === 'nearest' || rounding === 'mse';
  return isByWeights && !biasCorrection && bound?.score === undefined;
}

/** The same options give the same text, in whichever order they are written. */
function describeOptions({ signal: _, ...options }: QuantizeOptions<Feeds>): string {
  const plain = (_key: string, value: unknown) => (value instanceof RegExp ? String(value) : value);
  const entries = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(entries), plain);
}

function rewriteOf(
  report: QuantizationReport,
  calibration: PrecisionRewrite['calibration'],
): PrecisionRewrite {
  const { type, rest, decisions, score, quantized, kept, keptForBound } = report;
  return {
    precision: type,
    rest,
    calibration,
    score: score ?? null,
    bound: report.bound ?? null,
    method: decisions.method,
    equalization: decisions.exponent,
    changedNodes: quantized.length,
    keptNodes: kept.map(({ node, reason }) => ({
      node,
      reason: keptForBound.find((one) => one.node === node)?.reason ?? reason,
    })),
  };
}

async function sourceDigest({ model, info, settings }: RewriteRequest): Promise<ModelDigest> {
  const { externalData, signal } = settings;
  return digestModel({ model, externalFiles: info.externalFiles, externalData }, signal);
}

/** Calibration runs on the CPU: its numbers are the same on every machine, and the build's GPU stays free. */
function cpuRunner(): ModelRunner {
  const settings = { contexts: 1, intraOpNumThreads: availableParallelism(), maxQueue: 16 };
  return runnerOver((model) => openSession(new CpuBackend({ model, ...settings })));
}

function notFloat(precision: string, dominant: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_BUILD_PRECISION',
    `The precision "${precision}" was asked for, but the graph is "${dominant}" already: only a model in fp32 is rewritten.`,
    {
      hint: "Start from the FP32 model, or leave `precision` at 'model'.",
      details: { asked: precision, dominant },
    },
  );
}
