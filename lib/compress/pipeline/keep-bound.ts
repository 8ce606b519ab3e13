// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import { openSource } from '../../onnx/graph/with-source';
import { keepWithinBound } from '../mixed/keep-within-bound';
import { MeasuredBound, type BoundScore } from '../mixed/measured-bound';
import { scanSensitivity, type Layer, type LayerSensitivity } from '../mixed/scan-sensitivity';
import { OutputJudge } from '../output-judge';
import type { QuantizationDecisions } from '../quantization-decisions';
import type { AccuracyBound } from '../quantize-options';
import type { BoundLayer, KeptBound } from '../quantize-report';
import { planQuantization } from '../quantize/plan-quantization';
import {
  castRest,
  layerOptions,
  makeCandidate,
  nextStep,
  type Candidate,
  type QuantizationWork,
} from './quantization-work';

/** A candidate with some layers left out. */
export interface BoundedCandidate {
  readonly candidate: Candidate;
  readonly kept: readonly BoundLayer[];
  readonly bound?: KeptBound;
  /** Whether the bound holds for a later form of the candidate; always where there is none. */
  readonly holds: (model: OnnxModel) => Promise<boolean>;
}

/**
 * Quantises, with as few layers as needed left in floating point so that the bound holds; with all of them where there is
 * no bound. The bound is measured on all of the data: shares of few samples are coarse.
 */
export async function keepBound<Feeds>(
  base: OnnxModel,
  { ranges, largest }: Pick<QuantizationDecisions, 'ranges' | 'largest'>,
  work: QuantizationWork<Feeds>,
): Promise<BoundedCandidate> {
  const { options, data, source } = work;
  const { bound, signal, onProgress } = options;
  if (bound === undefined) {
    const candidate = makeCandidate(base, options, { ranges });
    return { candidate, kept: [], holds: () => Promise.resolve(true) };
  }
  nextStep(options, 'measuring the bound');
  const judge = await OutputJudge.create(source, data.all, data.runner);
  const layers = listLayers(base, work);
  const without = (kept: Iterable<string>) => makeCandidate(base, options, { ranges, keep: kept });
  // Few runtimes compute in BFLOAT16: it is measured in FP32.
  const asFinished = (model: OnnxModel) => {
    if (options.rest === 'fp16') castRest(model, options, largest);
    return model;
  };
  const baselineScore = await baselineOf(bound, source);
  const { kept, score } = await keepWithinBound({
    sensitivities: () => rank(layers, (nodes) => without(complement(layers, nodes)).model, { judge, work }),
    quantizeWithout: (nodes) => asFinished(without(nodes).model),
    judge,
    bound,
    ...(baselineScore === undefined ? {} : { baselineScore }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const limits = new MeasuredBound(bound, judge, baselineScore);
  return {
    candidate: without(kept.map(({ node }) => node)),
    kept: kept.map(({ node, reason }) => ({ node, reason })),
    bound: describeBound(bound, score, baselineScore),
    holds: async (model) => (await limits.measure(asFinished(model.clone()))).missed.length === 0,
  };
}

function describeBound(
  { score: _score, ...asked }: AccuracyBound,
  { drop, cosine, sqnrDb, answers, score }: BoundScore,
  baseline: number | undefined,
): KeptBound {
  const own = score === undefined || baseline === undefined ? {} : { score, baseline };
  return { asked, reached: { drop, cosine, sqnrDb, answers, ...own } };
}

function listLayers<Feeds>(base: OnnxModel, { options }: QuantizationWork<Feeds>): Layer[] {
  const { sites, products } = planQuantization(base.graph, layerOptions(options));
  const nodes = new Set([...sites.map(({ node }) => node), ...products]);
  return [...nodes].map((node) => ({ node: nodeLabel(node), op: node.opType }));
}

function complement(layers: readonly Layer[], nodes: ReadonlySet<string>): string[] {
  return layers.map(({ node }) => node).filter((node) => !nodes.has(node));
}

async function rank<Feeds>(
  layers: readonly Layer[],
  quantizeOnly: (nodes: ReadonlySet<string>) => OnnxModel,
  { judge, work }: { judge: OutputJudge<Feeds>; work: QuantizationWork<Feeds> },
): Promise<LayerSensitivity[]> {
  const { signal, onProgress } = work.options;
  return scanSensitivity({
    layers,
    quantizeOnly,
    judge,
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

async function baselineOf({ score }: AccuracyBound, model: OnnxModel): Promise<number | undefined> {
  if (score === undefined) return undefined;
  const opened = await openSource(model);
  try {
    return await score(opened.source);
  } finally {
    await opened.close();
  }
}
