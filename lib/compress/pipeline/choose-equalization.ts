// SPDX-License-Identifier: Apache-2.0
import { GraphScope } from '../../onnx/graph/graph-scope';
import { isStandard, nodeLabel } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { encodedBytes } from '../../onnx/graph/save-model';
import { chooseRanges } from '../calibrate/choose-ranges';
import { collectHistograms } from '../calibrate/collect-histograms';
import type { RangeHistogram } from '../calibrate/histogram';
import { collectChannelMaxima } from '../equalize/channel-maxima';
import { listEqualizationTensors } from '../equalize/equalize-model';
import type { EqualizeReport } from '../equalize/equalize-report';
import { findBestEqualization } from '../equalize/find-best-equalization';
import type { QuantizeOptions } from '../quantize-options';
import type { Trial } from '../quantize-report';
import { planQuantization } from '../quantize/plan-quantization';
import { listCalibrationTensors } from '../quantize/quantize-model';
import { isFloatValue } from '../quantize/residual-adds';
import { layerOptions, makeCandidate, nextStep, type QuantizationWork } from './quantization-work';

/** A model whose channels were rescaled, or not, with what was seen of its activations. */
export interface EqualizedModel {
  readonly model: OnnxModel;
  readonly histograms: ReadonlyMap<string, RangeHistogram>;
  readonly exponent: number | null;
  /** True if multiplications were inserted for that. */
  readonly multiplications: boolean;
  readonly channelMaxima: ReadonlyMap<string, Float32Array>;
  /** Tensors that were rescaled. */
  readonly places: EqualizeReport['places'];
  readonly tried: readonly Trial[];
}

/** Equalised weights are in memory, also those that lay in files. */
const MOST_BYTES = 2 ** 30;

/** True for models that are not equalised, so that memory stays below their size. */
export function isTooLarge({ message }: OnnxModel): boolean {
  return encodedBytes(message) > MOST_BYTES;
}

const NO_MAXIMA: ReadonlyMap<string, Float32Array> = new Map();

/**
 * Rescales channels where the outputs of the quantised model come nearer to the source's by it. Each strength costs one
 * pass through the data for the ranges and a run of the judge.
 */
export async function chooseEqualization<Feeds>(
  prepared: OnnxModel,
  work: QuantizationWork<Feeds>,
): Promise<EqualizedModel> {
  const { equalize = 'auto', signal } = work.options;
  const plain = {
    model: prepared,
    exponent: null,
    multiplications: false,
    channelMaxima: NO_MAXIMA,
    places: [],
    tried: [],
  };
  if (equalize === 'off' || isTooLarge(prepared))
    return { ...plain, histograms: await observe(prepared, work) };
  const { fit: feeds, runner } = work.data;
  nextStep(work.options, 'looking at the ranges of channels');
  const tensors = listEqualizationTensors(prepared);
  if (tensors.size === 0) return { ...plain, histograms: await observe(prepared, work) };
  const channelMaxima = await collectChannelMaxima(prepared, tensors, { feeds, runner, signal });
  // There is one histogram for each activation: those of the best candidate alone are kept.
  let [last, best]: (ReadonlyMap<string, RangeHistogram> | undefined)[] = [];
  const { model, tried, chosen, explicit, report } = await findBestEqualization({
    model: prepared,
    maxima: channelMaxima,
    ...quantizedNodes(prepared, work.options),
    ...(signal === undefined ? {} : { signal }),
    async score(candidate) {
      nextStep(work.options, 'measuring a strength of equalisation');
      last = await observe(candidate, work);
      return scoreWith(candidate, last, work);
    },
    onKept() {
      best = last;
    },
  });
  return {
    model,
    histograms: best ?? (await observe(prepared, work)),
    places: report.places,
    exponent: chosen === 'none' ? null : chosen,
    multiplications: explicit,
    channelMaxima: chosen === 'none' ? NO_MAXIMA : channelMaxima,
    tried: tried.map(({ exponent, explicit, score }) => ({
      choice: explicit ? `${exponent} with multiplications` : String(exponent),
      sqnrDb: score,
    })),
  };
}

/** Only what will be quantised is of interest. Nodes are known by name: candidates are copies. */
export function quantizedNodes<Feeds>(
  prepared: OnnxModel,
  options: QuantizeOptions<Feeds>,
): { isQuantized: (node: NodeMessage) => boolean } {
  const { sites, products } = planQuantization(prepared.graph, layerOptions(options));
  const names = new Set([...sites.map(({ node }) => node), ...products].map(nodeLabel));
  return { isQuantized: (node) => names.has(nodeLabel(node)) };
}

/** Tensors whose ranges are needed, whatever is decided about small layers. */
function listTensors<Feeds>(model: OnnxModel, options: QuantizationWork<Feeds>['options']): string[] {
  const { smallLayers = 'auto' } = options;
  const planOf = (quantizeSmall: boolean) => ({ ...layerOptions(options), smallLayers: quantizeSmall });
  const listed = listCalibrationTensors(model, planOf(smallLayers !== 'float'));
  if (smallLayers !== 'auto') return listed;
  const { sites, products } = planQuantization(model.graph, planOf(false));
  // Without small layers the other side of a residual addition may be the one that is quantised.
  const large = sites.length + products.length > 0 ? listCalibrationTensors(model, planOf(false)) : [];
  return [...new Set([...listed, ...large])];
}

async function observe<Feeds>(
  model: OnnxModel,
  { options, data }: QuantizationWork<Feeds>,
): Promise<Map<string, RangeHistogram>> {
  const listed = listTensors(model, options);
  const tensors = options.bound === undefined ? listed : [...new Set([...listed, ...joinedValues(model)])];
  const { fit: feeds, runner } = data;
  const extremesOnly = options.method === 'max';
  return collectHistograms(model, { tensors, feeds, runner, signal: options.signal, extremesOnly });
}

/** With one layer of a residual block left out, the other side of its addition is the one that is quantised. */
function joinedValues({ graph }: OnnxModel): string[] {
  const scope = new GraphScope(graph);
  const isValue = (name: string) => isFloatValue(name, scope);
  const joins = graph.node.filter((node) => node.opType === 'Add' && isStandard(node));
  return joins.flatMap(({ input }) => (input.every(isValue) ? input : []));
}

async function scoreWith<Feeds>(
  model: OnnxModel,
  histograms: ReadonlyMap<string, RangeHistogram>,
  { options, data }: QuantizationWork<Feeds>,
): Promise<number> {
  const { method = 'auto', percentile } = options;
  const one = method === 'auto' || method === 'mixed' ? 'mse' : method;
  const ranges = chooseRanges(histograms, one, percentile === undefined ? {} : { percentile });
  return (await data.judge.score(makeCandidate(model, options, { ranges }).model)).sqnrDb;
}
