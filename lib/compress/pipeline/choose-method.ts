// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { CalibrationMethod } from '../calibrate/amplitude';
import { chooseMixedRanges } from '../calibrate/mixed-ranges';
import { chooseRanges, type TensorRanges } from '../calibrate/choose-ranges';
import type { RangeHistogram } from '../calibrate/histogram';
import type { QuantizationDecisions } from '../quantization-decisions';
import type { Trial } from '../quantize-report';
import { makeCandidate, nextStep, type QuantizationWork } from './quantization-work';

/** Ranges, and how they were chosen. */
export interface ChosenRanges {
  readonly ranges: TensorRanges;
  readonly method: QuantizationDecisions['method'];
  readonly tried: readonly Trial[];
}

/** What wins where two are equally good comes first: it is the best one on most networks. */
const METHODS: readonly CalibrationMethod[] = ['mse', 'max', 'percentile', 'entropy'];

/**
 * Chooses the ranges of activations: by the method that was asked for, or by measuring the outputs with each of them.
 * Nothing of the model is run for ranges, the histograms have all of it.
 */
export async function chooseMethod<Feeds>(
  base: OnnxModel,
  histograms: ReadonlyMap<string, RangeHistogram>,
  work: QuantizationWork<Feeds>,
): Promise<ChosenRanges> {
  const { method = 'auto' } = work.options;
  const rangesBy = (one: CalibrationMethod) => chooseRanges(histograms, one, rangeOptions(work));
  if (method !== 'auto' && method !== 'mixed') return { ranges: rangesBy(method), method, tried: [] };
  const score = async (ranges: TensorRanges) =>
    (await work.data.judge.score(makeCandidate(base, work.options, { ranges }).model)).sqnrDb;
  const best = await bestOf(work, rangesBy, score);
  if (method === 'auto') return best;
  nextStep(work.options, 'choosing the range of each tensor');
  const mixed = await chooseMixedRanges(histograms, {
    ...rangeOptions(work),
    start: best.method as CalibrationMethod,
    startScore: Math.max(...best.tried.map(({ sqnrDb }) => sqnrDb)),
    score,
    onTrial: (_, tensor, method) => nextStep(work.options, `measuring ${method} for ${tensor}`),
  });
  const tried = [...best.tried, { choice: 'mixed', sqnrDb: mixed.score }];
  return { ranges: mixed.ranges, method: 'mixed', tried };
}

async function bestOf<Feeds>(
  work: QuantizationWork<Feeds>,
  rangesBy: (method: CalibrationMethod) => TensorRanges,
  score: (ranges: TensorRanges) => Promise<number>,
): Promise<ChosenRanges> {
  const tried: (Trial & { ranges: TensorRanges; method: CalibrationMethod })[] = [];
  for (const method of METHODS) {
    nextStep(work.options, `measuring ranges by ${method}`);
    const ranges = rangesBy(method);
    const same = tried.find((one) => areEqual(one.ranges, ranges));
    tried.push({ choice: method, method, ranges, sqnrDb: same?.sqnrDb ?? (await score(ranges)) });
  }
  const best = tried.reduce((first, one) => (one.sqnrDb > first.sqnrDb ? one : first));
  return {
    ranges: best.ranges,
    method: best.method,
    tried: tried.map(({ choice, sqnrDb }) => ({ choice, sqnrDb })),
  };
}

function areEqual(a: TensorRanges, b: TensorRanges): boolean {
  return Object.entries(a).every(([name, { amplitude }]) => b[name]?.amplitude === amplitude);
}

function rangeOptions<Feeds>({ options }: QuantizationWork<Feeds>): { percentile?: number } {
  return options.percentile === undefined ? {} : { percentile: options.percentile };
}
