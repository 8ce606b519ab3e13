// SPDX-License-Identifier: Apache-2.0
import { referenceNumerics } from '../numerics/reference';
import { assertOnnxModel } from '../onnx/check/check-onnx-model';
import { checkExclusion } from '../onnx/graph/node-exclusion';
import { loadModel, OnnxModel } from '../onnx/graph/onnx-model';
import { elementsOf, readFloats } from '../onnx/graph/tensor-values';
import { refuseQuantized } from '../onnx/passes/refuse-quantized';
import { removeDeadNodes } from '../onnx/passes/remove-dead-nodes';
import { checkedFeeds } from './calibrate/checked-feeds';
import { openFeeds } from './calibrate/feed-source';
import { weightOf } from './layers/layer-matrix';
import { prepareLayers } from './layers/prepare-layers';
import type { WeightLayer } from './layers/weight-layer';
import { stoppable, throwIfAborted } from './observe/stop-work';
import { OutputJudge, type OutputScore } from './output-judge';
import { checkPruneOptions } from './prune/check-prune-options';
import { checkPruned } from './prune/check-pruned';
import { checkFiniteWeights, findPrunable, type PrunableLayers } from './prune/find-prunable';
import { amountOfPart, joinResults } from './prune/layer-parts';
import { planAmounts } from './prune/plan-amounts';
import { pruneByData, pruneByMagnitude, type PrunedWeights } from './prune/prune-layer';
import type { PruneOptions } from './prune/prune-options';
import type { PrunedLayer, PruneReport } from './prune/prune-report';
import { describeGains, listWarnings } from './prune/prune-sentences';
import { channelMultiple } from './prune/support-pattern';
import { compressInOrder, type LayerVisitor } from './reconstruct/compress-in-order';
import type { ReconstructionData } from './reconstruct/gather-statistics';
import { refuseHalf } from './refuse-half';
import { countParameters } from './report/count-work';
import type { ModelSource, Runner } from './runner';

export type { PruneCriterion, PruneOptions, Shrinkage } from './prune/prune-options';
export type { PrunedLayer, PruneReport } from './prune/prune-report';
export type { PrunePattern } from './prune/support-pattern';

/** A pruned model. */
export interface Pruned {
  /** The new model. */
  readonly model: OnnxModel;
  /** What was done, and what was measured. */
  readonly report: PruneReport;
}

/**
 * Sets weights of an FP32 model to zero. The graph, its inputs, outputs and dynamic dimensions stay; the source is not
 * changed. See `report.gains` for what TensorRT makes of the zeros: of unstructured ones nothing.
 *
 * 1. The graph is simplified: constants folded, normalisations folded into weights.
 * 2. From front to back, weights of each layer are chosen by the criterion and become zero.
 * 3. With data the others are fitted to what the layer makes in the source, given what it reads in the pruned model; its
 *    bias makes up for the mean error. How strongly weights are held where they were is measured on data that is held back.
 * 4. What was written is checked.
 *
 * Weights that several layers share are pruned once, for all of them. Left alone, with the reason in the report: by 2:4
 * the first and the last layers (unless `ends` is `'prune'`), tied embeddings, weights that are computed, layers inside control flow.
 *
 * Memory holds two copies of the model, one run of each, and the Gram matrices of one layer. All of the data is fitted to,
 * and outputs are measured on the same: accuracy is told by other data.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_TARGET for a sparsity of 1; ERR_TRT_COMPRESS_UNSUPPORTED if no layer can be
 * pruned; ERR_TRT_COMPRESS_CHECK; ERR_TRT_QUANT_UNSUPPORTED and ERR_TRT_BUILD_PRECISION for a model that is not in FP32;
 * ERR_TRT_QUANT_WEIGHTS for weights that are not finite; ERR_TRT_QUANT_CALIBRATION for missing or unusable data,
 * ERR_TRT_QUANT_EXCLUDE, ERR_TRT_ARG_*, ERR_TRT_RUN_ABORTED if the signal fires, and what loading the model throws
 * @example
 * const { model, report } = await prune('model.onnx', {
 *   pattern: '2:4',
 *   calibration: batches,
 *   runner: sessionRunner(),
 *   numerics: await nativeNumerics(),
 * });
 * await model.save('model-sparse.onnx');
 */
export async function prune<Feeds>(
  source: ModelSource | OnnxModel,
  options: PruneOptions<Feeds>,
): Promise<Pruned> {
  checkPruneOptions(options);
  const original = source instanceof OnnxModel ? source : await loadModel(source);
  refuseQuantized(original.graph);
  refuseHalf(original, 'pruned form');
  checkExclusion(options.exclude ?? {}, original.graph);
  const prepared = original.clone();
  prepareLayers(prepared);
  assertOnnxModel(prepared);
  const { pattern = 'unstructured', exclude } = options;
  const { ends = pattern === '2:4' ? 'keep' : 'prune' } = options;
  const found = findPrunable(prepared.graph, { pattern, ends, exclude });
  checkFiniteWeights(found.layers);
  const { calibration } = options;
  if (calibration === undefined) return pruneWithoutData({ original, prepared, found, options });
  const opened = await openFeeds(calibration);
  try {
    const feeds = stoppable(checkedFeeds(opened), options.signal);
    const runner = options.runner as Runner<Feeds>;
    const judge = await OutputJudge.create(original, feeds, runner);
    return await pruneWithData({ original, prepared, found, options }, { data: { feeds, runner }, judge });
  } finally {
    await opened.close();
  }
}

interface Work<Feeds> {
  readonly original: OnnxModel;
  readonly prepared: OnnxModel;
  readonly found: PrunableLayers;
  readonly options: PruneOptions<Feeds>;
}

interface WorkData<Feeds> {
  readonly data: Pick<ReconstructionData<Feeds>, 'feeds' | 'runner'>;
  readonly judge: OutputJudge<Feeds>;
}

async function pruneWithoutData<Feeds>(work: Work<Feeds>): Promise<Pruned> {
  const { prepared, found, options } = work;
  const { pattern = 'unstructured', signal, onProgress } = options;
  const model = prepared.clone();
  const amounts = await planAmounts(found.layers, { options });
  const results = new Map<WeightLayer, PrunedWeights>();
  for (const layer of found.layers) {
    throwIfAborted(signal);
    onProgress?.(`pruning ${layer.label}`);
    results.set(layer, pruneByMagnitude(model.graph, layer, { amount: amounts.get(layer)!, pattern }));
  }
  return finish(work, { model, results, dataRuns: 0 });
}

async function pruneWithData<Feeds>(work: Work<Feeds>, { data, judge }: WorkData<Feeds>): Promise<Pruned> {
  const { prepared, found, options } = work;
  const { numerics = referenceNumerics, seed, signal, onProgress } = options;
  const { pattern = 'unstructured', criterion = 'hessian', shrinkage, reconstruct = true } = options;
  const model = prepared.clone();
  const pair = { source: prepared, compressed: model, ...data, numerics, seed, signal };
  const amounts = await planAmounts(found.layers, { options, data: pair });
  const results = new Map<WeightLayer, PrunedWeights>();
  const byWeight = new Map(found.layers.map((layer) => [layer.weight.name, layer]));
  const visit: LayerVisitor = async (part, statistics) => {
    const layer = byWeight.get(part.weight.name)!;
    const known = results.get(layer);
    if (known === undefined)
      onProgress?.(`pruning ${layer.label} (${results.size + 1} of ${found.layers.length})`);
    const amount = amountOfPart(part, amounts.get(layer)!, known);
    const asked = { amount, pattern, criterion, shrinkage, reconstruct, numerics };
    results.set(layer, joinResults(known, await pruneByData(model.graph, part, { ...asked, statistics })));
  };
  const normalizations = await compressInOrder(found.layers, pair, visit, {
    bandsOf: channelMultiple(pattern),
  });
  removeDeadNodes(model.graph);
  onProgress?.('measuring the outputs');
  const score = await judge.score(model);
  return finish(work, { model, results, dataRuns: data.feeds.count, normalizations, score });
}

interface Findings {
  readonly model: OnnxModel;
  readonly results: ReadonlyMap<WeightLayer, PrunedWeights>;
  readonly dataRuns: number;
  readonly normalizations?: readonly string[];
  readonly score?: OutputScore;
}

/** Checks what was written, and reports it. */
function finish<Feeds>({ original, found, options }: Work<Feeds>, findings: Findings): Pruned {
  const { model, results, dataRuns, normalizations = [], score } = findings;
  const { pattern = 'unstructured', scope = 'layer', numerics = referenceNumerics, calibration } = options;
  const hasData = calibration !== undefined;
  const reconstructed = hasData && (options.reconstruct ?? true);
  const changed = found.layers.map((layer) => describeLayer(layer, results.get(layer)!));
  checkPruned(model, original, { layers: found.layers, changed, pattern });
  const notes = new Map(
    [...results].flatMap(([{ label }, { warning }]) => (warning ? [[label, warning] as const] : [])),
  );
  return {
    model,
    report: {
      pattern,
      criterion: options.criterion ?? (hasData ? 'hessian' : 'magnitude'),
      scope,
      reconstructed,
      changed,
      kept: found.kept,
      parameters: { before: countParameters(original), after: countParameters(model) },
      zeros: countZeros(model, found.all),
      normalizations,
      dataRuns,
      numerics: numerics.name,
      ...(score === undefined ? {} : { score }),
      gains: describeGains(pattern),
      warnings: listWarnings(
        { changed, reconstructed, pattern },
        { notes, score, sparsity: options.sparsity },
      ),
    },
  };
}

function describeLayer(
  { label, op, weight }: WeightLayer,
  { zeros, error, damping }: PrunedWeights,
): PrunedLayer {
  const weights = elementsOf(weight);
  return {
    node: label,
    op,
    weights,
    zeros,
    share: zeros / weights,
    ...(error && { error }),
    ...(damping === undefined ? {} : { damping }),
  };
}

function countZeros({ graph }: OnnxModel, layers: readonly WeightLayer[]): PruneReport['zeros'] {
  let weights = 0;
  let zeros = 0;
  for (const layer of layers) {
    const values = readFloats(weightOf(graph, layer));
    weights += values.length;
    for (let at = 0; at < values.length; at++) if (values[at] === 0) zeros++;
  }
  return { weights, zeros, share: weights === 0 ? 0 : zeros / weights };
}
