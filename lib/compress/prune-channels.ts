// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { referenceNumerics } from '../numerics/reference';
import { assertOnnxModel } from '../onnx/check/check-onnx-model';
import { checkExclusion, excludedBy } from '../onnx/graph/node-exclusion';
import { loadModel, OnnxModel } from '../onnx/graph/onnx-model';
import { readFloats } from '../onnx/graph/tensor-values';
import { refuseQuantized } from '../onnx/passes/refuse-quantized';
import { simplifyModel } from '../onnx/passes/simplify-model';
import { checkedFeeds } from './calibrate/checked-feeds';
import { openFeeds } from './calibrate/feed-source';
import { firstRuns, splitFeeds } from './calibrate/split-feeds';
import { analyzeDependencies } from './channels/analyze-dependencies';
import {
  chooseByRatio,
  chooseByTarget,
  mostRemoved,
  removedAt,
  type RemovalChoice,
} from './channels/choose-removals';
import type { DependencyGraph } from './channels/dependency-graph';
import { weightPositions, zeroWeights } from './channels/mask-units';
import { checkPruneChannelsOptions, type PruneChannelsOptions } from './channels/prune-channels-options';
import { makeReport, type PruneChannelsReport } from './channels/prune-channels-report';
import { rankByData, rankByNorm, rankBySensitivity, type RankingData } from './channels/rank-units';
import { recoverOutputs, type Recovered } from './channels/recover-outputs';
import { findGroups, findKept, type RemovableGroup } from './channels/removable-groups';
import { RemovalCost } from './channels/removal-cost';
import type { VectorAxes } from './channels/removal';
import { splitSharedVectors } from './channels/split-shared-vectors';
import { removeSlots } from './channels/remove-slots';
import type { UnitOrder } from './channels/unit-order';
import { observeTensors } from './observe/observe-tensors';
import { stoppable } from './observe/stop-work';
import { OutputJudge, type OutputScore } from './output-judge';
import { checkFinite } from './quantize/quantize-weights';
import { countWork } from './report/count-work';
import { refuseHalf } from './refuse-half';
import type { FeedSource, ModelSource, Runner } from './runner';

/** A model with fewer channels. */
export interface PrunedChannels {
  /** The new model. */
  readonly model: OnnxModel;
  /** What was removed, and what was measured. */
  readonly report: PruneChannelsReport;
}

/**
 * Removes channels, neurons and heads of attention from an FP32 model: the graph gets smaller, and faster on every backend.
 * Inputs and outputs keep their names and shapes, dynamic dimensions stay; the source is not changed.
 *
 * 1. The graph is simplified, and what has to be removed together is found: through residual additions, depth-wise layers,
 *    concatenations, gates, reshapes and attention. What cannot be followed stays, and the report says why.
 * 2. Channels are ranked, and as many chosen as asked for.
 * 3. With data, the weights that are left are solved by least squares, layer by layer, so that layers make what they made.
 * 4. Weights are cut and shapes checked.
 *
 * Memory holds the model twice, one run of it, and the sums over what one layer reads.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_TARGET for a budget that cannot be met, with the closest that can;
 * ERR_TRT_COMPRESS_UNSUPPORTED for a model in which nothing can be removed; ERR_TRT_COMPRESS_CHECK if the result is not
 * what it should be; ERR_TRT_QUANT_UNSUPPORTED for a quantised model, ERR_TRT_BUILD_PRECISION for one in FP16 or BF16;
 * ERR_TRT_QUANT_CALIBRATION for missing or unusable data; ERR_TRT_QUANT_WEIGHTS for weights that are not finite;
 * ERR_TRT_QUANT_EXCLUDE; ERR_TRT_RUN_ABORTED if the signal fires;
 * what loading the model throws
 * @example
 * const { model, report } = await pruneChannels('model.onnx', { ratio: 0.3, calibration: batches, runner: sessionRunner() });
 * await model.save('model-small.onnx');
 */
export async function pruneChannels<Feeds>(
  source: ModelSource | OnnxModel,
  options: PruneChannelsOptions<Feeds>,
): Promise<PrunedChannels> {
  checkPruneChannelsOptions(options);
  const original = source instanceof OnnxModel ? source : await loadModel(source);
  refuseQuantized(original.graph);
  refuseHalf(original, 'fewer channels');
  if (options.exclude !== undefined) checkExclusion(options.exclude, original.graph);
  const prepared = original.clone();
  simplifyModel(prepared, { layerNormalization: 'keep-opset' });
  assertOnnxModel(prepared);
  splitSharedVectors(prepared.graph);
  if (options.calibration === undefined) return prune({ original, prepared, options });
  const opened = await openFeeds(options.calibration);
  try {
    const feeds = stoppable(checkedFeeds(opened), options.signal);
    return await prune({ original, prepared, options }, feeds);
  } finally {
    await opened.close();
  }
}

interface PruningTask<Feeds> {
  readonly original: OnnxModel;
  /** The simplified copy, which becomes the result. */
  readonly prepared: OnnxModel;
  readonly options: PruneChannelsOptions<Feeds>;
}

async function prune<Feeds>(task: PruningTask<Feeds>, feeds?: FeedSource<Feeds>): Promise<PrunedChannels> {
  const { original, prepared, options } = task;
  const { onProgress = () => undefined } = options;
  const parts = feeds && splitFeeds(feeds);
  const data = parts && rankingData(options, parts.fit);
  const inputs = feeds && (await dimsOfInputs(prepared, feeds, options.runner as Runner<Feeds>));
  onProgress('looking for what can be removed together');
  const graph = analyzeDependencies(prepared);
  blockExcluded(graph, options);
  const groups = findGroups(graph);
  const kept = findKept(graph, groups);
  if (groups.length === 0) throw nothingToRemove(kept);
  checkWeights(graph, groups);
  const isFitted = data !== undefined && options.recover !== 'none';
  const cost = new RemovalCost(prepared, graph, { groups, inputs, isFitted });
  const limits = { multipleOf: options.multipleOf ?? 'auto', minimum: options.minimum ?? 1 };
  onProgress('ranking channels');
  const most = groups.map((group) =>
    options.ratio !== undefined && scopeOf(options) === 'group'
      ? removedAt(group, options.ratio, limits)
      : mostRemoved(group, limits),
  );
  const orders = await rank({ model: prepared, graph, groups, most }, options, data);
  const choice: RemovalChoice = { groups, orders, cost, limits, scope: scopeOf(options) };
  const counts =
    options.target === undefined
      ? chooseByRatio(choice, options.ratio!)
      : chooseByTarget(choice, options.target);
  const roots = new Set(
    groups.flatMap(({ units }, index) =>
      orders[index]!.units.slice(0, counts[index]).map((unit) => units[unit]!),
    ),
  );
  const result = prepared.clone();
  const recovered = await recover({ prepared, result, graph, groups, roots }, options, data);
  onProgress('removing channels');
  const vectors = takeWeights(prepared, result, graph);
  removeSlots(prepared, graph, { roots, vectors });
  const score = parts && (await judge(original, prepared, { feeds: parts.judge, options }));
  const report = makeReport({
    criterion: criterionOf(options),
    groups,
    counts,
    kept,
    before: cost.before,
    after: countWork(prepared, inputs),
    fitted: recovered.layers,
    warnings: warningsOf({ counts, score, shared: parts?.shared === true, recovered }),
    score,
  });
  return { model: prepared, report };
}

function rankingData<Feeds>(
  options: PruneChannelsOptions<Feeds>,
  feeds: FeedSource<Feeds>,
): RankingData<Feeds> {
  const { runner, numerics = referenceNumerics, seed, signal } = options;
  return { feeds, runner: runner as Runner<Feeds>, numerics, seed, signal };
}

function criterionOf<Feeds>({ criterion, calibration, sensitivity }: PruneChannelsOptions<Feeds>) {
  if (criterion !== undefined) return criterion;
  if (sensitivity !== undefined) return 'taylor';
  return calibration === undefined ? 'norm' : 'reconstruction';
}

/** Losses of other criteria are shares of their group, or hold for small changes: they say less beside each other. */
function scopeOf<Feeds>(options: PruneChannelsOptions<Feeds>): 'group' | 'global' {
  return options.scope ?? (criterionOf(options) === 'reconstruction' ? 'global' : 'group');
}

function checkWeights({ scope }: DependencyGraph, groups: readonly RemovableGroup[]): void {
  const names = groups.flatMap(({ makers, readers }) => [...makers, ...readers].map(({ weight }) => weight));
  for (const name of new Set(names))
    if (name !== undefined) checkFinite(name, readFloats(scope.constants.get(name)!), 'pruned');
}

function blockExcluded<Feeds>(graph: DependencyGraph, { exclude }: PruneChannelsOptions<Feeds>): void {
  if (exclude === undefined) return;
  for (const { node, tensor, axis } of graph.makers)
    if (excludedBy(exclude, node) !== null) graph.block(tensor, 'it is excluded', axis);
}

async function rank<Feeds>(
  {
    model,
    graph,
    groups,
    most,
  }: { model: OnnxModel; graph: DependencyGraph; groups: RemovableGroup[]; most: number[] },
  options: PruneChannelsOptions<Feeds>,
  data: RankingData<Feeds> | undefined,
): Promise<UnitOrder[]> {
  const criterion = criterionOf(options);
  if (criterion === 'taylor') return rankBySensitivity({ model, graph, groups }, options.sensitivity!);
  if (criterion === 'norm' || data === undefined) return groups.map((group) => rankByNorm(graph, group));
  return rankByData({ model, graph, groups }, criterion, { most, data });
}

async function recover<Feeds>(
  task: {
    prepared: OnnxModel;
    result: OnnxModel;
    graph: DependencyGraph;
    groups: readonly RemovableGroup[];
    roots: ReadonlySet<number>;
  },
  options: PruneChannelsOptions<Feeds>,
  data: RankingData<Feeds> | undefined,
): Promise<Recovered> {
  if (data === undefined || options.recover === 'none' || task.roots.size === 0)
    return { layers: [], unfitted: [], few: [], normalizations: [] };
  options.onProgress?.('fitting what is left to what there was');
  const places = weightPositions(task.graph, task.groups, task.roots);
  zeroWeights(task.result, places);
  return recoverOutputs({ source: task.prepared, masked: task.result, places }, data);
}

/**
 * Gives the model that was analysed the weights of its fitted copy: the analysis knows its nodes.
 *
 * @returns biases that are new, with the axis that they are added along
 */
function takeWeights(model: OnnxModel, fitted: OnnxModel, graph: DependencyGraph): VectorAxes {
  const vectors = new Map<string, { tensor: string; axis: number; last: number }>();
  const ranks = new Map(fitted.graph.initializer.map(({ name, dims }) => [name, dims.length]));
  model.graph.initializer = fitted.graph.initializer;
  model.graph.node.forEach((node, index) => {
    const { input } = fitted.graph.node[index]!;
    const tensor = node.output[0]!;
    const isSecond = node.opType.startsWith('Conv') || node.opType === 'BatchNormalization';
    const axis = isSecond ? 1 : (graph.dims(tensor)?.length ?? 1) - 1;
    input.forEach((name, at) => {
      if (name !== '' && name !== node.input[at])
        vectors.set(name, { tensor, axis, last: (ranks.get(name) ?? 1) - 1 });
    });
    node.input = input;
  });
  return vectors;
}

async function judge<Feeds>(
  original: OnnxModel,
  pruned: OnnxModel,
  { feeds, options }: { feeds: FeedSource<Feeds>; options: PruneChannelsOptions<Feeds> },
): Promise<OutputScore> {
  options.onProgress?.('measuring the outputs');
  const output = await OutputJudge.create(original, feeds, options.runner as Runner<Feeds>);
  return output.score(pruned);
}

async function dimsOfInputs<Feeds>(
  model: OnnxModel,
  feeds: FeedSource<Feeds>,
  runner: Runner<Feeds>,
): Promise<Record<string, readonly number[]>> {
  const constants = new Set(model.graph.initializer.map(({ name }) => name));
  const tensors = model.graph.input.map(({ name }) => name).filter((name) => !constants.has(name));
  const dims: Record<string, readonly number[]> = {};
  await observeTensors(model, { tensors, feeds: firstRuns(feeds, 1), runner }, (tensor, _, found) => {
    dims[tensor] = [...found];
  });
  return dims;
}

function warningsOf({
  counts,
  score,
  shared,
  recovered: { unfitted, few },
}: {
  counts: readonly number[];
  score: OutputScore | undefined;
  shared: boolean;
  recovered: Recovered;
}): string[] {
  const warnings: string[] = [];
  if (counts.every((count) => count === 0))
    warnings.push(
      'Nothing was removed: the ratio is too small for any layer, or multipleOf and minimum allow none.',
    );
  if (shared)
    warnings.push(
      'There are fewer than eight runs of data: the score is measured on what weights were fitted to.',
    );
  if (few.length > 0)
    warnings.push(
      `The data has fewer samples than ${few.length} layers have inputs, e.g. "${few[0]!}": they were held near their old weights. Give more data.`,
    );
  if (unfitted.length > 0)
    warnings.push(
      `${unfitted.length} layers could not be fitted, e.g. "${unfitted[0]!}": what they read is constant on the data, or their bias is computed or shared.`,
    );
  if (score?.notNumbers === true) warnings.push('Outputs have NaN where the source has numbers.');
  return warnings;
}

function nothingToRemove(kept: readonly { node: string; reason: string }[]): TensorRTError {
  const reasons = kept.slice(0, 3).map(({ node, reason }) => `"${node}": ${reason}`);
  return new TensorRTError(
    'ERR_TRT_COMPRESS_UNSUPPORTED',
    `No channel of the model can be removed: ${reasons.join('; ') || 'it has no layers with weights behind one another'}.`,
    { details: { kept } },
  );
}
