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
import { BandClustering } from './cluster/cluster-bands';
import { checkClusterOptions, type ClusterOptions } from './cluster/cluster-options';
import { checkClustered, clusteredWeight, listWarnings, type ClusterReport } from './cluster/cluster-report';
import { findClusterSites, type ClusterSite } from './cluster/cluster-sites';
import { clusterAlone, clusterOnData, type ClusterResult } from './cluster/cluster-weights';
import { writeLookups } from './cluster/lookups';
import { stoppable, throwIfAborted } from './observe/stop-work';
import { OutputJudge } from './output-judge';
import { checkFinite } from './quantize/quantize-weights';
import { compressInOrder, type LayerVisitor } from './reconstruct/compress-in-order';
import { refuseHalf } from './refuse-half';
import type { FeedSource, ModelSource, Runner } from './runner';

export type { ClusterOptions, ClusterScope } from './cluster/cluster-options';
export type { ClusteredWeight, ClusterReport } from './cluster/cluster-report';

/** A model whose weights share values. */
export interface Clustered {
  /** The new model. */
  readonly model: OnnxModel;
  /** What was done. */
  readonly report: ClusterReport;
}

/**
 * Lets the weights of an FP32 model share few values: found by k-means, in one dimension exactly where that takes little.
 * What it saves is room on disk and on the way: zipped, by `saveCompact`, or with `form: 'gather'` as it is. Runtimes and
 * engines hold the weights whole and compute as before. The source is not changed.
 *
 * 1. The graph is simplified.
 * 2. Without data, each tensor's weights get the nearest of its values.
 * 3. With data, from front to back: values count by what is multiplied with them; weights are assigned so that they make
 *    up for each other's losses; the values are solved again for the layer's outputs; its bias is corrected.
 * 4. What was written is checked.
 *
 * Weights that several nodes share stay shared. Left alone, with the reason in the report: weights that are computed, no
 * FLOAT, fewer than 256, or inside control flow.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED if there are no weights to share; ERR_TRT_COMPRESS_CHECK;
 * ERR_TRT_QUANT_WEIGHTS for weights that are not finite; ERR_TRT_QUANT_UNSUPPORTED and ERR_TRT_BUILD_PRECISION for a model that is not in FP32;
 * ERR_TRT_QUANT_CALIBRATION, ERR_TRT_QUANT_EXCLUDE, ERR_TRT_ARG_*, ERR_TRT_RUN_ABORTED if the signal fires, and what
 * loading the model throws
 * @example
 * const { model } = await cluster('model.onnx', { clusters: 16, calibration: batches, runner: sessionRunner() });
 * await saveCompact(model, 'model.onnx.gz');
 */
export async function cluster<Feeds>(
  source: ModelSource | OnnxModel,
  options: ClusterOptions<Feeds> = {},
): Promise<Clustered> {
  checkClusterOptions(options);
  const original = source instanceof OnnxModel ? source : await loadModel(source);
  refuseQuantized(original.graph);
  refuseHalf(original, 'shared values');
  checkExclusion(options.exclude ?? {}, original.graph);
  const prepared = original.clone();
  simplifyModel(prepared, { layerNormalization: 'keep-opset' });
  assertOnnxModel(prepared);
  if (options.calibration === undefined) return clusterPrepared(prepared, original, { options });
  const opened = await openFeeds(options.calibration);
  try {
    const feeds = stoppable(checkedFeeds(opened), options.signal);
    const data = { feeds, runner: options.runner as Runner<Feeds> };
    return await clusterPrepared(prepared, original, { options, data });
  } finally {
    await opened.close();
  }
}

interface Work<Feeds> {
  readonly options: ClusterOptions<Feeds>;
  readonly data?: { readonly feeds: FeedSource<Feeds>; readonly runner: Runner<Feeds> };
}

async function clusterPrepared<Feeds>(
  prepared: OnnxModel,
  original: OnnxModel,
  work: Work<Feeds>,
): Promise<Clustered> {
  const { options, data } = work;
  const { numerics = referenceNumerics, clusters = 16, scope = 'tensor', onProgress } = options;
  const { sites, kept } = findClusterSites(prepared.graph, options.exclude ?? {});
  if (sites.length === 0) throw nothingToShare(kept);
  for (const { weight } of sites) checkFinite(weight.name ?? '', readFloats(weight), 'clustered');
  const model = prepared.clone();
  const results = await clusterAll(model, prepared, { sites, work });
  removeDeadNodes(model.graph);
  onProgress?.('checking the result');
  const changed = sites.map((site) => clusteredWeight(site, results.get(site)!));
  checkClustered(model, prepared, { changed, clusters, scope });
  const score = data && (await (await OutputJudge.create(original, data.feeds, data.runner)).score(model));
  const tables = options.form === 'gather' ? writeLookups(model, { wide: false }) : [];
  const dataRuns = data?.feeds.count ?? 0;
  return {
    model,
    report: {
      changed,
      kept,
      clusters,
      scope,
      form: options.form ?? 'values',
      weightBytes: {
        before: changed.reduce((sum, { bytes }) => sum + bytes.before, 0),
        packed: changed.reduce((sum, { bytes }) => sum + bytes.packed, 0),
      },
      dataRuns,
      ...(score && { score }),
      numerics: numerics.name,
      warnings: listWarnings(
        { changed, dataRuns, form: options.form ?? 'values' },
        { tables, notes: new Map(sites.map((site) => [site.weight.name ?? '', results.get(site)!.note])) },
      ),
    },
  };
}

async function clusterAll<Feeds>(
  model: OnnxModel,
  prepared: OnnxModel,
  { sites, work: { options, data } }: { sites: readonly ClusterSite[]; work: Work<Feeds> },
): Promise<Map<ClusterSite, ClusterResult>> {
  const { numerics = referenceNumerics, signal, onProgress } = options;
  const { clusters = 16, scope = 'tensor', compensate = true, seed = 0 } = options;
  const settings = { clusters, scope, compensate, seed, numerics };
  const results = new Map<ClusterSite, ClusterResult>();
  const say = (site: ClusterSite) =>
    onProgress?.(`clustering ${site.weight.name ?? ''}: ${results.size + 1} of ${sites.length}`);
  // What has no data of its own first: layers then see what it does to their inputs.
  for (const site of sites.filter(({ layer }) => layer === undefined || data === undefined)) {
    throwIfAborted(signal);
    say(site);
    results.set(site, await clusterAlone(model.graph, site, settings));
  }
  if (data === undefined) return results;
  const layers = sites.flatMap(({ layer }) => layer ?? []);
  const byWeight = new Map(sites.map((site) => [site.weight.name, site]));
  const pair = { source: prepared, compressed: model, ...data, numerics, signal, seed };
  let bands: { site: ClusterSite; clustering: BandClustering } | undefined;
  const visit: LayerVisitor = async (layer, statistics) => {
    const site = byWeight.get(layer.weight.name)!;
    if (!results.has(site)) say(site);
    if (layer.view.band !== undefined) {
      if (bands?.site !== site) bands = { site, clustering: new BandClustering(site.layer!, settings) };
      results.set(site, await bands.clustering.add(model.graph, layer, statistics));
      return;
    }
    const fitted = await clusterOnData(model.graph, layer, { ...settings, statistics });
    const alone = fitted ?? (await clusterAlone(model.graph, site, settings));
    results.set(site, fitted ?? { ...alone, note: 'no inputs' });
  };
  await compressInOrder(layers, pair, visit, { bandsOf: 1 });
  return results;
}

function nothingToShare(kept: ClusterReport['kept']): TensorRTError {
  const reasons = kept.slice(0, 3).map(({ node, op, reason }) => `"${node}" (${op}): ${reason}`);
  const why = reasons.length === 0 ? 'it has no nodes with constant weights' : reasons.join('; ');
  return new TensorRTError(
    'ERR_TRT_COMPRESS_UNSUPPORTED',
    `No weights of the model can share values: ${why}.`,
    { details: { kept } },
  );
}
