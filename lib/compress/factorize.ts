// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { referenceNumerics } from '../numerics/reference';
import { assertOnnxModel } from '../onnx/check/check-onnx-model';
import { checkExclusion } from '../onnx/graph/node-exclusion';
import { loadModel, OnnxModel } from '../onnx/graph/onnx-model';
import { readFloats } from '../onnx/graph/tensor-values';
import { refuseQuantized } from '../onnx/passes/refuse-quantized';
import { removeDeadNodes } from '../onnx/passes/remove-dead-nodes';
import { simplifyModel } from '../onnx/passes/simplify-model';
import { checkedFeeds } from './calibrate/checked-feeds';
import { openFeeds } from './calibrate/feed-source';
import type { RankPoint } from './factorize/choose-ranks';
import {
  findFactorLayers,
  measureLayers,
  pointsOf,
  type FactorData,
  type FactorLayer,
} from './factorize/factor-layers';
import { checkFactorizeOptions, type FactorizeOptions } from './factorize/factorize-options';
import {
  checkFactorized,
  listWarnings,
  reportLayers,
  type FactorizeReport,
  type SampleCount,
} from './factorize/factorize-report';
import { fitFactors } from './factorize/fit-factors';
import { measureWeight, weighted } from './factorize/layer-weights';
import { chooseRanks } from './factorize/rank-request';
import { stoppable, throwIfAborted } from './observe/stop-work';
import { OutputJudge } from './output-judge';
import { checkFinite } from './quantize/quantize-weights';
import { compressInOrder } from './reconstruct/compress-in-order';
import type { GroupStatistics } from './reconstruct/layer-statistics';
import { refuseHalf } from './refuse-half';
import { countParameters } from './report/count-work';
import type { ModelSource, Runner } from './runner';

export type { FactorizeOptions, FactorizeTarget } from './factorize/factorize-options';
export type { FactorizedLayer, FactorizeReport } from './factorize/factorize-report';

/** A factorised model. */
export interface Factorized {
  /** The new model. */
  readonly model: OnnxModel;
  /** What was done. */
  readonly report: FactorizeReport;
}

/**
 * Puts products of thin matrices in the place of the weights of an FP32 model: Gemm and MatMul become two products,
 * convolutions two or three. The graph gets smaller and does less arithmetic on every backend; inputs, outputs and dynamic
 * dimensions stay. The source is not changed.
 *
 * 1. The graph is simplified.
 * 2. Each layer is taken apart in each form, weighted by what it reads on the data: what is lost at each rank. For a
 *    budget each layer is cut alone too, and what the model's outputs lose by it is measured.
 * 3. Ranks follow from the budget: over all layers, what costs least error for what it saves goes first.
 * 4. From front to back, each layer is fitted to what it makes in the source, given what it reads in the new model.
 * 5. What was written is checked.
 *
 * Without data, weights alone are looked at; outputs are much further from the source's then. Left whole, with the reason
 * in the report: convolutions in groups and transposed ones, weights that nodes share, weights that are computed, layers
 * inside control flow, and layers whose factors would not be smaller.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_TARGET for a budget that no ranks reach, with the closest;
 * ERR_TRT_COMPRESS_UNSUPPORTED if no layer can come apart; ERR_TRT_COMPRESS_CHECK; ERR_TRT_QUANT_UNSUPPORTED and
 * ERR_TRT_BUILD_PRECISION for a model that is not in FP32; ERR_TRT_QUANT_WEIGHTS for weights that are not finite;
 * ERR_TRT_QUANT_CALIBRATION, ERR_TRT_QUANT_EXCLUDE, ERR_TRT_ARG_*, ERR_TRT_RUN_ABORTED if the signal fires, and what loading the model throws
 * @example
 * const { model, report } = await factorize('model.onnx', {
 *   target: { parameters: 0.5 },
 *   calibration: batches,
 *   runner: sessionRunner(),
 *   numerics: await nativeNumerics(),
 * });
 * await model.save('model-low-rank.onnx');
 */
export async function factorize<Feeds>(
  source: ModelSource | OnnxModel,
  options: FactorizeOptions<Feeds> = {},
): Promise<Factorized> {
  checkFactorizeOptions(options);
  const original = source instanceof OnnxModel ? source : await loadModel(source);
  refuseQuantized(original.graph);
  refuseHalf(original, 'low rank');
  checkExclusion(options.exclude ?? {}, original.graph);
  const prepared = original.clone();
  simplifyModel(prepared, { layerNormalization: 'keep-opset' });
  assertOnnxModel(prepared);
  if (options.calibration === undefined) return factorizePrepared(prepared, original, { options });
  const opened = await openFeeds(options.calibration);
  try {
    const feeds = stoppable(checkedFeeds(opened), options.signal);
    return await factorizePrepared(prepared, original, {
      options,
      data: { feeds, runner: options.runner as Runner<Feeds> },
    });
  } finally {
    await opened.close();
  }
}

interface Work<Feeds> {
  readonly options: FactorizeOptions<Feeds>;
  readonly data?: FactorData<Feeds>;
}

type Samples = Map<string, SampleCount>;

async function factorizePrepared<Feeds>(
  prepared: OnnxModel,
  original: OnnxModel,
  { options, data }: Work<Feeds>,
): Promise<Factorized> {
  const { numerics = referenceNumerics, signal, onProgress, form = 'auto' } = options;
  const { layers, kept } = findFactorLayers(prepared, options.exclude ?? {});
  if (layers.length === 0) throw nothingToDo(kept);
  for (const { layer } of layers)
    checkFinite(layer.weight.name ?? '', readFloats(layer.weight), 'factorised');
  const judge = data && (await OutputJudge.create(original, data.feeds, data.runner));
  const weights = new Map<FactorLayer, number>();
  const losses = await measureLayers(prepared, layers, {
    data,
    numerics,
    form,
    signal,
    onProgress,
    // A budget is spent by what the outputs of the model lose, not those of the layer.
    ...(judge !== undefined && needsWeights(options)
      ? {
          visit: async (one, found, statistics) => {
            weights.set(one, await measureWeight(prepared, { one, found, statistics, judge, numerics }));
          },
        }
      : {}),
  });
  const points = layers.map((one) => weighted(pointsOf(one, losses.get(one)!), weights.get(one) ?? 1));
  const total = countParameters(prepared);
  const added = data === undefined ? 0 : layers.reduce((sum, one) => sum + newBias(one), 0);
  const choices = chooseRanks(points, { request: options, total, added });
  const model = prepared.clone();
  const samples: Samples = new Map();
  const errors = await fitAll(model, prepared, {
    cut: new Map(layers.flatMap((one, index) => toCut(one, choices[index]!.point))),
    samples,
    work: { options, ...(data && { data }) },
  });
  removeDeadNodes(model.graph);
  throwIfAborted(signal);
  onProgress?.('checking the result');
  const reported = reportLayers(layers, choices, errors);
  checkFactorized(model, prepared, reported);
  const score = judge && (await judge.score(model));
  const dataRuns = data?.feeds.count ?? 0;
  return {
    model,
    report: {
      ...reported,
      kept: [...reported.kept, ...kept],
      parameters: { before: total, after: countParameters(model) },
      dataRuns,
      ...(score && { score }),
      numerics: numerics.name,
      warnings: listWarnings({ ...reported, dataRuns }, samples),
    },
  };
}

/** Elements of the bias that fitting gives to a layer that has none. */
function newBias({ layer: { op, uses }, shape, hasBias }: FactorLayer): number {
  return hasBias && op !== 'MatMul' && (uses[0]!.node.input[2] ?? '') === '' ? shape.outputs : 0;
}

/** Ranks that are given, and errors of layers, do not depend on it. */
function needsWeights<Feeds>({ target, rank, ratio }: FactorizeOptions<Feeds>): boolean {
  return rank === undefined && ratio === undefined && target?.error === undefined;
}

function toCut(one: FactorLayer, point: RankPoint): [FactorLayer, RankPoint][] {
  return point.form === undefined ? [] : [[one, point]];
}

async function fitAll<Feeds>(
  model: OnnxModel,
  prepared: OnnxModel,
  { cut, samples, work }: { cut: ReadonlyMap<FactorLayer, RankPoint>; samples: Samples; work: Work<Feeds> },
): Promise<Map<FactorLayer, number>> {
  const { options, data } = work;
  const { numerics = referenceNumerics, signal, onProgress } = options;
  const errors = new Map<FactorLayer, number>();
  const fit = async (one: FactorLayer, statistics?: GroupStatistics) => {
    onProgress?.(`factorising ${one.layer.label}: ${errors.size + 1} of ${cut.size}`);
    const point = cut.get(one)!;
    const { error, isByData } = await fitFactors(model.graph, { one, point, statistics, numerics });
    errors.set(one, error);
    if (statistics === undefined) return;
    const { count, size } = statistics.input;
    samples.set(one.layer.label, { count, inputs: size, isConstant: !isByData });
  };
  if (data !== undefined) {
    const byLayer = new Map([...cut.keys()].map((one) => [one.layer, one]));
    await compressInOrder(
      [...byLayer.keys()],
      { source: prepared, compressed: model, ...data, numerics, signal },
      async (layer, statistics) => fit(byLayer.get(layer)!, statistics[0]),
    );
    return errors;
  }
  for (const one of cut.keys()) {
    throwIfAborted(signal);
    await fit(one);
  }
  return errors;
}

function nothingToDo(kept: FactorizeReport['kept']): TensorRTError {
  const reasons = kept.slice(0, 3).map(({ node, op, reason }) => `"${node}" (${op}): ${reason}`);
  const why = reasons.length === 0 ? 'it has no layers with constant weights' : reasons.join('; ');
  return new TensorRTError('ERR_TRT_COMPRESS_UNSUPPORTED', `No layer of the model can come apart: ${why}.`, {
    details: { kept },
  });
}
