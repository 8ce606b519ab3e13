// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { nodeLabel } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { readFloats } from '../../onnx/graph/tensor-values';
import { observeTensors } from '../observe/observe-tensors';
import { throwIfAborted } from '../observe/stop-work';
import type { FeedSource, Runner } from '../runner';
import { findInputScales, scaleInputs, type InputGroup } from './awq';
import { gptqFactor, roundByGptq } from './gptq';
import { GramMatrix } from './gram-matrix';
import { addSamples, inputsOf, samplesKey } from './layer-samples';
import { planQuantization, type FloatNode, type PlanOptions } from './plan-quantization';
import { quantizeWeights, type QuantizedWeights } from './quantize-weights';
import { weightMatrix, type WeightMatrix } from './weight-matrix';
import type { WeightSite } from './weight-sites';

/** How to round weights by what layers read. */
export interface RoundWeightsOptions<Feeds> extends PlanOptions {
  /**
   * `'gptq'` compensates the error of each weight in those behind it; `'awq'` rescales input channels by how large they
   * are, which needs activations in floating point.
   */
  readonly method: 'gptq' | 'awq';
  readonly feeds: FeedSource<Feeds>;
  readonly runner: Runner<Feeds>;
  readonly minimumScale?: number;
  /** Bytes of the matrices that are gathered in one go through the data. Default 256 MiB. */
  readonly gramBytes?: number;
  readonly signal?: AbortSignal;
}

/** Rounded weights, and the model that they belong to. */
export interface RoundedWeights {
  /** A copy whose channels were rescaled by `'awq'`; the model itself otherwise. */
  readonly model: OnnxModel;
  /** Weights by their names in `model`, for `quantizeModel`. */
  readonly rounded: ReadonlyMap<string, QuantizedWeights>;
  /** Layers whose weights are left to be rounded to the nearest, each with its reason. */
  readonly skipped: readonly FloatNode[];
}

const DEFAULT_GRAM_BYTES = 256 * 2 ** 20;
/** More inputs than this take minutes. */
const MOST_INPUTS = 8192;
/** Samples for each input of a layer, and for small layers. */
const SAMPLES_AN_INPUT = 2;
const FEWEST_SAMPLES = 1024;

/**
 * Rounds the weights that `quantizeModel` is going to quantise with the same options, layer by layer, by what the layers
 * read on data in floating point. Products of matrices with two-dimensional weights and, by `'gptq'`, ungrouped
 * convolutions are rounded; the graph is expected to be simplified. Memory holds one run and some Gram
 * matrices; the data is gone through once for every 256 MiB of them.
 *
 * @throws {TensorRTError} ERR_TRT_QUANT_CALIBRATION without data; ERR_TRT_QUANT_WEIGHTS for weights that are not finite;
 * ERR_TRT_QUANT_UNSUPPORTED for `'awq'` with quantised activations; ERR_TRT_RUN_ABORTED
 */
export async function roundWeights<Feeds>(
  model: OnnxModel,
  options: RoundWeightsOptions<Feeds>,
): Promise<RoundedWeights> {
  const isAwq = options.method === 'awq';
  const target = isAwq ? model.clone() : model;
  const plan = planQuantization(target.graph, options);
  if (isAwq && plan.activations.size > 0) throw needsFloatActivations();
  const { groups, skipped } = groupLayers(plan.sites, isAwq);
  const rounded = new Map<string, QuantizedWeights>();
  for (const some of packGroups(groups, options.gramBytes ?? DEFAULT_GRAM_BYTES)) {
    const ready = await gather(model, some, options);
    for (const group of ready) {
      throwIfAborted(options.signal);
      if (isAwq) rescale(target, group);
      else roundGroup(group, options, rounded);
    }
  }
  if (isAwq) roundAll(target, options, rounded);
  return { model: target, rounded, skipped };
}

interface LayerGroup {
  readonly tensor: string;
  readonly size: number;
  readonly sites: WeightSite[];
}

/** Layers that read the same samples share a matrix. */
function groupLayers(
  sites: readonly WeightSite[],
  isAwq: boolean,
): { groups: LayerGroup[]; skipped: FloatNode[] } {
  const groups = new Map<string, LayerGroup>();
  const skipped: FloatNode[] = [];
  for (const site of sites) {
    const reason = problemOf(site, isAwq);
    if (reason !== undefined) {
      skipped.push({ node: nodeLabel(site.node), op: site.node.opType, reason });
      continue;
    }
    const tensor = site.node.input[site.activationIndex!]!;
    const key = samplesKey(site);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { tensor, size: inputsOf(site), sites: [site] });
    else group.sites.push(site);
  }
  return { groups: [...groups.values()], skipped };
}

function problemOf(site: WeightSite, isAwq: boolean): string | undefined {
  if (site.activationIndex === undefined) return 'a table of embeddings multiplies nothing';
  const matrix = weightMatrix(site);
  if (typeof matrix === 'string') return matrix;
  if (matrix.columns > MOST_INPUTS) return `it sums ${matrix.columns} inputs: more than ${MOST_INPUTS}`;
  // Channels on the last axis can be divided by one vector, whatever the shape.
  const isLast = site.node.opType === 'MatMul' && site.weightIndex === 1;
  const isPlainGemm = site.node.opType === 'Gemm' && site.weightIndex === 1 && !isTurned(site);
  if (isAwq && !isLast && !isPlainGemm) return 'its inputs do not lie on the last axis';
  return undefined;
}

function isTurned({ node }: WeightSite): boolean {
  return node.attribute.some(({ name, i }) => name === 'transA' && i === 1n);
}

/** Groups whose matrices fit the bytes together. */
function packGroups(groups: readonly LayerGroup[], bytes: number): LayerGroup[][] {
  const packs: LayerGroup[][] = [];
  let room = 0;
  for (const group of groups) {
    const needed = 8 * group.size ** 2;
    if (packs.length === 0 || needed > room) {
      packs.push([]);
      room = bytes;
    }
    packs.at(-1)!.push(group);
    room -= needed;
  }
  return packs;
}

async function gather<Feeds>(
  model: OnnxModel,
  groups: readonly LayerGroup[],
  { feeds, runner, signal }: RoundWeightsOptions<Feeds>,
): Promise<InputGroup[]> {
  const ready = groups.map((group) => ({ ...group, gram: new GramMatrix(group.size) }));
  const tensors = [...new Set(groups.map(({ tensor }) => tensor))];
  await observeTensors(model, { tensors, feeds, runner, signal }, (tensor, values, dims) => {
    for (const { tensor: name, sites, gram } of ready) {
      if (name !== tensor) continue;
      const most = Math.max(FEWEST_SAMPLES, SAMPLES_AN_INPUT * gram.size);
      addSamples(gram, sites[0]!, { values, dims }, Math.ceil(most / feeds.count));
    }
  });
  for (const { gram } of ready) gram.finish();
  return ready;
}

function roundGroup<Feeds>(
  { sites, gram }: InputGroup,
  { minimumScale }: RoundWeightsOptions<Feeds>,
  rounded: Map<string, QuantizedWeights>,
): void {
  const factor = gptqFactor(gram);
  if (factor === undefined) return;
  for (const { weight, type, ...site } of sites) {
    const name = weight.name ?? '';
    // What two layers read is rounded by what the first of them reads.
    if (rounded.has(name)) continue;
    const matrix = weightMatrix({ weight, type, ...site }) as WeightMatrix;
    rounded.set(name, roundByGptq(readFloats(weight), factor, { name, matrix, type, minimumScale }));
  }
}

function rescale(model: OnnxModel, group: InputGroup): void {
  const scales = findInputScales(group);
  if (scales !== undefined) scaleInputs(model.graph, group, scales);
}

function roundAll<Feeds>(
  model: OnnxModel,
  options: RoundWeightsOptions<Feeds>,
  rounded: Map<string, QuantizedWeights>,
): void {
  const { minimumScale } = options;
  for (const { weight, type, layout } of planQuantization(model.graph, options).sites) {
    const rounding = type === 'int4' ? 'mse' : 'nearest';
    rounded.set(weight.name ?? '', quantizeWeights(weight, { type, layout, rounding, minimumScale }));
  }
}

function needsFloatActivations(): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_QUANT_UNSUPPORTED',
    'Rounding "awq" is for weights alone; activations are quantised here.',
    { hint: 'Pass weightOnly, or use rounding "gptq".' },
  );
}
