// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { TensorRanges } from '../calibrate/choose-ranges';
import { correctBiasesIfBetter } from '../correct/correct-biases';
import type { WeightRounding } from '../quantize-options';
import type { Trial } from '../quantize-report';
import { roundWeights } from '../quantize/round-weights';
import {
  layerOptions,
  makeCandidate,
  nextStep,
  type Candidate,
  type QuantizationWork,
} from './quantization-work';

/** What corrections start from. */
export interface CorrectionRequest<Feeds> {
  /** The model in floating point that is quantised. */
  readonly base: OnnxModel;
  readonly ranges: TensorRanges;
  readonly keep: readonly string[];
  /** Whether the bound still holds; asked only for what the outputs get nearer by. */
  readonly holds: (model: OnnxModel) => Promise<boolean>;
  readonly work: QuantizationWork<Feeds>;
}

/** A candidate after the corrections that made it better. */
export interface Corrected {
  readonly candidate: Candidate;
  readonly rounding: WeightRounding;
  readonly tried: readonly Trial[];
}

/**
 * Rounds weights by data and corrects biases where that was asked for; each stays only where the measured error falls and
 * the bound still holds.
 */
export async function correct<Feeds>(
  candidate: Candidate,
  request: CorrectionRequest<Feeds>,
): Promise<Corrected> {
  const { options } = request.work;
  const { rounding = 'nearest', biasCorrection = false } = options;
  const isByData = rounding === 'gptq' || rounding === 'awq';
  let state: Corrected = { candidate, rounding: isByData ? 'nearest' : rounding, tried: [] };
  if (isByData) state = await tryRounding(state, rounding, request);
  if (biasCorrection) state = await tryBiases(state, request);
  return state;
}

async function tryRounding<Feeds>(
  state: Corrected,
  method: 'gptq' | 'awq',
  { base, ranges, keep, holds, work }: CorrectionRequest<Feeds>,
): Promise<Corrected> {
  const { options, data } = work;
  nextStep(options, `rounding weights by ${method}`);
  const before = (await data.judge.score(state.candidate.model)).sqnrDb;
  const { model, rounded } = await roundWeights(base, {
    ...layerOptions(options),
    method,
    feeds: data.fit,
    runner: data.runner,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const candidate = makeCandidate(model, options, { ranges, keep, rounded });
  const after = (await data.judge.score(candidate.model)).sqnrDb;
  const tried = [...state.tried, { choice: 'nearest', sqnrDb: before }, { choice: method, sqnrDb: after }];
  const isBetter = after > before && (await holds(candidate.model));
  return isBetter ? { candidate, rounding: method, tried } : { ...state, tried };
}

async function tryBiases<Feeds>(
  state: Corrected,
  { base, holds, work }: CorrectionRequest<Feeds>,
): Promise<Corrected> {
  const { options, data } = work;
  nextStep(options, 'correcting biases');
  const { model, kept, before, after } = await correctBiasesIfBetter({
    quantized: state.candidate.model,
    source: base,
    feeds: data.fit,
    runner: data.runner,
    judge: data.judge,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const tried = [
    ...state.tried,
    { choice: 'biases as they are', sqnrDb: before.sqnrDb },
    { choice: 'biases corrected', sqnrDb: after.sqnrDb },
  ];
  if (!kept || !(await holds(model))) return { ...state, tried };
  return { ...state, candidate: { ...state.candidate, model }, tried };
}
