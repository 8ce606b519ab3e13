// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { TensorRanges } from '../calibrate/choose-ranges';
import type { Trial } from '../quantize-report';
import { planQuantization } from '../quantize/plan-quantization';
import { layerOptions, makeCandidate, nextStep, type QuantizationWork } from './quantization-work';

/** What small layers may cost. */
const MOST_LOSS_DB = 2;

/** The same work with the question of small layers answered. */
export interface SmallLayersChoice<Feeds> {
  readonly work: QuantizationWork<Feeds>;
  readonly isQuantized: boolean;
  readonly tried: readonly Trial[];
}

/** Decides whether layers are quantised that are too small for INT8 to be faster: where the outputs hardly lose by it. */
export async function trySmallLayers<Feeds>(
  base: OnnxModel,
  ranges: TensorRanges,
  work: QuantizationWork<Feeds>,
): Promise<SmallLayersChoice<Feeds>> {
  const { options, data } = work;
  const { smallLayers = 'auto' } = options;
  const decided = (isQuantized: boolean, tried: readonly Trial[] = []) => ({
    work: { ...work, options: { ...options, smallLayers: isQuantized ? 'quantize' : 'float' } as const },
    isQuantized,
    tried,
  });
  if (smallLayers !== 'auto') return decided(smallLayers === 'quantize');
  const isKnown = hasRanges(base, ranges, options);
  if (!isKnown || countSites(base, options, true) === countSites(base, options, false)) return decided(false);
  nextStep(options, 'measuring small layers');
  const score = async (choice: 'float' | 'quantize') =>
    (await data.judge.score(makeCandidate(base, { ...options, smallLayers: choice }, { ranges }).model))
      .sqnrDb;
  const tried = [
    { choice: 'small layers in floating point', sqnrDb: await score('float') },
    { choice: 'small layers quantised', sqnrDb: await score('quantize') },
  ] as const;
  return decided(tried[1].sqnrDb >= tried[0].sqnrDb - MOST_LOSS_DB, tried);
}

type Options<Feeds> = QuantizationWork<Feeds>['options'];

function planOf<Feeds>(base: OnnxModel, options: Options<Feeds>, smallLayers: boolean) {
  return planQuantization(base.graph, { ...layerOptions(options), smallLayers });
}

function countSites<Feeds>(base: OnnxModel, options: Options<Feeds>, smallLayers: boolean): number {
  return planOf(base, options, smallLayers).sites.length;
}

/** Ranges from elsewhere may be those of large layers alone. */
function hasRanges<Feeds>(base: OnnxModel, ranges: TensorRanges, options: Options<Feeds>): boolean {
  const { activations, fixedAmplitudes } = planOf(base, options, true);
  return [...activations.keys()].every((name) => fixedAmplitudes.has(name) || Object.hasOwn(ranges, name));
}
