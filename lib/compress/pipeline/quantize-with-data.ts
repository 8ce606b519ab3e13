// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { listCalibrationWarnings } from '../calibrate/calibration-warnings';
import type { TensorRanges } from '../calibrate/choose-ranges';
import type { QuantizationReport } from '../quantize-report';
import { chooseEqualization, isTooLarge, type EqualizedModel } from './choose-equalization';
import { chooseMethod, type ChosenRanges } from './choose-method';
import { correct } from './correct';
import { finish } from './finish';
import { keepBound } from './keep-bound';
import { findLargest, nextStep, type QuantizationWork } from './quantization-work';
import { trySmallLayers } from './try-small-layers';

/** Quantises a prepared model, each choice by measuring on data. */
export async function quantizeWithData<Feeds>(
  prepared: OnnxModel,
  work: QuantizationWork<Feeds>,
): Promise<{ model: OnnxModel; report: QuantizationReport }> {
  const { options, data } = work;
  const equalized = await equalize(prepared, work);
  const chosen = await chooseRangesFor(equalized, work);
  const small = await trySmallLayers(equalized.model, chosen.ranges, work);
  const rest = await findLargest(equalized.model, work);
  const bounded = await keepBound(equalized.model, { ranges: chosen.ranges, ...rest }, small.work);
  const corrected = await correct(bounded.candidate, {
    base: equalized.model,
    ranges: chosen.ranges,
    keep: bounded.kept.map(({ node }) => node),
    holds: bounded.holds,
    work: small.work,
  });
  nextStep(options, 'checking the result');
  return finish(corrected.candidate, work, {
    decisions: {
      exponent: equalized.exponent,
      multiplications: equalized.multiplications,
      smallLayers: small.isQuantized,
      channelMaxima: toLists(equalized.channelMaxima),
      ranges: chosen.ranges,
      method: chosen.method,
      ...rest,
      keptForBound: bounded.kept.map(({ node }) => node),
    },
    dataRuns: { fit: data.fit.count, judge: data.judge.runs, shared: data.shared },
    equalization: equalized.tried,
    methods: chosen.tried,
    smallLayers: small.tried,
    corrections: corrected.tried,
    rounding: corrected.rounding,
    bound: bounded.bound,
    keptForBound: bounded.kept,
    warnings: await warningsOf(equalized, work),
    score: (model) => data.judge.score(model),
  });
}

/** Weights alone have scales of their own; given ranges are those of the model as it is. */
function needsRanges<Feeds>({ options: { type, weightOnly, ranges } }: QuantizationWork<Feeds>): boolean {
  return ranges === undefined && !(weightOnly ?? type === 'int4');
}

async function equalize<Feeds>(prepared: OnnxModel, work: QuantizationWork<Feeds>): Promise<EqualizedModel> {
  if (needsRanges(work)) return chooseEqualization(prepared, work);
  return {
    model: prepared,
    histograms: new Map(),
    exponent: null,
    multiplications: false,
    channelMaxima: new Map(),
    places: [],
    tried: [],
  };
}

async function chooseRangesFor<Feeds>(
  { model, histograms }: EqualizedModel,
  work: QuantizationWork<Feeds>,
): Promise<ChosenRanges> {
  if (needsRanges(work)) return chooseMethod(model, histograms, work);
  const ranges: TensorRanges = work.options.ranges ?? {};
  return { ranges, method: 'given', tried: [] };
}

async function warningsOf<Feeds>(
  { model, histograms }: EqualizedModel,
  { data, options }: QuantizationWork<Feeds>,
): Promise<string[]> {
  if (histograms.size === 0) return [];
  const found = await listCalibrationWarnings(data.fit, histograms);
  const isLeft = options.equalize !== 'off' && isTooLarge(model);
  return isLeft ? [...found, 'channels of models of more than 1 GiB are not equalised'] : found;
}

function toLists(maxima: ReadonlyMap<string, Float32Array>): Record<string, number[]> {
  return Object.fromEntries([...maxima].map(([name, values]) => [name, [...values]]));
}
