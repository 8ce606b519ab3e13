// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import { openSource } from '../../onnx/graph/with-source';
import type { TensorRanges } from '../calibrate/choose-ranges';
import { keepWithinBound } from '../mixed/keep-within-bound';
import { scanSensitivity, type Layer, type LayerSensitivity } from '../mixed/scan-sensitivity';
import { OutputJudge } from '../output-judge';
import type { AccuracyBound } from '../quantize-options';
import type { BoundLayer } from '../quantize-report';
import { planQuantization } from '../quantize/plan-quantization';
import {
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
}

/**
 * Quantises, with as few layers as needed left in floating point so that the bound holds; with all of them where there is
 * no bound. The bound is measured on all of the data: shares of few samples are coarse.
 */
export async function keepBound<Feeds>(
  base: OnnxModel,
  ranges: TensorRanges,
  work: QuantizationWork<Feeds>,
): Promise<BoundedCandidate> {
  const { options, data, source } = work;
  const { bound, signal, onProgress } = options;
  if (bound === undefined) return { candidate: makeCandidate(base, options, { ranges }), kept: [] };
  nextStep(options, 'measuring the bound');
  const judge = await OutputJudge.create(source, data.all, data.runner);
  const layers = listLayers(base, work);
  const without = (kept: Iterable<string>) => makeCandidate(base, options, { ranges, keep: kept });
  const baselineScore = await baselineOf(bound, source);
  const { kept } = await keepWithinBound({
    sensitivities: () => rank(layers, (nodes) => without(complement(layers, nodes)).model, { judge, work }),
    quantizeWithout: (nodes) => without(nodes).model,
    judge,
    bound,
    ...(baselineScore === undefined ? {} : { baselineScore }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return {
    candidate: without(kept.map(({ node }) => node)),
    kept: kept.map(({ node, reason }) => ({ node, reason })),
  };
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
