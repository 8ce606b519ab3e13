// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { TensorRTError } from '../errors';
import { readModelInfo } from '../onnx';
import { GraphScope } from '../onnx/graph/graph-scope';
import { loadModel, type OnnxModel } from '../onnx/graph/onnx-model';
import { castModel } from '../onnx/passes/cast-model';
import type { CalibrationMethod } from './calibrate/amplitude';
import { collectRanges } from './calibrate/collect-ranges';
import { listCalibrationTensors, quantizeModel } from './quantize/quantize-model';
import type { Runner } from './runner';

/** Precisions that a model can be rewritten to. `'fp32'` leaves it as it is. */
export type PreparedPrecision = 'fp32' | 'fp16' | 'bf16' | 'int8';

/** What `preparePrecision` needs to know of real data. */
export interface PreparePrecisionOptions<Feeds> {
  /**
   * Inputs to calibrate on, each the feeds of one run. `'int8'` needs them: some dozens of typical ones. `'fp16'` uses
   * the first few, if there are any, to keep tensors out of FP16 that come near the end of its range.
   */
  readonly feeds?: readonly Feeds[];
  /** Runs the model; the feeds are passed on as they are. */
  readonly runner?: Runner<Feeds>;
  /** How INT8 ranges are chosen. Default `'mse'`. */
  readonly method?: CalibrationMethod;
}

/** What was done to the model. */
export interface PrecisionReport {
  readonly precision: PreparedPrecision;
  /** False if the bytes are those of the source. */
  readonly changed: boolean;
  /** Nodes that compute in the new precision. */
  readonly reducedNodes: number;
  /** Nodes that could have and do not, with the reason of each. */
  readonly keptNodes: readonly { readonly node: string; readonly op: string; readonly reason: string }[];
  /**
   * Runs of data that ranges were taken from. A graph does not tell how large activations become: without data, one of
   * FP16 can overflow.
   */
  readonly dataRuns?: number;
}

/** A model in the precision that was asked for. */
export interface PreparedModel {
  readonly bytes: Uint8Array;
  readonly report: PrecisionReport;
}

/**
 * Rewrites an FP32 model so that its graph is in another precision, which is where TensorRT takes it from. Inputs and
 * outputs keep their names and types; external weights are put into the bytes.
 *
 * @throws {TensorRTError} ERR_TRT_BUILD_PRECISION for a model that is not in FP32, or of which less than half can be
 * changed (for `'int8'`: nothing); ERR_TRT_ARG_VALUE for `'int8'` without data, or a result of 2 GB;
 * ERR_TRT_ONNX_UNSUPPORTED_OPERATOR; and what loading the model throws
 */
export async function preparePrecision<Feeds>(
  source: string | Uint8Array,
  precision: PreparedPrecision,
  options: PreparePrecisionOptions<Feeds> = {},
): Promise<PreparedModel> {
  const hasExternalData = await checkIsFloat(source, precision);
  if (precision === 'fp32') return unchanged(source, hasExternalData);
  const model = await loadModel(source);
  return precision === 'int8' ? prepareInt8(model, options) : prepareHalf(model, precision, options);
}

async function unchanged(source: string | Uint8Array, hasExternalData: boolean): Promise<PreparedModel> {
  const report: PrecisionReport = { precision: 'fp32', changed: false, reducedNodes: 0, keptNodes: [] };
  if (typeof source !== 'string') return { bytes: source, report };
  const bytes = hasExternalData ? (await loadModel(source)).toBytes() : await readFile(source);
  return { bytes, report };
}

async function prepareInt8<Feeds>(
  model: OnnxModel,
  { feeds = [], runner, method }: PreparePrecisionOptions<Feeds>,
): Promise<PreparedModel> {
  if (runner === undefined || feeds.length === 0) throw noCalibration();
  const tensors = listCalibrationTensors(model);
  const calibrate = await collectRanges(model, { tensors, feeds, runner, method });
  const { quantized, kept } = quantizeModel(model, { calibrate });
  const report: PrecisionReport = {
    precision: 'int8',
    changed: true,
    reducedNodes: quantized.length,
    keptNodes: kept,
    dataRuns: feeds.length,
  };
  return { bytes: model.toBytes(), report };
}

/** Overflow shows on a few inputs or not at all. */
const MOST_RANGE_RUNS = 4;

async function prepareHalf<Feeds>(
  model: OnnxModel,
  to: 'fp16' | 'bf16',
  { feeds = [], runner }: PreparePrecisionOptions<Feeds>,
): Promise<PreparedModel> {
  const largest: Record<string, number> = {};
  // BFLOAT16 has the range of FLOAT.
  const some = to === 'fp16' && runner !== undefined ? feeds.slice(0, MOST_RANGE_RUNS) : [];
  if (runner !== undefined && some.length > 0) {
    const request = {
      tensors: floatTensors(model),
      feeds: some,
      runner,
      method: 'max',
      skipInfinite: true,
    } as const;
    const ranges = await collectRanges(model, request);
    for (const [name, { amplitude }] of Object.entries(ranges)) largest[name] = amplitude;
  }
  const { reduced, kept } = castModel(model, { to, largest });
  const bytes = model.toBytes();
  await checkIsReduced(bytes, to, kept);
  return {
    bytes,
    report: { precision: to, changed: true, reducedNodes: reduced, keptNodes: kept, dataRuns: some.length },
  };
}

const FLOAT = 1;
/** Results that are no larger than what they come from, which is looked at itself. */
const NOT_LARGER = new Set(
  'Relu Reshape Flatten Transpose Squeeze Unsqueeze Slice Split Gather MaxPool AveragePool Identity Softmax Sigmoid Tanh'.split(
    ' ',
  ),
);

function floatTensors({ graph }: OnnxModel): string[] {
  const scope = new GraphScope(graph);
  const made = graph.node.filter(({ opType }) => !NOT_LARGER.has(opType)).flatMap(({ output }) => output);
  const inputs = graph.input.map(({ name }) => name);
  return [...inputs, ...made].filter((name) => scope.typeOf(name) === FLOAT && !scope.constants.has(name));
}

const ARITHMETIC = /^(Conv|ConvTranspose|Gemm|MatMul|Einsum|LSTM|GRU|RNN|Attention|DeformConv)$/;

/** @returns whether the model has external data */
async function checkIsFloat(source: string | Uint8Array, asked: PreparedPrecision): Promise<boolean> {
  const info = await readModelInfo(source);
  const { compute, quantize } = info.typeCensus;
  const other = [...Object.keys(compute), ...Object.keys(quantize)].filter((type) => isReducedType(type));
  if (other.length === 0) return info.externalFiles.length > 0;
  throw new TensorRTError(
    'ERR_TRT_BUILD_PRECISION',
    `A model in FP32 was expected, to have it in ${asked}; parts of it are in ${[...new Set(other)].join(', ')} already.`,
    { hint: 'Start from the FP32 model.', details: { asked, compute, quantize } },
  );
}

function isReducedType(type: string): boolean {
  return /^(B?FLOAT\d|U?INT[248]$)/.test(type);
}

async function checkIsReduced(
  bytes: Uint8Array,
  to: 'fp16' | 'bf16',
  kept: PrecisionReport['keptNodes'],
): Promise<void> {
  const { compute } = (await readModelInfo(bytes)).typeCensus;
  const total = Object.values(compute).reduce((sum, count) => sum + count, 0);
  const reached = compute[to === 'fp16' ? 'FLOAT16' : 'BFLOAT16'] ?? 0;
  if (total === 0 || reached * 2 > total) return;
  // Constants and normalisations stay everywhere: the nodes that count are those of the arithmetic.
  const arithmetic = kept.filter(({ op }) => ARITHMETIC.test(op));
  const reasons = arithmetic.slice(0, 3).map(({ node, op, reason }) => `"${node}" (${op}): ${reason}`);
  throw new TensorRTError(
    'ERR_TRT_BUILD_PRECISION',
    `Only ${reached} of ${total} arithmetic nodes can be in ${to}: ${reasons.join('; ')}.`,
    { hint: 'Use the precision that the model is in.', details: { asked: to, compute, kept } },
  );
}

function noCalibration(): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    'INT8 needs data to calibrate on: `feeds` with at least one input, and a `runner`.',
    { hint: 'Pass some dozens of typical inputs.' },
  );
}
